//! The ledger as the observing half of a function may use it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::fact::Fact;
use trimtab_core::memory::MemoryLedger;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::{AggregateId, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};

use crate::services::Services;

/// A ledger that loads aggregates, records that, and panics at every other call.
#[derive(Debug, Clone)]
pub struct ReadOnly {
    ledger: MemoryLedger,
    services: Services,
}

impl ReadOnly {
    /// A view of the ledger that records its calls in `services`.
    #[must_use]
    pub fn new(ledger: &MemoryLedger, services: &Services) -> Self {
        Self { ledger: ledger.clone(), services: services.clone() }
    }
}

const READS: &str = "observing has no effects: it reads aggregates of the ledger and nothing else";

impl Ledger for ReadOnly {
    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        let record = self.ledger.load(id).await?;
        self.services.query("ledger.load", &format!("{} {}", id.owner, id.name), || record)
    }

    async fn model_of(&self, _: &Key) -> PortResult<Option<ModelName>> {
        unreachable!("{READS}")
    }

    async fn policy(&self, _: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        unreachable!("{READS}")
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        unreachable!("{READS}")
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        unreachable!("{READS}")
    }

    async fn pause(&self, _: Option<&ModelName>) -> PortResult<Option<Pause>> {
        unreachable!("{READS}")
    }

    async fn claim(&self, _: &AggregateId, _: u64, _: &Value, _: &[Fact], _: Timestamp) -> Result<u64, WriteError> {
        unreachable!("{READS}")
    }

    async fn finish(&self, _: &AggregateId, _: u64, _: Option<&Value>, _: &HistoryEntry) -> Result<(), WriteError> {
        unreachable!("{READS}")
    }

    async fn save_state(&self, _: &AggregateId, _: u64, _: &Value, _: Timestamp) -> Result<(), WriteError> {
        unreachable!("{READS}")
    }

    async fn dead_letter(&self, _: &HistoryEntry, _: &Value) -> PortResult<()> {
        unreachable!("{READS}")
    }
}
