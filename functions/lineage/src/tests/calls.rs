//! The calls for a fact, and the effect of a failure of each.

use jiff::SignedDuration;

use super::facts::{lineage_facts, tracking};
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

/// Every fact of the lineage, with each of its calls failing like this: the call, the world, and the result without it.
fn each_call(fault: Fault, check: impl Fn(&str, &Value, &Suite, &Tracking, &Effects)) {
    for (kind, event) in lineage_facts() {
        let (calls, wanted) = undisturbed(&event);
        for (number, call) in calls.iter().enumerate() {
            let (world, tracking) = (world(str::to_owned), tracking());
            *tracking.fault.lock().unwrap() = Some((number, fault));
            check(&format!("{kind:?}: {fault:?} at call {number}, {call}"), &event, &world, &tracking, &wanted);
        }
    }
}

#[test]
fn rollout_reads_and_writes_in_this_order() {
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
fn written_fact_makes_no_call() {
    for (kind, mut event) in lineage_facts() {
        let (world, tracking) = (world(str::to_owned), tracking());
        try_react(&world, &tracking, &event).unwrap();
        tracking.calls.lock().unwrap().clear();
        event["id"] = json!("again");
        assert_eq!(react(&world, &tracking, &event), (Decision::Skipped, "already_written"), "{kind:?}");
        assert_eq!(*tracking.calls.lock().unwrap(), [] as [&str; 0], "{kind:?}: written once, and asked about no more");
    }
}

#[test]
fn without_the_table_no_call_is_made() {
    let (world, tracking) = (world(|text| text.replace("[lineage]", "# ")), tracking());
    react(&world, &tracking, &rollout("Rollout Started"));
    assert_eq!(*tracking.calls.lock().unwrap(), [] as [&str; 0]);
}

#[test]
fn transient_failure_returns_the_fact_to_lambda() {
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
fn refused_call_is_repeated_by_a_redrive() {
    each_call(Fault::Refused, |place, event, world, tracking, wanted| {
        let report = try_react(world, tracking, event).unwrap();
        assert_eq!(
            (report.entry.decision, report.dead_lettered),
            (Decision::Failed, true),
            "{place}: the refusal was swallowed"
        );
        let told = report.entry.reasons.join(" ");
        assert!(told.contains("AccessDenied"), "{place}: the reasons lack the cause: {told}");
        // An operator grants the permission and redrives the event.
        assert_eq!(react(world, tracking, event), (Decision::Acted, "written"), "{place}: it counts as written");
        assert_eq!(effects(tracking), *wanted, "{place}");
    });
}
