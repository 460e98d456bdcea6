//! The calls of the ledger for an aggregate: every write is conditional and carries a fencing epoch, and every read is
//! consistent.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Table, entry, ledger, noon};
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger, Record, WriteError};
use trimtab_ledger::DynamoLedger;

/// 90 days: the retention of aggregates of single builds.
const RETENTION: SignedDuration = SignedDuration::from_hours(2160);

fn id(name: &str) -> AggregateId {
    AggregateId { owner: "churn".into(), name: name.into() }
}

fn fact(incident: &str) -> Fact {
    let subject = FactSubject::Incident { incident: Token::of(incident) };
    let details = Details::default().with_trigger(Token::of("drift"));
    Fact::new(FactKind::TrainingStarted, subject, noon()).because("drift").with(details)
}

/// The actions on aggregates, of all transactions.
fn writes(table: &Table) -> Vec<Value> {
    let transactions = table.requests("TransactWriteItems");
    let actions = transactions.iter().flat_map(|request| request["TransactItems"].as_array().unwrap().clone());
    let of_aggregates = |action: &Value| action.to_string().contains("aggregate#");
    actions.filter(of_aggregates).collect()
}

#[tokio::test]
async fn claim_stores_state_lease_and_outbox() {
    let (table, until) = (Table::default(), noon() + SignedDuration::from_millis(55_123));
    let ledger = ledger(&table);
    let outbox = [fact("a"), fact("b")];
    assert_eq!(ledger.load(&id("incident")).await, Ok(Record::EMPTY), "nothing before the first write");
    let epoch = ledger.claim(&id("incident"), 0, &json!({"run": 1}), &outbox, until).await;
    assert_eq!(epoch, Ok(1), "the first write makes the epoch 1");
    let record = ledger.load(&id("incident")).await.unwrap();
    let wanted = Record { epoch: 1, lease_until: Some(until), state: Some(json!({"run": 1})), outbox: outbox.to_vec() };
    assert_eq!(record, wanted, "a claim is read back whole, the lease to the millisecond");
    assert_eq!(ledger.claim(&id("incident"), 1, &json!(null), &[], until).await, Ok(2));
    assert_eq!(ledger.load(&id("incident")).await.unwrap().outbox, [], "a claim replaces what was unsent before");
}

#[tokio::test]
async fn finish_and_save_state_end_lease_and_outbox() {
    for noted in [false, true] {
        let table = Table::default();
        let ledger = ledger(&table);
        let held = ledger.claim(&id("incident"), 0, &json!(1), &[fact("m")], noon()).await.unwrap();
        if noted {
            ledger.save_state(&id("incident"), held, &json!(2), noon()).await.unwrap();
        } else {
            let entry = entry("churn", "e", Decision::Acted);
            ledger.finish(&id("incident"), held, Some(&json!(2)), &entry).await.unwrap();
        }
        let wanted = Record { epoch: 2, lease_until: None, state: Some(json!(2)), outbox: vec![] };
        assert_eq!(ledger.load(&id("incident")).await, Ok(wanted), "noted: {noted}");
        let history = table.keys().iter().filter(|(_, sk)| sk.starts_with("history#")).count();
        assert_eq!(history, usize::from(!noted), "settle writes the terminal record, note writes none");
    }
}

/// Makes a writing call with the epoch that the writer read.
async fn write(ledger: &DynamoLedger, how: &str, seen: u64) -> Result<(), WriteError> {
    let (id, state) = (id("incident"), json!(how));
    match how {
        "claim" => ledger.claim(&id, seen, &state, &[], noon()).await.map(drop),
        "settle" => ledger.finish(&id, seen, Some(&state), &entry("churn", "late", Decision::Acted)).await,
        _ => ledger.save_state(&id, seen, &state, noon()).await,
    }
}

#[tokio::test]
async fn write_at_another_epoch_is_fenced_and_writes_nothing() {
    for how in ["claim", "settle", "note"] {
        let table = Table::default();
        let ledger = ledger(&table);
        for epoch in 0..3 {
            ledger.claim(&id("incident"), epoch, &json!(epoch), &[], noon()).await.unwrap();
        }
        let (before, latest) = (table.keys(), ledger.load(&id("incident")).await);
        for stale in [0, 1, 2, 4] {
            assert_eq!(write(&ledger, how, stale).await, Err(WriteError::Fenced), "{how} at {stale}, the latest is 3");
        }
        assert_eq!((table.keys(), ledger.load(&id("incident")).await), (before, latest), "{how} wrote part of itself");
        assert_eq!(write(&ledger, how, 3).await, Ok(()), "{how} at the latest epoch");
    }
}

#[tokio::test]
async fn write_of_an_aggregate_is_always_conditional() {
    let table = Table::default();
    let ledger = ledger(&table);
    for (seen, how) in ["claim", "settle", "note", "claim"].into_iter().enumerate() {
        write(&ledger, how, seen as u64).await.unwrap();
    }
    let writes = writes(&table);
    assert_eq!(writes.len(), 4);
    for (seen, write) in writes.iter().enumerate() {
        let update = &write["Update"];
        let (condition, held) = (&update["ConditionExpression"], &update["ExpressionAttributeValues"][":held"]);
        match seen {
            0 => assert_eq!(condition, "attribute_not_exists(pk)", "the first writer must be the first"),
            _ => assert_eq!((condition, held), (&json!("epoch = :held"), &json!({"N": seen.to_string()}))),
        }
    }
}

