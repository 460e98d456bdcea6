//! What can wait is kept in the ledger, and sent together when the clock asks.

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

/// The fact is heard, and so is what `notify` says of it to itself.
pub(super) fn hear(world: &Suite, sns: &Sns, event: &Value) -> &'static str {
    let before = world.bus.facts().len();
    let code = react(world, sns, event).unwrap().codes[0];
    for held in world.bus.facts().drain(before..) {
        let mut again = of_demand(held.kind.as_str(), &held.dedup_key);
        again["detail"] = json!(held);
        react(world, sns, &again).unwrap();
    }
    code
}

fn look(world: &Suite, sns: &Sns) -> &'static str {
    react(world, sns, &of_demand("Reconcile Requested", "look/demand/x")).unwrap().codes[0]
}

pub(super) fn pass(world: &Suite, hours: i64) {
    world.clock.set(world.clock.now() + SignedDuration::from_hours(hours));
}

#[test]
fn what_can_wait_is_sent_together_once_and_when_it_is_due() {
    let (world, sns) = (demand(), Sns::default());
    for dedup_key in ["incident/demand-build-1", "incident/demand-build-2", "incident/demand-build-2"] {
        hear(&world, &sns, &of_demand("Training Started", dedup_key));
    }
    assert_eq!((look(&world, &sns), sns.sent.lock().unwrap().len()), ("nothing_new", 0));
    pass(&world, 24);
    assert_eq!(look(&world, &sns), "due");
    pass(&world, 24);
    assert_eq!(look(&world, &sns), "nothing_new");
    let sent = sns.sent.lock().unwrap();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 2 messages"));
    assert_eq!(sent[0].body.matches("training started: because").count(), 2);
}

#[test]
fn a_digest_is_for_whoever_wants_something_that_is_in_it() {
    let (world, sns) = (demand(), Sns::default());
    world.ledger.contents().policies.values_mut().for_each(|policy| {
        let notify = policy.notify.as_mut().unwrap();
        notify.digest_severities.insert(trimtab_core::fact::Severity::Warning);
    });
    let audience = || sns.sent.lock().unwrap().last().unwrap().attributes["audience"].clone();
    hear(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&world, 24);
    look(&world, &sns);
    assert_eq!(audience(), "demand/info");
    hear(&world, &sns, &of_demand("Training Started", "incident/demand-build-2"));
    hear(&world, &sns, &of_demand("Training Skipped", "incident/demand-drift-3"));
    pass(&world, 24);
    look(&world, &sns);
    assert_eq!(audience(), "demand/info+warning");
}

#[test]
fn what_waited_before_lines_had_a_severity_is_read() {
    let line = json!({"key": "a", "at": NOON, "text": "training started"});
    let line: crate::state::Line = serde_json::from_value(line).unwrap();
    assert_eq!(line.severity, trimtab_core::fact::Severity::Info);
}

#[test]
fn what_matters_does_not_wait() {
    let (world, sns) = (demand(), Sns::default());
    assert_eq!(hear(&world, &sns, &of_demand("Training Failed", "incident/demand-build-1")), "sent");
    assert_eq!(sns.sent.lock().unwrap().len(), 1);
}

#[test]
fn a_line_that_was_sent_comes_in_no_other_digest() {
    let (world, sns) = (demand(), Sns::default());
    hear(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    let held = world.bus.facts().pop().unwrap();
    pass(&world, 25);
    look(&world, &sns);
    let mut again = of_demand(held.kind.as_str(), &held.dedup_key);
    again["detail"] = json!(held);
    assert_eq!(react(&world, &sns, &again).unwrap().codes[0], "already_batched");
}

#[test]
fn a_digest_that_sns_does_not_take_is_not_lost() {
    let (world, sns) = (demand(), Sns::default());
    hear(&world, &sns, &of_demand("Training Started", "incident/demand-build-1"));
    pass(&world, 25);
    let refused =
        react(&world, &Sns { refuse: true, ..Sns::default() }, &of_demand("Reconcile Requested", "look/demand/x"));
    assert!(matches!(refused, Err(Failure::Transient { .. })));
    pass(&world, 1);
    assert_eq!(look(&world, &sns), "due");
}

#[test]
fn a_digest_that_is_full_does_not_wait_for_the_clock() {
    let (world, sns) = (demand(), Sns::default());
    for number in 0..100 {
        hear(&world, &sns, &of_demand("Training Started", &format!("incident/demand-build-{number}")));
    }
    let sent = sns.sent.lock().unwrap();
    assert_eq!((sent.len(), sent[0].subject.as_str()), (1, "[info] demand: digest of 100 messages"));
}
