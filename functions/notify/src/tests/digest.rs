//! Batched messages are stored in the ledger, and sent together at a reconcile.

use jiff::SignedDuration;
use trimtab_core::policy::Policy;
use trimtab_core::port::Clock;

use super::*;

pub(super) type Suite = World<MemoryLedger, MemoryBus, FixedClock>;

pub(super) fn demand() -> Suite {
    let policy = Policy::parse("demand.toml", include_str!("../../../../policies/demand.toml")).unwrap();
    let clock = FixedClock::at(NOON.parse().unwrap());
    World { ledger: MemoryLedger::with([policy]), bus: MemoryBus::default(), clock }
}

pub(super) fn of_demand(kind: &str, dedup_key: &str) -> Value {
    let mut event = fact("1", kind, dedup_key);
    event["detail"]["model"] = json!("demand");
    event
}

/// Delivers the fact, and the requests that `notify` publishes to itself.
pub(super) fn receive(world: &Suite, sns: &Sns, event: &Value) -> &'static str {
    let before = world.bus.facts().len();
    let code = react(world, sns, event).unwrap().codes[0];
    for held in world.bus.facts().drain(before..) {
        let mut again = of_demand(held.kind.as_str(), &held.dedup_key);
        again["detail"] = json!(held);
        react(world, sns, &again).unwrap();
    }
    code
}

fn reconcile(world: &Suite, sns: &Sns) -> &'static str {
    react(world, sns, &of_demand("Reconcile Requested", "look/demand/x")).unwrap().codes[0]
}

pub(super) fn pass(world: &Suite, hours: i64) {
    world.clock.set(world.clock.now() + SignedDuration::from_hours(hours));
}

#[test]
fn batched_messages_are_sent_together_once_when_due() {
    let (world, sns) = (demand(), Sns::default());
    for dedup_key in ["incident/demand-build-1", "incident/demand-build-2", "incident/demand-build-2"] {
        receive(&world, &sns, &of_demand("Training Started", dedup_key));
    }
    assert_eq!((reconcile(&world, &sns), sns.sent.lock().unwrap().len()), ("nothing_new", 0));
    pass(&world, 24);
    assert_eq!(reconcile(&world, &sns), "due");
    pass(&world, 24);
    assert_eq!(reconcile(&world, &sns), "nothing_new");
    let sent = sns.sent.lock().unwrap();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 2 messages"));
    assert_eq!(sent[0].body.matches("training started: because").count(), 2);
}

#[test]
fn digest_goes_to_recipients_of_any_of_its_severities() {
    let (world, sns) = (demand(), Sns::default());
    world.ledger.contents().policies.values_mut().for_each(|policy| {
        let notify = policy.notify.as_mut().unwrap();
        notify.digest_severities.insert(trimtab_core::fact::Severity::Warning);
    });
    let audience = || sns.sent.lock().unwrap().last().unwrap().attributes["audience"].clone();
    receive(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&world, 24);
    reconcile(&world, &sns);
    assert_eq!(audience(), "demand/info");
    receive(&world, &sns, &of_demand("Training Started", "incident/demand-build-2"));
    receive(&world, &sns, &of_demand("Training Skipped", "incident/demand-drift-3"));
    pass(&world, 24);
    reconcile(&world, &sns);
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
    let (world, sns) = (demand(), Sns::default());
    assert_eq!(receive(&world, &sns, &of_demand("Training Failed", "incident/demand-build-1")), "sent");
    assert_eq!(sns.sent.lock().unwrap().len(), 1);
}

#[test]
fn sent_line_is_in_no_other_digest() {
    let (world, sns) = (demand(), Sns::default());
    receive(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    let held = world.bus.facts().pop().unwrap();
    pass(&world, 25);
    reconcile(&world, &sns);
    let mut again = of_demand(held.kind.as_str(), &held.dedup_key);
    again["detail"] = json!(held);
    assert_eq!(react(&world, &sns, &again).unwrap().codes[0], "already_batched");
}

#[test]
fn refused_digest_is_sent_later() {
    let (world, sns) = (demand(), Sns::default());
    receive(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&world, 25);
    let refused =
        react(&world, &Sns { refuse: true, ..Sns::default() }, &of_demand("Reconcile Requested", "look/demand/x"));
    assert!(matches!(refused, Err(Failure::Transient { .. })));
    pass(&world, 1);
    assert_eq!(reconcile(&world, &sns), "due");
}

#[test]
fn full_digest_is_sent_before_its_interval_ends() {
    let (world, sns) = (demand(), Sns::default());
    for number in 0..100 {
        receive(&world, &sns, &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
    let sent = sns.sent.lock().unwrap();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 100 messages"));
}
