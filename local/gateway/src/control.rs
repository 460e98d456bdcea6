//! What tests and stories ask of the gateway itself, under `/_trimtab`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Phase, World};

pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Entries after number `after`; waits up to `wait` seconds for the first of them.
#[derive(Deserialize)]
pub(crate) struct Reading {
    #[serde(default)]
    after: usize,
    #[serde(default)]
    wait: u64,
}

pub(crate) async fn journal(State(world): State<Arc<World>>, Query(reading): Query<Reading>) -> Json<Value> {
    let entries = world.journal.after(reading.after, Duration::from_secs(reading.wait)).await;
    Json(json!({"next": entries.last().map_or(reading.after, |entry| entry.seq), "entries": entries}))
}

/// How many milliseconds each phase takes.
pub(crate) async fn pace(State(world): State<Arc<World>>, Json(paces): Json<BTreeMap<Phase, u64>>) -> Json<Value> {
    for (phase, milliseconds) in paces {
        world.set_pace(phase, Duration::from_millis(milliseconds));
    }
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Held {
    phase: Phase,
}

/// Nothing of this phase ends until it is released.
pub(crate) async fn hold(State(world): State<Arc<World>>, Json(held): Json<Held>) -> Json<Value> {
    world.hold(held.phase);
    Json(json!({}))
}

pub(crate) async fn release(State(world): State<Arc<World>>, Json(held): Json<Held>) -> Json<Value> {
    world.release(held.phase);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Fate {
    phase: Phase,
    end: String,
}

/// How the next of this phase ends, in its API's word, such as `Failed` for a run.
pub(crate) async fn fate(State(world): State<Arc<World>>, Json(fate): Json<Fate>) -> Json<Value> {
    world.set_fate(fate.phase, fate.end);
    Json(json!({}))
}
