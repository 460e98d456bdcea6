//! The emulator's own API for tests and stories, under `/_trimtab`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::world::{Phase, World};

pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Selects entries after number `after`; waits up to `wait` seconds for the first.
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

/// Sets the duration of phases in milliseconds.
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

/// Blocks the end of this phase until it is released.
pub(crate) async fn hold(State(world): State<Arc<World>>, Json(held): Json<Held>) -> Json<Value> {
    world.hold(held.phase);
    Json(json!({}))
}

pub(crate) async fn release(State(world): State<Arc<World>>, Json(held): Json<Held>) -> Json<Value> {
    world.release(held.phase);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct End {
    phase: Phase,
    end: String,
}

/// Sets the result of the next operation of this phase, in the API's term, such as `Failed` for a run.
pub(crate) async fn fate(State(world): State<Arc<World>>, Json(fate): Json<End>) -> Json<Value> {
    world.set_fate(fate.phase, fate.end);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct EndpointStatus {
    account: Option<String>,
    name: String,
    status: String,
}

/// Sets the status of an endpoint without an event, as after failed scaling.
pub(crate) async fn endpoint(State(world): State<Arc<World>>, Json(endpoint): Json<EndpointStatus>) -> Json<Value> {
    let known = crate::sagemaker::set_status(&world, endpoint.account.as_deref(), &endpoint.name, &endpoint.status);
    Json(json!({"known": known}))
}

#[derive(Deserialize)]
pub(crate) struct Lose {
    on: bool,
}

/// Switches the loss of all events on or off: AWS delivers them best effort.
pub(crate) async fn lose(State(world): State<Arc<World>>, Json(lose): Json<Lose>) -> Json<Value> {
    world.lose_events.store(lose.on, Ordering::Relaxed);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Principal {
    principal: String,
    arn: String,
}

/// Registers a caller whose calls lead to CloudTrail events.
pub(crate) async fn principal(State(world): State<Arc<World>>, Json(caller): Json<Principal>) -> Json<Value> {
    crate::world::lock(&world.principals).insert(caller.principal, caller.arn);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Monitored {
    schedule: String,
    status: String,
    #[serde(default)]
    message: Option<String>,
}

/// Runs an execution of a monitoring schedule to this status, and responds when it has ended.
pub(crate) async fn monitoring(State(world): State<Arc<World>>, Json(run): Json<Monitored>) -> Json<Value> {
    let response = crate::sagemaker::monitoring::execute(&world, &run.schedule, &run.status, run.message).await;
    Json(crate::wire::render(&response).1)
}

/// All calls of this caller, including those through assumed roles.
pub(crate) async fn calls(State(world): State<Arc<World>>, Query(caller): Query<Caller>) -> Json<Value> {
    Json(json!({"entries": world.journal.of(&world.keys_of(&caller.principal))}))
}

/// Sets the fault for a caller's nth call from now on.
pub(crate) async fn fault(State(world): State<Arc<World>>, Json(fault): Json<Fault>) -> Json<Value> {
    world.faults.set(fault);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Caller {
    principal: String,
    #[serde(default)]
    wait: u64,
}

/// The number of faults injected for a caller, after up to `wait` seconds, and the number of its calls.
pub(crate) async fn injected(State(world): State<Arc<World>>, Query(caller): Query<Caller>) -> Json<Value> {
    let injected = world.faults.injected(&caller.principal, Duration::from_secs(caller.wait)).await;
    Json(json!({"injected": injected, "calls": world.faults.calls(&caller.principal)}))
}
