//! What functions' tests and planning rely on: the memory ledger refuses what the real one refuses.

use super::*;
use crate::policy::KeyKind;
use serde_json::json;

const CHURN: &str = include_str!("../../../../policies/churn.toml");
const SEGMENTS: &str = include_str!("../../../../policies/segments.toml");
const NOW: &str = "2026-11-20T03:10:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn policy(text: &str) -> Policy {
    Policy::parse("x.toml", text).unwrap()
}

fn ledger() -> MemoryLedger {
    MemoryLedger::with([policy(CHURN), policy(SEGMENTS)])
}

fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

fn incident() -> AggregateId {
    AggregateId { owner: "churn".to_owned(), name: "incident".to_owned() }
}

fn entry(id: &str) -> HistoryEntry {
    HistoryEntry {
        at: now(),
        event_time: now(),
        function: "retrain".to_owned(),
        owner: "churn".to_owned(),
        event_id: id.to_owned(),
        source: "aws.cloudwatch".to_owned(),
        detail_type: "CloudWatch Alarm State Change".to_owned(),
        decision: crate::plan::Decision::Acted,
        reasons: Vec::new(),
        actions: Vec::new(),
    }
}

fn fact() -> Fact {
    Fact {
        kind: crate::fact::FactKind::TrainingStarted,
        version: 1,
        model: Some(model("churn")),
        subject: "incident/churn-drift-1a2b3c4d".parse().unwrap(),
        at: now(),
        reasons: Vec::new(),
        details: crate::fact::Details::default(),
    }
}

/// A port in memory answers at once.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    run(future).unwrap()
}

fn claim(ledger: &MemoryLedger, epoch: u64, state: &Value) -> Result<u64, WriteError> {
    now_or_never(ledger.claim(&incident(), epoch, state, &[fact()], now()))
}

fn load(ledger: &MemoryLedger) -> Record {
    now_or_never(ledger.load(&incident())).unwrap()
}

#[test]
fn model_is_found_by_each_name_of_its_policy_and_by_no_other() {
    let ledger = ledger();
    for text in [CHURN, SEGMENTS] {
        let policy = policy(text);
        for key in policy.keys() {
            assert_eq!(now_or_never(ledger.model_of(&key)).unwrap(), Some(policy.model.clone()), "{key}");
        }
    }
    let unknown = Key { kind: KeyKind::Repository, name: "nobodys".to_owned() };
    assert_eq!(now_or_never(ledger.model_of(&unknown)).unwrap(), None);
}

#[test]
fn policy_is_the_models_own() {
    let ledger = ledger();
    let found = now_or_never(ledger.policy(&model("segments"))).unwrap().unwrap();
    assert_eq!(*found, policy(SEGMENTS));
    assert!(now_or_never(ledger.policy(&model("loans"))).unwrap().is_none());
}

#[test]
fn model_with_a_reconcile_table_is_listed() {
    let without: String =
        CHURN.lines().take_while(|line| !line.starts_with("[integrate]")).collect::<Vec<_>>().join("\n");
    let quiet = Policy::parse("quiet.toml", &without.replace("\"churn\"", "\"quiet\"")).unwrap();
    assert!(quiet.reconcile.is_none() && policy(CHURN).reconcile.is_some());
    let ledger = MemoryLedger::with([policy(CHURN), quiet]);
    assert_eq!(now_or_never(ledger.reconciled_models()).unwrap(), [model("churn")]);
}

#[test]
fn suite_policy_and_pause_are_what_was_put_there() {
    let ledger = ledger();
    assert!(now_or_never(ledger.organization_policy()).unwrap().is_none());
    assert_eq!(now_or_never(ledger.pause(None)).unwrap(), None);
    let suite =
        OrganizationPolicy::parse("organization.toml", include_str!("../../../../policies/organization.toml")).unwrap();
    let pause = Pause { by: "maya".to_owned(), since: now() };
    ledger.contents().organization = Some(suite.clone());
    ledger.contents().paused = Some(pause.clone());
    assert_eq!(now_or_never(ledger.organization_policy()).unwrap().as_deref(), Some(&suite));
    assert_eq!(now_or_never(ledger.pause(Some(&model("churn")))).unwrap(), Some(pause));
}

#[test]
fn aggregate_is_empty_before_its_first_write() {
    assert_eq!(load(&ledger()), Record::EMPTY);
    assert_eq!(Record::EMPTY, Record { epoch: 0, lease_until: None, state: None, outbox: Vec::new() });
}

