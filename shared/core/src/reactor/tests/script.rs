//! Ports that record every call in order, and that can fail at any of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use serde_json::Value;

use crate::fact::Fact;
use crate::failure::Failure;
use crate::name::ModelName;
use crate::policy::{Key, OrganizationPolicy, Policy};
use crate::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};

pub const START: &str = "2026-11-20T03:10:05Z";
const CHURN: &str = include_str!("../../../../../policies/churn.toml");

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// The service refuses it for now.
    Throttled,
    /// The ledger's condition does not hold: another writer was faster.
    Fenced,
    /// It is applied, and its answer is lost.
    AnswerLost,
    /// The invocation dies before it.
    DiesBefore,
    /// The invocation dies after it was applied.
    DiesAfter,
}

/// Everything there is, and everything that was called.
#[derive(Default)]
pub struct Contents {
    pub now: Timestamp,
    pub calls: Vec<String>,
    /// By the call's place in all calls.
    pub strikes: BTreeMap<usize, Strike>,
    /// By the call's name: each is spent on the next call of that name.
    pub named: Vec<(&'static str, Strike)>,
    pub policies: BTreeMap<ModelName, Policy>,
    pub organization: Option<OrganizationPolicy>,
    pub owners: BTreeMap<Key, ModelName>,
    pub paused: Option<Pause>,
    pub records: BTreeMap<String, Record>,
    pub history: BTreeMap<(String, String), HistoryEntry>,
    pub dead_letters: Vec<(HistoryEntry, Value)>,
    pub published: Vec<Fact>,
    /// What was done to the world, once for each time.
    pub done: Vec<String>,
    /// What the world refuses to do, for good.
    pub refuses: BTreeMap<String, &'static str>,
    /// Whether work ended although its event was missed.
    pub ended: bool,
    /// What the event's owner is, as AWS says.
    pub traced: Option<Key>,
    pub refuses_questions: bool,
}

/// All ports over one world; clones are the same world.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Contents>>);

impl Script {
    /// A world with churn's policy at [`START`].
    pub fn new() -> Self {
        let script = Self::default();
        {
            let mut contents = script.contents();
            let policy = Policy::parse("churn.toml", CHURN).unwrap();
            contents.policies.insert(policy.model.clone(), policy);
            contents.now = START.parse().unwrap();
        }
        script
    }

    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap()
    }

    /// Injects a fault into the next call whose name has this prefix.
    pub fn strike(&self, call: &'static str, strike: Strike) -> &Self {
        self.contents().named.push((call, strike));
        self
    }

    pub fn wait(&self, seconds: i64) {
        self.contents().now += jiff::SignedDuration::from_secs(seconds);
    }

    pub fn calls(&self) -> Vec<String> {
        self.contents().calls.clone()
    }

    /// The record of churn's aggregate.
    pub fn record(&self) -> Record {
        self.contents().records.get("churn/toy").cloned().unwrap_or(Record::EMPTY)
    }

    /// Records one call, and applies it unless a fault is to be injected.
    pub async fn call<T>(
        &self,
        name: String,
        effect: impl FnOnce(&mut Contents) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let strike = {
            let mut contents = self.contents();
            let place = contents.calls.len();
            let named = contents.named.iter().position(|(call, _)| name.starts_with(call));
            let named = named.map(|at| contents.named.remove(at).1);
            contents.calls.push(name);
            contents.strikes.remove(&place).or(named)
        };
        let throttled = || WriteError::Failed(Failure::transient("fake:call", "throttled"));
        match strike {
            None => effect(&mut self.contents()),
            Some(Strike::Throttled) => Err(throttled()),
            Some(Strike::Fenced) => Err(WriteError::Fenced),
            Some(Strike::AnswerLost) => effect(&mut self.contents()).and(Err(throttled())),
            Some(Strike::DiesBefore) => std::future::pending().await,
            Some(Strike::DiesAfter) => {
                drop(effect(&mut self.contents()));
                std::future::pending().await
            }
        }
    }

