//! One message per dedup key, through the whole reaction.

use serde_json::{Value, json};
use trimtab_core::failure::Failure;
use trimtab_core::memory::MemoryLedger;
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Message, PortResult};
use trimtab_core::reactor::Report;
use trimtab_fake::Services;

use crate::Reaction;

mod chat;
mod digest;
mod digest_to_chat;
mod facts;
mod links;
mod runbook;

const NOON: &str = "2026-11-20T12:00:00Z";

type Rig = trimtab_fake::Rig<Reaction<Services, MemoryLedger>>;

fn rig_of(policy: Option<Policy>) -> Rig {
    Rig::new(policy, NOON.parse().unwrap(), |services, ledger| reaction(services, None, ledger))
}

fn rig() -> Rig {
    rig_of(None)
}

fn reaction(topic: &Services, chat: Option<&Services>, ledger: &MemoryLedger) -> Reaction<Services, MemoryLedger> {
    Reaction { topic: topic.clone(), chat: chat.cloned(), ledger: ledger.clone() }
}

/// SNS refuses every message.
fn refuse(topic: &Services) {
    topic.refuse("topic.publish", Failure::permanent("sns:Publish", "NotFound: no such topic"));
}

fn fact(id: &str, kind: &str, dedup_key: &str) -> Value {
    json!({"version": "0", "id": id, "source": "trimtab", "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": dedup_key, "at": NOON, "reasons": ["because"]}})
}

/// Reacts with these topics for the subscribers and the chat.
fn react_to(rig: &Rig, subscribers: &Services, chat: &Services, event: &Value) -> PortResult<Report> {
    rig.react_as(&reaction(subscribers, Some(chat), &rig.world.ledger), event)
}

#[test]
fn dedup_key_has_one_message() {
    let rig = rig();
    for (id, decision) in [("1", Decision::Acted), ("2", Decision::Skipped)] {
        let report = rig.try_react(&fact(id, "Training Failed", "incident/churn-drift-1")).unwrap();
        assert_eq!(report.entry.decision, decision);
    }
    assert_eq!(rig.services.sent()[0].subject, "[critical] churn: training failed");
    assert_eq!(rig.services.sent().len(), 1);
}

#[test]
fn message_has_an_audience() {
    let rig = rig();
    rig.try_react(&fact("1", "Training Failed", "incident/churn-drift-1")).unwrap();
    let mut finding = fact("2", "Finding Reported", "finding/night/1");
    finding["detail"]["model"] = json!(null);
    rig.try_react(&finding).unwrap();
    let sent = rig.services.sent().clone();
    let audiences: Vec<&str> = sent.iter().map(|message| message.attributes["audience"].as_str()).collect();
    assert_eq!(audiences, ["churn/critical", "-/warning"]);
}

#[test]
fn two_kinds_of_one_dedup_key_are_two_messages() {
    let rig = rig();
    rig.try_react(&fact("1", "Training Started", "incident/churn-drift-1")).unwrap();
    rig.try_react(&fact("2", "Training Failed", "incident/churn-drift-1")).unwrap();
    assert_eq!(rig.services.sent().len(), 2);
}

#[test]
fn refused_message_returns_to_lambda() {
    let rig = rig();
    refuse(&rig.services);
    let answer = rig.try_react(&fact("1", "Training Failed", "incident/churn-drift-1"));
    assert!(matches!(answer, Err(Failure::Transient { .. })));
}

#[test]
fn request_between_functions_is_not_sent() {
    let rig = rig();
    let report = rig
        .try_react(&fact("1", "Training Requested", "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190"))
        .unwrap();
    assert_eq!((report.codes[0], rig.services.sent().len()), ("request", 0));
}

#[test]
fn malformed_fact_is_dead_lettered_and_reported() {
    let rig = rig();
    let mut bad = fact("1", "Training Failed", "x");
    bad["detail"]["at"] = json!("yesterday");
    assert_eq!(rig.try_react(&bad).unwrap().entry.decision, Decision::Failed);
    assert_eq!((rig.world.ledger.contents().dead_letters.len(), rig.world.bus.facts().len()), (1, 1));
}