#[tokio::test]
async fn record_without_state_leaves_the_aggregate() {
    let table = Table::default();
    let ledger = ledger(&table);
    let held = ledger.claim(&id("incident"), 0, &json!(1), &[fact("m")], noon()).await.unwrap();
    let before = ledger.load(&id("incident")).await;
    ledger.finish(&id("incident"), held, None, &entry("churn", "e", Decision::Skipped)).await.unwrap();
    assert_eq!(ledger.load(&id("incident")).await, before, "another invocation may be acting under this lease");
}

#[tokio::test]
async fn aggregates_of_single_events_expire() {
    let cases = [
        ("build#0123", true),
        ("message#a", true),
        ("lineage#c", true),
        ("finding#b", true),
        ("incident", false),
        ("rollout#prod", false),
        ("monitor", false),
        ("a-build#0", false),
    ];
    let (until, at) = (noon() + SignedDuration::from_secs(55), noon());
    let seconds = |from: Timestamp| json!({"N": (from + RETENTION).as_second().to_string()});
    for (name, expires) in cases {
        let table = Table::default();
        let ledger = ledger(&table);
        let stored = || table.item("model#churn", &format!("aggregate#{name}")).unwrap().get("expires").cloned();
        ledger.claim(&id(name), 0, &json!(1), &[], until).await.unwrap();
        assert_eq!(stored(), expires.then(|| seconds(until)), "{name}, claimed");
        ledger.save_state(&id(name), 1, &json!(1), at).await.unwrap();
        assert_eq!(stored(), expires.then(|| seconds(at)), "{name}, noted: DynamoDB's TTL counts seconds");
        ledger.finish(&id(name), 2, Some(&json!(1)), &entry("churn", "e", Decision::Acted)).await.unwrap();
        assert_eq!(stored(), expires.then(|| seconds(noon())), "{name}, settled");
    }
}

#[tokio::test]
async fn aggregate_without_epoch_is_an_error() {
    let table = Table::default();
    table.put(&json!({"pk": {"S": "model#churn"}, "sk": {"S": "aggregate#incident"}, "state": {"S": "1"}}));
    let read = ledger(&table).load(&id("incident")).await.unwrap_err().to_string();
    assert!(read.contains("ledger:read failed and can be retried"), "{read}");
}

#[tokio::test]
async fn unreadable_state_is_an_error() {
    let table = Table::default();
    let with = |name: &str| {
        let mut item = json!({"pk": {"S": "model#churn"}, "sk": {"S": "aggregate#incident"}, "epoch": {"N": "7"}});
        item[name] = json!({"S": "{not JSON"});
        item
    };
    for name in ["state", "outbox"] {
        table.put(&with(name));
        let read = ledger(&table).load(&id("incident")).await.unwrap_err().to_string();
        assert!(read.contains("ledger:read failed and can be retried") && read.contains(name), "{read}");
    }
}

/// An act of a writer with the epoch that it read last.
#[derive(Debug, Clone, Copy)]
enum Act {
    Load,
    Claim,
    Settle,
    Note,
    Record,
}

fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
    let act = prop_oneof![Just(Act::Load), Just(Act::Claim), Just(Act::Settle), Just(Act::Note), Just(Act::Record)];
    prop::collection::vec((0..3_usize, act), 1..24)
}

/// Plays acts against a model of the ledger: a register that a writer changes only from the latest epoch.
async fn play(acts: &[(usize, Act)]) {
    let table = Table::default();
    let ledger = ledger(&table);
    let (mut seen, mut latest, mut recorded) = ([0_u64; 3], Record::EMPTY, 0);
    for (turn, (writer, act)) in acts.iter().enumerate() {
        let (id, held, state) = (id("incident"), seen[*writer], json!({"turn": turn}));
        let (outbox, until) = (vec![fact(&turn.to_string())], noon() + SignedDuration::from_secs(turn as i64));
        let entry = entry("churn", &turn.to_string(), Decision::Acted);
        let (wrote, claimed) = match act {
            Act::Load => {
                seen[*writer] = ledger.load(&id).await.unwrap().epoch;
                continue;
            }
            Act::Record => {
                ledger.finish(&id, held, None, &entry).await.unwrap();
                recorded += 1;
                continue;
            }
            Act::Claim => (ledger.claim(&id, held, &state, &outbox, until).await, true),
            Act::Settle => (ledger.finish(&id, held, Some(&state), &entry).await.map(|()| held + 1), false),
            Act::Note => (ledger.save_state(&id, held, &state, noon()).await.map(|()| held + 1), false),
        };
        if held == latest.epoch {
            let (outbox, lease_until) = if claimed { (outbox, Some(until)) } else { (vec![], None) };
            latest = Record { epoch: held + 1, lease_until, state: Some(state), outbox };
            recorded += usize::from(matches!(act, Act::Settle));
            seen[*writer] = held + 1;
            assert_eq!(wrote, Ok(held + 1), "turn {turn}: who had read the latest may write");
        } else {
            assert_eq!(wrote, Err(WriteError::Fenced), "turn {turn}: a stale writer must be fenced");
        }
        assert_eq!(ledger.load(&id).await, Ok(latest.clone()), "turn {turn}");
    }
    let records = table.keys().iter().filter(|(_, sk)| sk.starts_with("history#")).count();
    assert_eq!(records, recorded, "a terminal record for each that was written, and for no other");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn concurrent_writers_act_as_one_register(acts in acts()) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(play(&acts));
    }
}
