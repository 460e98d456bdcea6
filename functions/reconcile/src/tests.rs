//! `reconcile` over memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::policy::Policy;
use trimtab_core::react::World;

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
fn every_model_that_is_looked_after_is_asked_for_and_no_other() {
    let on = "[reconcile]\nbuild = \"2h\"\ntraining = \"24h\"\nevaluation = \"6h\"\nrollout = \"6h\"\n";
    let ledger = MemoryLedger::with([policy("churn", on), policy("segments", ""), policy("prices", on)]);
    let world = World::new(ledger, MemoryBus::default(), FixedClock::at("2026-11-20T09:00:00Z".parse().unwrap()));
    let reaction =
        Reaction { ledger: MemoryLedger::with([policy("churn", on), policy("segments", ""), policy("prices", on)]) };
    let report = run(world.react(&reaction, &tick())).unwrap().unwrap();
    assert_eq!(report.codes, ["asked"]);
    let asked: Vec<String> = world.bus.facts().iter().map(|fact| fact.matter.clone()).collect();
    assert_eq!(asked, ["look/churn/2026-11-20T09:00:00Z", "look/prices/2026-11-20T09:00:00Z"]);
    assert!(world.ledger.contents().history.is_empty(), "the clock leaves no record");
}
