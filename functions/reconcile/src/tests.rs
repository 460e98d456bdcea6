//! `reconcile` over memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::policy::Policy;
use trimtab_core::reactor::World;

use crate::Reaction;

fn policy(model: &str, reconcile: &str) -> Policy {
    let text = format!("version = 1\nmodel = \"{model}\"\nowner = \"o\"\npackage_group = \"{model}\"\n{reconcile}");
    Policy::parse("policy.toml", &text).unwrap()
}

fn tick() -> Value {
    json!({"version": "0", "id": "1", "source": "aws.events", "detail-type": "Scheduled Event", "account": "123456789012",
        "region": "eu-west-1", "time": "2026-11-20T09:00:00Z", "resources": [], "detail": {}})
}

#[test]
fn every_model_with_the_table_is_requested_and_no_other() {
    let on = "[reconcile]\nbuild = \"2h\"\ntraining = \"24h\"\nevaluation = \"6h\"\nrollout = \"6h\"\n";
    let ledger = MemoryLedger::with([policy("churn", on), policy("segments", ""), policy("prices", on)]);
    let world = World::new(ledger, MemoryBus::default(), FixedClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
    let reaction =
        Reaction { ledger: MemoryLedger::with([policy("churn", on), policy("segments", ""), policy("prices", on)]) };
    let report = run(world.react(&reaction, &tick())).unwrap().unwrap();
    assert_eq!(report.codes, ["reconcile_requested"]);
    let requested: Vec<String> = world.bus.facts().iter().map(|fact| fact.dedup_key()).collect();
    assert_eq!(requested, ["reconcile/churn/2026-11-20T09:00:00Z", "reconcile/prices/2026-11-20T09:00:00Z"]);
    assert!(world.ledger.contents().history.is_empty(), "a scheduled event leaves no record");
}

#[test]
fn request_has_model_reason_and_time() {
    let on = "[reconcile]\nbuild = \"2h\"\ntraining = \"24h\"\nevaluation = \"6h\"\nrollout = \"6h\"\n";
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    let world = World::new(MemoryLedger::with([policy("churn", on)]), MemoryBus::default(), FixedClock::at(now));
    let reaction = Reaction { ledger: MemoryLedger::with([policy("churn", on)]) };
    let report = run(world.react(&reaction, &tick())).unwrap().unwrap();
    assert_eq!(report.entry.reasons, ["models with a [reconcile] table, each reconciled now: 1"]);
    let fact = world.bus.facts().remove(0);
    assert_eq!((fact.kind.as_str(), fact.version, fact.at), ("Reconcile Requested", 1, now));
    assert_eq!(fact.model.as_ref().map(ToString::to_string).as_deref(), Some("churn"));
    assert_eq!(fact.reasons, ["AWS is compared with the ledger to find lost events"]);
}

#[test]
fn event_that_is_not_scheduled_requests_nothing() {
    let on = "[reconcile]\nbuild = \"2h\"\ntraining = \"24h\"\nevaluation = \"6h\"\nrollout = \"6h\"\n";
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    let world = World::new(MemoryLedger::with([policy("churn", on)]), MemoryBus::default(), FixedClock::at(now));
    let reaction = Reaction { ledger: MemoryLedger::with([policy("churn", on)]) };
    let mut other = tick();
    other["detail-type"] = json!("Something Else");
    let report = run(world.react(&reaction, &other)).unwrap().unwrap();
    assert!(world.bus.facts().is_empty(), "{:?}", report.codes);
}
