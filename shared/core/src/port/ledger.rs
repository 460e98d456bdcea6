//! The ledger: policies, aggregates, and the history of decisions.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PortResult;
use crate::fact::Fact;
use crate::failure::Failure;
use crate::name::ModelName;
use crate::plan::Decision;
use crate::policy::{Key, OrganizationPolicy, Policy};

/// Where an aggregate stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateId {
    /// The model, or `platform` for what belongs to none.
    pub owner: String,
    /// The aggregate within it, such as `incident` or `build#<commit>`.
    pub name: String,
}

/// An aggregate as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The fencing epoch: it grows with every write, 0 before the first.
    pub epoch: u64,
    /// Until when somebody is acting on it; expired or `None` means nobody is.
    pub lease_until: Option<Timestamp>,
    /// The state; `None` before the first write.
    pub state: Option<Value>,
    /// What an earlier attempt was about to tell when it took the lease, and has not recorded.
    pub outbox: Vec<Fact>,
}

impl Record {
    /// Before the first write.
    pub const EMPTY: Self = Self { epoch: 0, lease_until: None, state: None, outbox: Vec::new() };
}

/// The write was not made: the aggregate is no longer at the epoch that the writer saw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Somebody else wrote since. Read again and decide again.
    #[error("the ledger moved on since it was read")]
    Fenced,
    /// The ledger did not take it.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The terminal record of one event at one function: why did we?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When the function ended.
    pub at: Timestamp,
    /// When AWS says it happened.
    pub event_time: Timestamp,
    /// The function.
    pub function: String,
    /// The model, or `platform`.
    pub owner: String,
    /// The event's id.
    pub event_id: String,
    /// The event's source.
    pub source: String,
    /// The event's detail type.
    pub detail_type: String,
    /// How it ended.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<String>,
    /// What was done.
    pub actions: Vec<Value>,
}

/// Who stopped the suite or a model, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

/// The ledger: did we already, may we, why did we.
pub trait Ledger {
    /// The model that owns this name, by one key look-up.
    fn model_of(&self, key: &Key) -> impl Future<Output = PortResult<Option<ModelName>>> + Send;
    /// The model's policy as it was last applied.
    fn policy(&self, model: &ModelName) -> impl Future<Output = PortResult<Option<Arc<Policy>>>> + Send;
    /// What holds for the whole suite, as it was last applied.
    fn organization_policy(&self) -> impl Future<Output = PortResult<Option<Arc<OrganizationPolicy>>>> + Send;
    /// The models whose policy says that they are looked after.
    fn reconciled_models(&self) -> impl Future<Output = PortResult<Vec<ModelName>>> + Send;
    /// The pause that holds for this model: its own or the whole suite's; only the suite's where
    /// there is no model.
    fn pause(&self, model: Option<&ModelName>) -> impl Future<Output = PortResult<Option<Pause>>> + Send;
    /// The aggregate, read consistently.
    fn load(&self, id: &AggregateId) -> impl Future<Output = PortResult<Record>> + Send;
    /// Writes the intent and what will be told of it, and takes the lease, if the epoch is still
    /// `seen`. Gives the new epoch.
    fn claim(
        &self,
        id: &AggregateId,
        seen: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<u64, WriteError>> + Send;
    /// Writes the aggregate (if given and its epoch is still `held`) and the terminal record in one
    /// step, gives the lease back, and clears the outbox.
    fn finish(
        &self,
        id: &AggregateId,
        held: u64,
        state: Option<&Value>,
        entry: &HistoryEntry,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Writes the aggregate if its epoch is still `held`, without a record, and clears
    /// the outbox: for high-volume events, and for the snapshot of a reconcile.
    fn save_state(
        &self,
        id: &AggregateId,
        held: u64,
        state: &Value,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Keeps an event that could not be acted on, whole, with the reason, so that it can be looked
    /// at and sent again. Keeping it twice keeps it once.
    fn dead_letter(&self, entry: &HistoryEntry, raw: &Value) -> impl Future<Output = PortResult<()>> + Send;
}
