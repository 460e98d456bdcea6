//! The facts that become messages, and the stored state, through the whole reaction.

use trimtab_core::fact::FactKind;

use super::digest::{demand, of_demand, pass, receive};
use super::*;

#[test]
fn every_kind_but_requests_becomes_one_message() {
    for kind in FactKind::ALL {
        let rig = rig();
        rig.try_react(&fact("1", kind.as_str(), "finding/churn/1")).unwrap();
        // Requests between functions end in "Requested", and a batched message is in its digest. But approval is requested
        // of an operator.
        let request = kind.as_str().ends_with(" Requested") && *kind != FactKind::ApprovalRequested;
        let expected = usize::from(!request && *kind != FactKind::NotificationBatched);
        assert_eq!(rig.services.sent().len(), expected, "messages for {}", kind.as_str());
    }
}

#[test]
fn message_carries_severity_model_kind_and_thread() {
    let rig = rig();
    rig.try_react(&fact("1", "Rollout Rolled Back", "rollout/churn/4/2")).unwrap();
    let sent = rig.services.sent()[0].clone();
    let expected = [
        ("audience", "churn/critical"),
        ("kind", "Rollout Rolled Back"),
        ("model", "churn"),
        ("severity", "critical"),
        ("thread", "rollout/churn/4"),
    ];
    let carried: Vec<(&str, &str)> =
        sent.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(carried, expected);
    assert!(sent.body.contains("\n  - because\n"), "the reason of the fact: {}", sent.body);
}

#[test]
fn sent_message_is_recorded_with_its_id_and_time() {
    let rig = rig();
    rig.try_react(&fact("1", "Training Failed", "incident/churn-drift-1")).unwrap();
    let contents = rig.world.ledger.contents();
    let (id, record) = contents.aggregates.iter().next().unwrap();
    assert!(id.name.starts_with("message#"), "{id:?}");
    let state = record.state.as_ref().unwrap();
    assert_eq!((&state["sent"], &state["message_id"]), (&json!(NOON), &json!("message-1")));
}

#[test]
fn each_kind_of_one_subject_has_its_own_record() {
    let rig = rig();
    for (kind, subject) in
        [("Training Failed", "incident/a"), ("Training Started", "incident/a"), ("Training Failed", "incident/b")]
    {
        rig.try_react(&fact("1", kind, subject)).unwrap();
    }
    assert_eq!(rig.world.ledger.contents().aggregates.len(), 3);
}

#[test]
fn event_that_is_no_fact_is_not_for_notify() {
    let rig = rig();
    let tick = json!({"version": "0", "id": "1", "source": "aws.events", "detail-type": "Scheduled Event",
        "account": "123456789012", "region": "eu-west-1", "time": NOON, "resources": [], "detail": {}});
    let report = rig.try_react(&tick).unwrap();
    assert_eq!((report.entry.decision, rig.services.sent().len()), (Decision::Skipped, 0));
}

#[test]
fn digest_is_sent_at_its_interval_and_not_before() {
    // `digest_interval = "24h"` in policies/demand.toml.
    let rig = demand();
    receive(&rig, &of_demand("Training Started", "incident/demand-build-1"));
    let reconcile = of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z");
    pass(&rig, 23);
    assert_eq!(rig.try_react(&reconcile).unwrap().codes, ["nothing_new"]);
    pass(&rig, 1);
    assert_eq!(rig.try_react(&reconcile).unwrap().codes, ["due"]);
}

#[test]
fn digest_lists_each_message_with_its_time_and_reason() {
    let rig = demand();
    receive(&rig, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&rig, 24);
    rig.try_react(&of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z")).unwrap();
    let sent = rig.services.sent()[0].clone();
    let line = format!("  {NOON}  [info] demand: training started: because\n");
    assert!(
        sent.body.contains(&line) && sent.body.contains(&format!("demand: messages since {NOON}")),
        "{}",
        sent.body
    );
    assert!(sent.body.contains(&format!("dedup_key: digest/demand/{NOON}")), "{}", sent.body);
    let attribute = |name: &str| sent.attributes[name].as_str();
    assert_eq!((attribute("kind"), attribute("thread"), attribute("model")), ("Digest", "digest/demand", "demand"));
}

#[test]
fn hundredth_line_sends_the_digest() {
    let rig = demand();
    for number in 0..99 {
        receive(&rig, &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
    assert_eq!(rig.services.sent().len(), 0, "99 messages wait");
    receive(&rig, &of_demand("Training Started", "incident/demand-build-99"));
    assert_eq!(rig.services.sent().len(), 1, "the hundredth");
}

/// The key of a sent line is stored while 500 others follow, so that a delayed copy of its fact is not sent again.
#[test]
fn sent_lines_stay_known_through_five_hundred_others() {
    let rig = demand();
    let held = |number: u32| {
        let mut event =
            of_demand("Notification Batched", &format!("digest/Training Started/incident/demand-build-{number}"));
        event["detail"]["details"] = json!({"line": "[info] demand: training started", "severity": "info"});
        event
    };
    for number in 0..600 {
        rig.try_react(&held(number)).unwrap();
    }
    assert_eq!(rig.services.sent().len(), 6);
    assert_eq!(rig.try_react(&held(100)).unwrap().codes, ["already_batched"]);
    assert_eq!(rig.try_react(&held(599)).unwrap().codes, ["already_batched"]);
    assert_eq!(rig.try_react(&held(99)).unwrap().codes, ["batched"], "the oldest is forgotten");
}
