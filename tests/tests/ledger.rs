//! The conditional writes of the ledger against a real DynamoDB API, with concurrent writers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_cloud::{Cloud, root};
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::port::{AggregateId, HistoryEntry, Ledger, Pause, WriteError};
use trimtab_ledger::{DynamoLedger, Scope};
use trimtab_tests::ledger as table;

const NOON: &str = "2026-11-20T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn id(name: &str) -> AggregateId {
    AggregateId { owner: "churn".into(), name: name.into() }
}

fn entry(event: &str, decision: Decision) -> HistoryEntry {
    HistoryEntry {
        at: noon(),
        event_time: noon(),
        function: "retrain".into(),
        owner: "churn".into(),
        event_id: event.into(),
        source: "aws.cloudwatch".into(),
        detail_type: "CloudWatch Alarm State Change".into(),
        decision,
        reasons: vec!["because".into()],
        actions: vec![],
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse("policy.toml", text).unwrap()
}

/// All cases share one local cloud; each has a table of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_conditions_hold_with_concurrent_writers() {
    let cloud = Cloud::start(&root().join("target/tests/ledger"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    of_sixteen_who_claim_one_wins(&table(&cloud, "race").await).await;
    a_stale_holder_is_fenced(&table(&cloud, "fence").await).await;
    the_first_answer_to_an_event_stays(&table(&cloud, "history").await).await;
    a_name_belongs_to_one_model(&table(&cloud, "names").await).await;
    a_pause_holds_until_it_is_ended(&table(&cloud, "pause").await).await;
    event_that_fails_is_dead_lettered_once(&table(&cloud, "kept").await).await;
    cloud.stop().await;
}

async fn of_sixteen_who_claim_one_wins(ledger: &DynamoLedger) {
    for round in 0..10_u64 {
        let mut claims = Vec::new();
        for writer in 0..16 {
            let ledger = ledger.clone();
            claims.push(tokio::spawn(async move {
                ledger.claim(&id("incident"), round, &json!({"by": writer}), &[], noon()).await
            }));
        }
        let mut won = 0;
        for claim in claims {
            match claim.await.unwrap() {
                Ok(epoch) => {
                    assert_eq!(epoch, round + 1);
                    won += 1;
                }
                Err(WriteError::Fenced) => {}
                Err(WriteError::Failed(failure)) => panic!("{failure}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
}

async fn a_stale_holder_is_fenced(ledger: &DynamoLedger) {
    let held = ledger.claim(&id("rollout"), 0, &json!(1), &[], noon()).await.unwrap();
    let taken_over = ledger.claim(&id("rollout"), held, &json!(2), &[], noon()).await.unwrap();
    let late = ledger.finish(&id("rollout"), held, Some(&json!("late")), &entry("e1", Decision::Acted)).await;
    assert_eq!(late, Err(WriteError::Fenced));
    assert_eq!(ledger.history(&Scope::Model(ModelName::parse("churn").unwrap())).await.unwrap(), [], "all or nothing");
    let record = ledger.load(&id("rollout")).await.unwrap();
    assert_eq!((record.epoch, record.state), (taken_over, Some(json!(2))));
    let done = ledger.finish(&id("rollout"), taken_over, Some(&json!(3)), &entry("e2", Decision::Acted)).await;
    assert_eq!(done, Ok(()));
    let record = ledger.load(&id("rollout")).await.unwrap();
    assert_eq!((record.lease_until, record.state), (None, Some(json!(3))), "the lease is given back");
}

async fn the_first_answer_to_an_event_stays(ledger: &DynamoLedger) {
    for decision in [Decision::Acted, Decision::Skipped] {
        ledger.finish(&id("incident"), 0, None, &entry("same", decision)).await.unwrap();
    }
    ledger.finish(&id("incident"), 0, None, &entry("other", Decision::Skipped)).await.unwrap();
    let all = ledger.history(&Scope::Model(ModelName::parse("churn").unwrap())).await.unwrap();
    let of = |event: &str| all.iter().filter(|entry| entry.event_id == event).map(|e| e.decision).collect::<Vec<_>>();
    assert_eq!((of("same"), of("other")), (vec![Decision::Acted], vec![Decision::Skipped]));
}

async fn a_name_belongs_to_one_model(ledger: &DynamoLedger) {
    let text = include_str!("../../policies/segments.toml");
    let segments = policy(text);
    ledger.apply(&segments).await.unwrap();
    ledger.apply(&segments).await.unwrap();
    let group = Key { kind: KeyKind::PackageGroup, name: "segments".into() };
    assert_eq!(ledger.model_of(&group).await.unwrap(), Some(segments.model.clone()));
    let thief = policy(&text.replace("model = \"segments\"", "model = \"thief\""));
    let refused = ledger.apply(&thief).await.unwrap_err().to_string();
    assert!(refused.contains("belongs to another model"), "{refused}");
    assert_eq!(ledger.policy(&thief.model).await.unwrap(), None, "all or nothing");
    let moved = policy(&text.replace("package_group = \"segments\"", "package_group = \"segments-2\""));
    ledger.apply(&moved).await.unwrap();
    assert_eq!(ledger.model_of(&group).await.unwrap(), None, "a name that is no longer claimed is free");
}

async fn a_pause_holds_until_it_is_ended(ledger: &DynamoLedger) {
    let churn = ModelName::parse("churn").unwrap();
    let pause = Pause { by: "mira".into(), since: noon() };
    for scope in [Scope::Model(churn.clone()), Scope::Platform] {
        assert_eq!(ledger.pause(Some(&churn)).await.unwrap(), None);
        ledger.pause_at(&scope, &pause).await.unwrap();
        assert_eq!(ledger.pause(Some(&churn)).await.unwrap(), Some(pause.clone()));
        ledger.resume(&scope).await.unwrap();
    }
    assert_eq!(ledger.pause(Some(&churn)).await.unwrap(), None);
}

async fn event_that_fails_is_dead_lettered_once(ledger: &DynamoLedger) {
    let event = json!({"detail": {"odd": "\u{202e}\n"}});
    for _ in 0..2 {
        ledger.dead_letter(&entry("bad", Decision::Failed), &event).await.unwrap();
    }
    let huge = Value::String("x".repeat(900_000));
    let mut later = entry("huge", Decision::Failed);
    later.at = noon() + SignedDuration::from_secs(1);
    ledger.dead_letter(&later, &huge).await.unwrap();
    let kept = ledger.dead_letters().await.unwrap();
    let events: Vec<Option<Value>> = kept.into_iter().map(|kept| kept.event).collect();
    assert_eq!(events, [Some(event), None], "what is too large is kept cut, and says so");
}
