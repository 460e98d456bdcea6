//! One message per dedup key, through the whole reaction.

use std::sync::Mutex;

use serde_json::{Value, json};
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::plan::Decision;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Message, Topic};
use trimtab_core::reactor::{Report, World};

use crate::Reaction;

mod chat;
mod digest;
mod digest_to_chat;
mod facts;
mod links;
mod runbook;

const NOON: &str = "2026-11-20T12:00:00Z";

#[derive(Default)]
struct Sns {
    sent: Mutex<Vec<Message>>,
    refuse: bool,
}

impl Topic for &Sns {
    async fn publish(&self, message: &Message) -> PortResult<String> {
        if self.refuse {
            return Err(Failure::permanent("sns:Publish", "NotFound: no such topic"));
        }
        self.sent.lock().unwrap().push(message.clone());
        Ok("message-1".into())
    }
}

fn fact(id: &str, kind: &str, dedup_key: &str) -> Value {
    json!({"version": "0", "id": id, "source": "trimtab", "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": dedup_key, "at": NOON, "reasons": ["because"]}})
}

fn world() -> World<MemoryLedger, MemoryBus, FixedClock> {
    World { ledger: MemoryLedger::default(), bus: MemoryBus::default(), clock: FixedClock::at(NOON.parse().unwrap()) }
}

fn react(world: &World<MemoryLedger, MemoryBus, FixedClock>, sns: &Sns, event: &Value) -> PortResult<Report> {
    run(world.react(&Reaction { topic: sns, chat: None, ledger: world.ledger.clone() }, event)).unwrap()
}

#[test]
fn dedup_key_has_one_message() {
    let (world, sns) = (world(), Sns::default());
    for (id, decision) in [("1", Decision::Acted), ("2", Decision::Skipped)] {
        let report = react(&world, &sns, &fact(id, "Training Failed", "incident/churn-drift-1")).unwrap();
        assert_eq!(report.entry.decision, decision);
    }
    assert_eq!(sns.sent.lock().unwrap()[0].subject, "[critical] churn: training failed");
    assert_eq!(sns.sent.lock().unwrap().len(), 1);
}

#[test]
fn message_has_an_audience() {
    let (world, sns) = (world(), Sns::default());
    react(&world, &sns, &fact("1", "Training Failed", "incident/churn-drift-1")).unwrap();
    let mut finding = fact("2", "Finding Reported", "finding/training-job/night");
    finding["detail"]["model"] = json!(null);
    react(&world, &sns, &finding).unwrap();
    let sent = sns.sent.lock().unwrap();
    let audiences: Vec<&str> = sent.iter().map(|message| message.attributes["audience"].as_str()).collect();
    assert_eq!(audiences, ["churn/critical", "-/warning"]);
}

#[test]
fn two_kinds_of_one_dedup_key_are_two_messages() {
    let (world, sns) = (world(), Sns::default());
    react(&world, &sns, &fact("1", "Training Started", "incident/churn-drift-1")).unwrap();
    react(&world, &sns, &fact("2", "Training Failed", "incident/churn-drift-1")).unwrap();
    assert_eq!(sns.sent.lock().unwrap().len(), 2);
}

#[test]
fn refused_message_returns_to_lambda() {
    let (world, sns) = (world(), Sns { refuse: true, ..Sns::default() });
    let answer = react(&world, &sns, &fact("1", "Training Failed", "incident/churn-drift-1"));
    assert!(matches!(answer, Err(Failure::Transient { .. })));
}

#[test]
fn request_between_functions_is_not_sent() {
    let (world, sns) = (world(), Sns::default());
    let report = react(&world, &sns, &fact("1", "Training Requested", "build/churn/x")).unwrap();
    assert_eq!((report.codes[0], sns.sent.lock().unwrap().len()), ("request", 0));
}

#[test]
fn malformed_fact_is_dead_lettered_without_a_fact() {
    let (world, sns) = (world(), Sns::default());
    let mut bad = fact("1", "Training Failed", "x");
    bad["detail"]["at"] = json!("yesterday");
    assert_eq!(react(&world, &sns, &bad).unwrap().entry.decision, Decision::Failed);
    assert_eq!((world.ledger.contents().dead_letters.len(), world.bus.facts().len()), (1, 0));
}