#[test]
fn claim_takes_the_lease_at_the_next_epoch() {
    let ledger = ledger();
    assert_eq!(claim(&ledger, 0, &json!({"runs": 1})), Ok(1));
    let expected = Record { epoch: 1, lease_until: Some(now()), state: Some(json!({"runs": 1})), outbox: vec![fact()] };
    assert_eq!(load(&ledger), expected);
    assert_eq!(claim(&ledger, 1, &json!({"runs": 2})), Ok(2));
}

#[test]
fn stale_holder_cannot_write() {
    let ledger = ledger();
    claim(&ledger, 0, &json!(1)).unwrap();
    let before = load(&ledger);
    for stale in [0, 2] {
        assert_eq!(claim(&ledger, stale, &json!(9)), Err(WriteError::Fenced), "epoch {stale}");
        let settled = now_or_never(ledger.finish(&incident(), stale, Some(&json!(9)), &entry("e1")));
        assert_eq!(settled, Err(WriteError::Fenced), "epoch {stale}");
        let noted = now_or_never(ledger.save_state(&incident(), stale, &json!(9), now()));
        assert_eq!(noted, Err(WriteError::Fenced), "epoch {stale}");
    }
    assert_eq!(load(&ledger), before);
    assert!(ledger.contents().history.is_empty(), "a fenced write leaves no record");
}

#[test]
fn record_releases_the_lease_and_empties_the_outbox() {
    let ledger = ledger();
    let held = claim(&ledger, 0, &json!(1)).unwrap();
    now_or_never(ledger.finish(&incident(), held, Some(&json!(2)), &entry("e1"))).unwrap();
    assert_eq!(load(&ledger), Record { epoch: 2, state: Some(json!(2)), ..Record::EMPTY });
    let key = ("retrain".to_owned(), "e1".to_owned(), now());
    assert_eq!(ledger.contents().history.get(&key), Some(&entry("e1")));
}

#[test]
fn record_without_a_state_leaves_the_aggregate_alone() {
    let ledger = ledger();
    claim(&ledger, 0, &json!(1)).unwrap();
    let before = load(&ledger);
    now_or_never(ledger.finish(&incident(), 7, None, &entry("e1"))).unwrap();
    assert_eq!((load(&ledger), ledger.contents().history.len()), (before, 1));
}

#[test]
fn note_writes_the_state_and_no_record() {
    let ledger = ledger();
    let held = claim(&ledger, 0, &json!(1)).unwrap();
    now_or_never(ledger.save_state(&incident(), held, &json!(2), now())).unwrap();
    assert_eq!(load(&ledger), Record { epoch: 2, state: Some(json!(2)), ..Record::EMPTY });
    assert!(ledger.contents().history.is_empty());
}

#[test]
fn event_that_is_dead_lettered_twice_is_stored_once() {
    let ledger = ledger();
    let raw = json!({"id": "e1"});
    for _ in 0..2 {
        now_or_never(ledger.dead_letter(&entry("e1"), &raw)).unwrap();
    }
    now_or_never(ledger.dead_letter(&entry("e2"), &json!({"id": "e2"}))).unwrap();
    assert_eq!(ledger.contents().dead_letters.len(), 2);
    assert_eq!(ledger.contents().dead_letters.get(&raw.to_string()), Some(&entry("e1")));
}

#[test]
fn clones_of_a_ledger_are_the_same_ledger() {
    let ledger = ledger();
    let clone = ledger.clone();
    claim(&clone, 0, &json!(1)).unwrap();
    assert_eq!((load(&ledger).epoch, load(&clone).epoch), (1, 1));
}

#[test]
fn bus_remembers_what_was_said_in_order() {
    let bus = MemoryBus::default();
    let second = Fact { subject: "incident/second".parse().unwrap(), ..fact() };
    now_or_never(Bus::publish(&bus, &fact())).unwrap();
    now_or_never(Bus::publish(&&bus, &second)).unwrap();
    assert_eq!(bus.facts(), [fact(), second]);
}

#[test]
fn clock_stands_still_until_it_is_set() {
    let clock = FixedClock::at(now());
    assert_eq!((clock.now(), clock.now()), (now(), now()));
    clock.set(Timestamp::UNIX_EPOCH);
    assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
}

#[test]
fn future_that_waits_is_an_error_and_no_hang() {
    assert_eq!(run(async { 7 }), Ok(7));
    assert!(matches!(run(std::future::pending::<()>()), Err(Failure::Transient { operation: "memory:run", .. })));
}
