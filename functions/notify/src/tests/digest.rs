//! Batched messages are stored in the ledger, and sent together at a reconcile.

use jiff::SignedDuration;

use super::*;

pub(super) fn demand() -> Rig {
    let policy = Policy::parse("demand.toml", include_str!("../../../../policies/demand.toml")).unwrap();
    rig_of(Some(policy))
}

pub(super) fn of_demand(kind: &str, dedup_key: &str) -> Value {
    let mut event = fact("1", kind, dedup_key);
    event["detail"]["model"] = json!("demand");
    event
}

/// Delivers the fact, and the requests that `notify` publishes to itself.
pub(super) fn receive(rig: &Rig, event: &Value) -> &'static str {
    let before = rig.world.bus.facts().len();
    let code = rig.try_react(event).unwrap().codes[0];
    for held in rig.world.bus.facts().drain(before..) {
        let mut again = of_demand(held.kind.as_str(), &held.dedup_key());
        again["detail"] = json!(held);
        rig.try_react(&again).unwrap();
    }
    code
}

fn reconcile(rig: &Rig) -> &'static str {
    rig.try_react(&of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z")).unwrap().codes[0]
}

pub(super) fn pass(rig: &Rig, hours: i64) {
    rig.wait(SignedDuration::from_hours(hours));
}

#[test]
fn batched_messages_are_sent_together_once_when_due() {
    let rig = demand();
    for dedup_key in ["incident/demand-build-1", "incident/demand-build-2", "incident/demand-build-2"] {
        receive(&rig, &of_demand("Training Started", dedup_key));
    }
    assert_eq!((reconcile(&rig), rig.services.sent().len()), ("nothing_new", 0));
    pass(&rig, 24);
    assert_eq!(reconcile(&rig), "due");
    pass(&rig, 24);
    assert_eq!(reconcile(&rig), "nothing_new");
    let sent = rig.services.sent().clone();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 2 messages"));
    assert_eq!(sent[0].body.matches("training started: because").count(), 2);
}

#[test]
fn digest_goes_to_recipients_of_any_of_its_severities() {
    let rig = demand();
    rig.world.ledger.contents().policies.values_mut().for_each(|policy| {
        let notify = policy.notify.as_mut().unwrap();
        notify.digest_severities.insert(trimtab_core::fact::Severity::Warning);
    });
    let audience = || rig.services.sent().last().unwrap().attributes["audience"].clone();
    receive(&rig, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&rig, 24);
    reconcile(&rig);
    assert_eq!(audience(), "demand/info");
    receive(&rig, &of_demand("Training Started", "incident/demand-build-2"));
    receive(&rig, &of_demand("Training Skipped", "incident/demand-drift-3"));
    pass(&rig, 24);
    reconcile(&rig);
    assert_eq!(audience(), "demand/info+warning");
}

#[test]
fn line_without_a_severity_is_info() {
    let line = json!({"key": "a", "at": NOON, "text": "training started"});
    let line: crate::state::Line = serde_json::from_value(line).unwrap();
    assert_eq!(line.severity, trimtab_core::fact::Severity::Info);
}

#[test]
fn critical_message_is_not_batched() {
    let rig = demand();
    assert_eq!(receive(&rig, &of_demand("Training Failed", "incident/demand-build-1")), "sent");
    assert_eq!(rig.services.sent().len(), 1);
}

#[test]
fn sent_line_is_in_no_other_digest() {
    let rig = demand();
    receive(&rig, &of_demand("Training Started", "incident/demand-build-1"));
    let held = rig.world.bus.facts().pop().unwrap();
    pass(&rig, 25);
    reconcile(&rig);
    let mut again = of_demand(held.kind.as_str(), &held.dedup_key());
    again["detail"] = json!(held);
    assert_eq!(rig.try_react(&again).unwrap().codes[0], "already_batched");
}

#[test]
fn refused_digest_is_sent_later() {
    let rig = demand();
    receive(&rig, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&rig, 25);
    refuse(&rig.services);
    let refused = rig.try_react(&of_demand("Reconcile Requested", "reconcile/demand/2026-11-20T12:00:00Z"));
    rig.services.accept();
    assert!(matches!(refused, Err(Failure::Transient { .. })));
    pass(&rig, 1);
    assert_eq!(reconcile(&rig), "due");
}

#[test]
fn full_digest_is_sent_before_its_interval_ends() {
    let rig = demand();
    for number in 0..100 {
        receive(&rig, &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
    let sent = rig.services.sent().clone();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 100 messages"));
}