    pub async fn ask<T>(&self, name: String, effect: impl FnOnce(&mut Contents) -> T) -> PortResult<T> {
        match self.call(name, |contents| Ok(effect(contents))).await {
            Ok(answer) => Ok(answer),
            Err(WriteError::Failed(failure)) => Err(failure),
            Err(WriteError::Fenced) => Err(Failure::transient("fake:call", "fenced")),
        }
    }
}

/// Runs it to its end; `None` where the invocation died on the way.
pub fn run<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn change(
    contents: &mut Contents,
    id: &AggregateId,
    epoch: u64,
    to: impl FnOnce(&mut Record),
) -> Result<u64, WriteError> {
    let record = contents.records.entry(format!("{}/{}", id.owner, id.name)).or_insert(Record::EMPTY);
    if record.epoch != epoch {
        return Err(WriteError::Fenced);
    }
    to(record);
    record.epoch += 1;
    Ok(record.epoch)
}

impl Ledger for Script {
    async fn model_of(&self, key: &Key) -> PortResult<Option<ModelName>> {
        self.ask(format!("owner {key}"), |contents| contents.owners.get(key).cloned()).await
    }

    async fn policy(&self, model: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        self.ask(format!("policy {model}"), |contents| contents.policies.get(model).cloned().map(Arc::new)).await
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        self.ask("platform".to_owned(), |contents| contents.organization.clone().map(Arc::new)).await
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        Ok(Vec::new())
    }

    async fn pause(&self, model: Option<&ModelName>) -> PortResult<Option<Pause>> {
        let whose = model.map_or("platform", ModelName::as_str);
        self.ask(format!("pause {whose}"), |contents| contents.paused.clone()).await
    }

    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        let name = format!("{}/{}", id.owner, id.name);
        self.ask(format!("load {name}"), |contents| contents.records.get(&name).cloned().unwrap_or(Record::EMPTY)).await
    }

    async fn claim(
        &self,
        id: &AggregateId,
        epoch: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> Result<u64, WriteError> {
        self.call("claim".to_owned(), |contents| {
            change(contents, id, epoch, |record| {
                record.state = Some(state.clone());
                record.outbox = outbox.to_vec();
                record.lease_until = Some(lease_until);
            })
        })
        .await
    }

    async fn finish(
        &self,
        id: &AggregateId,
        held: u64,
        state: Option<&Value>,
        entry: &HistoryEntry,
    ) -> Result<(), WriteError> {
        let with = if state.is_some() { "with" } else { "without" };
        self.call(format!("finish {with} state"), |contents| {
            if let Some(state) = state {
                change(contents, id, held, |record| {
                    *record = Record { state: Some(state.clone()), epoch: record.epoch, ..Record::EMPTY };
                })?;
            }
            contents.history.insert((entry.function.clone(), entry.event_id.clone()), entry.clone());
            Ok(())
        })
        .await
    }

    async fn save_state(&self, id: &AggregateId, held: u64, state: &Value, _: Timestamp) -> Result<(), WriteError> {
        self.call("save_state".to_owned(), |contents| {
            change(contents, id, held, |record| {
                *record = Record { state: Some(state.clone()), epoch: record.epoch, ..Record::EMPTY };
            })
            .map(drop)
        })
        .await
    }

    async fn dead_letter(&self, entry: &HistoryEntry, raw: &Value) -> PortResult<()> {
        self.ask("dead_letter".to_owned(), |contents| contents.dead_letters.push((entry.clone(), raw.clone()))).await
    }
}

impl Bus for Script {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        self.ask(format!("publish {}", super::subject(fact)), |contents| contents.published.push(fact.clone())).await
    }
}

impl Clock for Script {
    fn now(&self) -> Timestamp {
        self.contents().now
    }
}
