//! The calls for a fact, and the effect of a failure of each.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trimtab_core::port::Entity;

use super::facts::lineage_facts;
use super::*;

type Effects = (BTreeMap<String, (Entity, Option<String>)>, Vec<(String, String, LinkKind)>);

fn effects(rig: &Rig) -> Effects {
    let state = rig.services.lineage();
    (state.entities.clone(), state.links.clone())
}

fn undisturbed(event: &Value) -> (Vec<String>, Effects) {
    let rig = with_origin(rig(str::to_owned));
    rig.try_react(event).unwrap();
    (rig.services.calls(), effects(&rig))
}

/// Every fact of the lineage, with each of its calls failing like this: the call, the rig, and the result without it.
fn each_call(fault: Fault, check: impl Fn(&str, &Value, &Rig, &Effects)) {
    for (kind, event) in lineage_facts() {
        let (calls, wanted) = undisturbed(&event);
        for (number, call) in calls.iter().enumerate() {
            let rig = with_origin(rig(str::to_owned));
            rig.services.fail_call(Some((number, fault)));
            check(&format!("{kind:?}: {fault:?} at call {number}, {call}"), &event, &rig, &wanted);
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
        format!("lineage.origin {PACKAGE}"),
        format!("lineage.find {rollout}"),
        format!("lineage.create {rollout}"),
        format!("lineage.find {version}"),
        format!("lineage.create {version}"),
        format!("lineage.find {rollout}"),
        format!("lineage.is_linked arn:{version} arn:{rollout}"),
        format!("lineage.link arn:{version} ContributedTo arn:{rollout}"),
        format!("lineage.find {run}"),
        format!("lineage.create {run}"),
        format!("lineage.find {version}"),
        format!("lineage.is_linked arn:{run} arn:{version}"),
        format!("lineage.link arn:{run} Produced arn:{version}"),
        format!("lineage.find {rollout}"),
        format!("lineage.find {endpoint}"),
        format!("lineage.create {endpoint}"),
        format!("lineage.is_linked arn:{rollout} arn:{endpoint}"),
        format!("lineage.link arn:{rollout} AssociatedWith arn:{endpoint}"),
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn written_fact_makes_no_call() {
    for (kind, mut event) in lineage_facts() {
        let rig = with_origin(rig(str::to_owned));
        rig.try_react(&event).unwrap();
        rig.services.forget_calls();
        event["id"] = json!("again");
        assert_eq!(rig.react(&event), (Decision::Skipped, "already_written"), "{kind:?}");
        assert_eq!(rig.services.calls(), [] as [&str; 0], "{kind:?}: written once, and asked about no more");
    }
}

#[test]
fn without_the_table_no_call_is_made() {
    let rig = with_origin(rig(|text| text.replace("[lineage]", "# ")));
    rig.react(&rollout("Rollout Started"));
    assert_eq!(rig.services.calls(), [] as [&str; 0]);
}

#[test]
fn transient_failure_returns_the_fact_to_lambda() {
    for fault in [Fault::Throttled, Fault::Lost] {
        each_call(fault, |place, event, rig, wanted| {
            let outcome = rig.try_react(event);
            assert!(
                matches!(outcome, Err(Failure::Transient { .. })),
                "{place}: Lambda must retry, and got {outcome:?}"
            );
            let last = rig.services.calls().pop().unwrap();
            assert!(place.ends_with(&last), "{place}: the reaction went on after it");
            // Lambda's first retry.
            rig.world.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(60));
            rig.try_react(event).unwrap();
            assert_eq!(effects(rig), *wanted, "{place}: the retry made something else, or again");
        });
    }
}

#[test]
fn refused_call_is_repeated_by_a_redrive() {
    each_call(Fault::Refused, |place, event, rig, wanted| {
        let report = rig.try_react(event).unwrap();
        assert_eq!(
            (report.entry.decision, report.dead_lettered),
            (Decision::Failed, true),
            "{place}: the refusal was swallowed"
        );
        let told = report.entry.reasons.join(" ");
        assert!(told.contains("AccessDenied"), "{place}: the reasons lack the cause: {told}");
        // An operator grants the permission and redrives the event.
        assert_eq!(rig.react(event), (Decision::Acted, "written"), "{place}: it counts as written");
        assert_eq!(effects(rig), *wanted, "{place}");
    });
}
