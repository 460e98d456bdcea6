//! What tests and stories ask of the gateway itself, under `/_trimtab`.

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
pub(crate) struct End {
    phase: Phase,
    end: String,
}

/// How the next of this phase ends, in its API's word, such as `Failed` for a run.
pub(crate) async fn fate(State(world): State<Arc<World>>, Json(fate): Json<End>) -> Json<Value> {
    world.set_fate(fate.phase, fate.end);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Stands {
    account: Option<String>,
    name: String,
    status: String,
}

/// From now on the endpoint stands so, as when it could not be re-scaled; nothing tells of it.
pub(crate) async fn endpoint(State(world): State<Arc<World>>, Json(stands): Json<Stands>) -> Json<Value> {
    let known = crate::sagemaker::stand(&world, stands.account.as_deref(), &stands.name, &stands.status);
    Json(json!({"known": known}))
}

#[derive(Deserialize)]
pub(crate) struct Lose {
    on: bool,
}

/// Whether AWS's events are lost from now on: they are best effort.
pub(crate) async fn lose(State(world): State<Arc<World>>, Json(lose): Json<Lose>) -> Json<Value> {
    world.loses.store(lose.on, Ordering::Relaxed);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Person {
    principal: String,
    arn: String,
}

/// From now on this caller is a person, and CloudTrail tells of what the person calls.
pub(crate) async fn person(State(world): State<Arc<World>>, Json(person): Json<Person>) -> Json<Value> {
    crate::world::lock(&world.people).insert(person.principal, person.arn);
    Json(json!({}))
}

#[derive(Deserialize)]
pub(crate) struct Monitored {
    schedule: String,
    status: String,
    #[serde(default)]
    message: Option<String>,
}

/// A schedule has an execution, which ends so; answered when it has ended.
pub(crate) async fn monitoring(State(world): State<Arc<World>>, Json(run): Json<Monitored>) -> Json<Value> {
    let answer = crate::sagemaker::monitoring::execute(&world, &run.schedule, &run.status, run.message).await;
    Json(crate::wire::render(&answer).1)
}

/// What this caller has called, from the beginning, by itself or by a role that it assumed.
pub(crate) async fn calls(State(world): State<Arc<World>>, Query(caller): Query<Caller>) -> Json<Value> {
    Json(json!({"entries": world.journal.of(&world.keys_of(&caller.principal))}))
}

/// What befalls a caller's nth call from now on.
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

/// How often a caller was struck, after up to `wait` seconds, and how many calls it has made.
pub(crate) async fn struck(State(world): State<Arc<World>>, Query(caller): Query<Caller>) -> Json<Value> {
    let struck = world.faults.struck(&caller.principal, Duration::from_secs(caller.wait)).await;
    Json(json!({"struck": struck, "calls": world.faults.calls(&caller.principal)}))
}
