//! The reaction itself, held against what `docs/reliability.md` promises of it: over a
//! scripted ledger, bus and world, with a fault in each branch and each call.

use serde_json::Value;

use super::*;
use crate::fact::{Fact, FactKind};
use crate::port::Record;

mod crash;
mod lease;
mod order;
mod pause;
mod record;
mod script;
mod subject;
mod toy;

use script::{Script, Strike, run};
use toy::{Toy, event};

/// One delivery of an event; `None` where the invocation died.
fn deliver(script: &Script, raw: &Value) -> Option<PortResult<Report>> {
    let world = World::new(script.clone(), script.clone(), script.clone());
    run(world.react(&Toy(script.clone()), raw))
}

/// One delivery that comes to its end.
#[track_caller]
fn report(script: &Script, raw: &Value) -> Report {
    deliver(script, raw).expect("the invocation lives").expect("the reaction comes to its end")
}

/// One delivery that goes back to Lambda; gives what failed.
#[track_caller]
fn retried(script: &Script, raw: &Value) -> String {
    match deliver(script, raw) {
        Some(Err(Failure::Transient { operation, cause })) => format!("{operation}: {cause}"),
        other => panic!("the event should go back to Lambda, and did not: {other:?}"),
    }
}

/// An event that is neither periodic nor of high volume.
fn order_to(plan: &str) -> Value {
    event("e1", FactKind::TrainingRequested, &[("plan", plan)])
}

/// The token of the fact's subject.
fn subject(fact: &Fact) -> String {
    fact.dedup_key().trim_start_matches("incident/").to_owned()
}

fn published(script: &Script) -> Vec<String> {
    script.contents().published.iter().map(subject).collect()
}

fn done(script: &Script) -> Vec<String> {
    script.contents().done.clone()
}

/// What the aggregate holds.
fn state(record: &Record) -> toy::State {
    record.state.clone().map(|state| serde_json::from_value(state).unwrap()).unwrap_or_default()
}
