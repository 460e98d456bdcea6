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

/// The identity of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateId {
    /// The model, or `platform` for what belongs to no model.
    pub owner: String,
    /// The name within the owner, such as `incident` or `build#<commit>`.
    pub name: String,
}

/// An aggregate as the ledger stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The fencing epoch: it grows with every write, and is 0 before the first one.
    pub epoch: u64,
    /// The end of the lease, during which one invocation alone may act; expired or `None` if there is no lease.
    pub lease_until: Option<Timestamp>,
    /// The state; `None` before the first write.
    pub state: Option<Value>,
    /// The outbox: facts that were stored with the claim, and may not have been published.
    pub outbox: Vec<Fact>,
}

impl Record {
    /// The record before the first write.
    pub const EMPTY: Self = Self { epoch: 0, lease_until: None, state: None, outbox: Vec::new() };
}

/// A write that was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The aggregate is no longer at the epoch that the writer read. The writer reads and decides again.
    #[error("the ledger moved on since it was read")]
    Fenced,
    /// The ledger did not accept the write.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The final record of one event at one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The time of the record.
    pub at: Timestamp,
    /// The time of the event.
    pub event_time: Timestamp,
    /// The function.
    pub function: String,
    /// The model, or `platform`.
    pub owner: String,
    /// The event's ID.
    pub event_id: String,
    /// The event's source.
    pub source: String,
    /// The event's detail type.
    pub detail_type: String,
    /// The decision.
    pub decision: Decision,
    /// The sentences of the reasons.
    pub reasons: Vec<String>,
    /// The actions, as JSON.
    pub actions: Vec<Value>,
}

/// A pause of one model or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The operator who paused.
    pub by: String,
    /// The start of the pause.
    pub since: Timestamp,
}

/// The ledger: policies, the state of aggregates, and the history.
pub trait Ledger {
    /// The model that owns this key.
    fn model_of(&self, key: &Key) -> impl Future<Output = PortResult<Option<ModelName>>> + Send;
    /// The policy that was last applied to the model.
    fn policy(&self, model: &ModelName) -> impl Future<Output = PortResult<Option<Arc<Policy>>>> + Send;
    /// The organization's policy that was last applied.
    fn organization_policy(&self) -> impl Future<Output = PortResult<Option<Arc<OrganizationPolicy>>>> + Send;
    /// The models whose policy has a `[reconcile]` table.
    fn reconciled_models(&self) -> impl Future<Output = PortResult<Vec<ModelName>>> + Send;
    /// The pause that applies to the model: its own or that of all models; without a model, that of all models.
    fn pause(&self, model: Option<&ModelName>) -> impl Future<Output = PortResult<Option<Pause>>> + Send;
    /// The aggregate, by a consistent read.
    fn load(&self, id: &AggregateId) -> impl Future<Output = PortResult<Record>> + Send;
    /// Writes the intent and the outbox, and takes the lease, if the epoch is still `epoch`. Returns the new epoch.
    fn claim(
        &self,
        id: &AggregateId,
        epoch: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<u64, WriteError>> + Send;
    /// Writes the history entry and, if given and the epoch is still `held`, the state, in one transaction. Returns the lease
    /// and clears the outbox.
    fn finish(
        &self,
        id: &AggregateId,
        held: u64,
        state: Option<&Value>,
        entry: &HistoryEntry,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Writes the state if the epoch is still `held`, without a history entry, and clears the outbox: for high-volume events
    /// and for the snapshots of a reconciliation.
    fn save_state(
        &self,
        id: &AggregateId,
        held: u64,
        state: &Value,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Stores an event that could not be handled, whole, with the reason. Storing it twice has the effect of storing it once.
    fn dead_letter(&self, entry: &HistoryEntry, raw: &Value) -> impl Future<Output = PortResult<()>> + Send;
}
