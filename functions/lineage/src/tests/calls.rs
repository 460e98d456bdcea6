//! Which calls a fact leads to, and what becomes of it when one of them fails.

use jiff::SignedDuration;

use super::facts::{told_facts, tracking};
use super::*;

type Effects = (BTreeMap<String, (Entity, Option<String>)>, Vec<(String, String, LinkKind)>);

fn effects(tracking: &Tracking) -> Effects {
    (tracking.entities.lock().unwrap().clone(), tracking.links.lock().unwrap().clone())
}

fn undisturbed(event: &Value) -> (Vec<String>, Effects) {
    let (world, tracking) = (world(str::to_owned), tracking());
    try_react(&world, &tracking, event).unwrap();
    let calls = tracking.calls.lock().unwrap().clone();
    (calls, effects(&tracking))
}

/// Every fact of the chain, with each of its calls failing like this: where, the world, and what would have come of it.
fn each_call(fault: Fault, check: impl Fn(&str, &Value, &Suite, &Tracking, &Effects)) {
    for (kind, event) in told_facts() {
        let (calls, wanted) = undisturbed(&event);
        for (number, call) in calls.iter().enumerate() {
            let (world, tracking) = (world(str::to_owned), tracking());
            *tracking.fault.lock().unwrap() = Some((number, fault));
            check(&format!("{kind:?}: {fault:?} at call {number}, {call}"), &event, &world, &tracking, &wanted);
        }
    }
}

#[test]
fn a_rollout_asks_and_writes_in_this_order() {
    let tracked = |what: &str, digest: &str| format!("trimtab-churn-{what}-{digest}");
    let (rollout, version) = (tracked("rollout", "e64dd5d3f1ffec96"), tracked("package", "081952fe0c5a0e7c"));
    let (run, endpoint) = (tracked("run", "d644b123fd366036"), tracked("endpoint", "2cc0ca0f5a32aa7f"));
    let (calls, _) = undisturbed(&super::rollout("Rollout Started"));
    let wanted = [
        format!("origin {PACKAGE}"),
        format!("find {rollout}"),
        format!("create {rollout}"),
        format!("find {version}"),
        format!("create {version}"),
        format!("find {rollout}"),
        format!("is_linked arn:{version} arn:{rollout}"),
        format!("link arn:{version} ContributedTo arn:{rollout}"),
        format!("find {run}"),
        format!("create {run}"),
        format!("find {version}"),
        format!("is_linked arn:{run} arn:{version}"),
        format!("link arn:{run} Produced arn:{version}"),
        format!("find {rollout}"),
        format!("find {endpoint}"),
        format!("create {endpoint}"),
        format!("is_linked arn:{rollout} arn:{endpoint}"),
        format!("link arn:{rollout} AssociatedWith arn:{endpoint}"),
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_written_fact_is_not_asked_about_again() {
    for (kind, mut event) in told_facts() {
        let (world, tracking) = (world(str::to_owned), tracking());
        try_react(&world, &tracking, &event).unwrap();
        tracking.calls.lock().unwrap().clear();
        event["id"] = json!("again");
        assert_eq!(react(&world, &tracking, &event), (Decision::Skipped, "already_written"), "{kind:?}");
        assert_eq!(*tracking.calls.lock().unwrap(), [] as [&str; 0], "{kind:?}: written once, and asked about no more");
    }
}

#[test]
fn without_the_table_nothing_is_asked() {
    let (world, tracking) = (world(|text| text.replace("[lineage]", "# ")), tracking());
    react(&world, &tracking, &rollout("Rollout Started"));
    assert_eq!(*tracking.calls.lock().unwrap(), [] as [&str; 0]);
}

#[test]
fn a_call_that_may_succeed_later_gives_the_fact_back() {
    for fault in [Fault::Throttled, Fault::Lost] {
        each_call(fault, |place, event, world, tracking, wanted| {
            let outcome = try_react(world, tracking, event);
            assert!(
                matches!(outcome, Err(Failure::Transient { .. })),
                "{place}: Lambda must retry, and got {outcome:?}"
            );
            let last = tracking.calls.lock().unwrap().last().cloned().unwrap();
            assert!(place.ends_with(&last), "{place}: the reaction went on after it");
            // Lambda's first retry.
            world.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(60));
            try_react(world, tracking, event).unwrap();
            assert_eq!(effects(tracking), *wanted, "{place}: the retry made something else, or again");
        });
    }
}

#[test]
fn a_refused_call_is_no_success_and_is_made_good_later() {
    each_call(Fault::Refused, |place, event, world, tracking, wanted| {
        let report = try_react(world, tracking, event).unwrap();
        assert_eq!(
            (report.entry.decision, report.dead_lettered),
            (Decision::Failed, true),
            "{place}: the refusal was swallowed"
        );
        let told = report.entry.reasons.join(" ");
        assert!(told.contains("AccessDenied"), "{place}: the reasons lack the cause: {told}");
        // Somebody gives the permission, and sends the event again.
        assert_eq!(react(world, tracking, event), (Decision::Acted, "written"), "{place}: it counts as written");
        assert_eq!(effects(tracking), *wanted, "{place}");
    });
}
