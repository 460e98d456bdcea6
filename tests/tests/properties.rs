//! Property tests of the ledger against a real DynamoDB API: of concurrent writers at most one succeeds, and it is one that
//! had read the latest epoch.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use trimtab_cloud::{Cloud, root};
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, HistoryEntry, Ledger, WriteError};
use trimtab_ledger::{DynamoLedger, Scope};
use trimtab_tests::ledger;

/// The number of writers.
const WRITERS: usize = 4;

/// An operation of a writer with the epoch that it read last.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Reads the aggregate.
    Load,
    /// Claims the lease.
    Claim,
    /// Writes the outcome and releases the lease.
    Settle,
    /// Writes only a terminal record.
    Note,
}

fn acts() -> impl Strategy<Value = Vec<Vec<(usize, Act)>>> {
    let act = prop_oneof![Just(Act::Load), Just(Act::Claim), Just(Act::Settle), Just(Act::Note)];
    // In a round each writer does one thing, all at once.
    let round = prop::collection::btree_map(0..WRITERS, act, 1..=WRITERS).prop_map(|round| round.into_iter().collect());
    prop::collection::vec(round, 1..8)
}

/// The result of one operation.
enum Came {
    Saw(u64),
    Wrote { epoch: u64, value: Value, claimed: bool },
    Noted(String),
    Fenced,
}

async fn act(ledger: &DynamoLedger, id: &AggregateId, act: Act, seen: u64, turn: &str) -> Came {
    let (value, until) = (json!({"by": turn}), Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60));
    let entry = HistoryEntry {
        at: Timestamp::UNIX_EPOCH,
        event_time: Timestamp::UNIX_EPOCH,
        function: "retrain".into(),
        owner: id.owner.clone(),
        event_id: turn.to_owned(),
        source: "aws.cloudwatch".into(),
        detail_type: "CloudWatch Alarm State Change".into(),
        decision: Decision::Acted,
        reasons: vec![],
        actions: vec![],
    };
    let wrote = match act {
        Act::Load => return Came::Saw(ledger.load(id).await.unwrap().epoch),
        Act::Claim => ledger.claim(id, seen, &value, &[], until).await,
        Act::Settle => ledger.finish(id, seen, Some(&value), &entry).await.map(|()| seen + 1),
        Act::Note => {
            ledger.finish(id, seen, None, &entry).await.unwrap();
            return Came::Noted(turn.to_owned());
        }
    };
    match wrote {
        Ok(epoch) => Came::Wrote { epoch, value, claimed: matches!(act, Act::Claim) },
        Err(WriteError::Fenced) => Came::Fenced,
        Err(WriteError::Failed(failure)) => panic!("{failure}"),
    }
}

/// Runs the rounds on an aggregate of its own and compares each result with the reference model.
async fn play(ledger: &DynamoLedger, model: &str, rounds: &[Vec<(usize, Act)>]) -> Result<(), TestCaseError> {
    let id = AggregateId { owner: model.to_owned(), name: "incident".into() };
    let mut seen = [0_u64; WRITERS];
    let (mut epoch, mut state, mut leased) = (0_u64, None, false);
    let mut recorded = Vec::new();
    for (number, round) in rounds.iter().enumerate() {
        let one = async |(writer, what): (usize, Act)| {
            let turn = format!("{number}-{writer}");
            (writer, what, act(ledger, &id, what, seen[writer], &turn).await, turn)
        };
        let came = join_all(round.iter().copied().map(one)).await;
        let could =
            round.iter().any(|(writer, what)| seen[*writer] == epoch && matches!(what, Act::Claim | Act::Settle));
        let mut won = 0;
        let before = epoch;
        for (writer, what, came, turn) in came {
            match came {
                Came::Saw(latest) => seen[writer] = latest,
                Came::Noted(event) => recorded.push(event),
                Came::Wrote { epoch: new, value, claimed } => {
                    prop_assert_eq!(new, before + 1, "a write of a stale holder");
                    (epoch, state, leased, won) = (new, Some(value), claimed, won + 1);
                    seen[writer] = new;
                    if matches!(what, Act::Settle) {
                        recorded.push(turn);
                    }
                }
                Came::Fenced => {}
            }
        }
        prop_assert_eq!(won, usize::from(could), "of those who had seen the latest, exactly one goes ahead");
        let record = ledger.load(&id).await.unwrap();
        prop_assert_eq!((record.epoch, &record.state, record.lease_until.is_some()), (epoch, &state, leased));
    }
    let scope = Scope::Model(ModelName::parse(model).unwrap());
    let mut on_record: Vec<String> =
        ledger.history(&scope).await.unwrap().into_iter().map(|entry| entry.event_id).collect();
    on_record.sort();
    recorded.sort();
    prop_assert_eq!(on_record, recorded, "a record for each that went ahead, and for no other");
    Ok(())
}

#[test]
fn concurrent_writers_have_at_most_one_success() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cloud = root().join("target/tests/properties");
    let cloud = runtime.block_on(Cloud::start(&cloud, ([127, 0, 0, 1], 0).into())).unwrap();
    let ledger = runtime.block_on(ledger(&cloud, "properties"));
    let models = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let held = runner.run(&acts(), |rounds| {
        let model = format!("m{}", models.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(play(&ledger, &model, &rounds))
    });
    runtime.block_on(cloud.stop());
    held.unwrap();
}
