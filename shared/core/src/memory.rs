//! The ledger, the bus and the clock in memory, with the epochs and leases of the real ledger: for tests, and for planning
//! offline.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::fact::Fact;
use crate::failure::Failure;
use crate::name::ModelName;
use crate::policy::{Key, OrganizationPolicy, Policy};
use crate::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};

/// The contents of a [`MemoryLedger`].
#[derive(Debug, Default, Clone)]
pub struct Contents {
    /// Policies by model.
    pub policies: BTreeMap<ModelName, Policy>,
    /// The organization's policy.
    pub organization: Option<OrganizationPolicy>,
    /// The pause of all models.
    pub paused: Option<Pause>,
    /// The aggregates.
    pub aggregates: BTreeMap<AggregateId, Record>,
    /// History entries by function, event ID and time of the event.
    pub history: BTreeMap<(String, String, Timestamp), HistoryEntry>,
    /// Dead letters, by their text.
    pub dead_letters: BTreeMap<String, HistoryEntry>,
}

/// A ledger in memory; its clones share one ledger.
#[derive(Debug, Default, Clone)]
pub struct MemoryLedger {
    contents: Arc<Mutex<Contents>>,
}

impl MemoryLedger {
    /// A ledger with these policies.
    #[must_use]
    pub fn with(policies: impl IntoIterator<Item = Policy>) -> Self {
        let policies = policies.into_iter().map(|policy| (policy.model.clone(), policy)).collect();
        Self { contents: Arc::new(Mutex::new(Contents { policies, ..Contents::default() })) }
    }

    /// The contents, to read or to change.
    pub fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes at the next epoch, if the aggregate is still at `epoch`.
    fn write(&self, id: &AggregateId, epoch: u64, change: impl FnOnce(&mut Record)) -> Result<u64, WriteError> {
        let mut contents = self.contents();
        let record = contents.aggregates.entry(id.clone()).or_insert(Record::EMPTY);
        if record.epoch != epoch {
            return Err(WriteError::Fenced);
        }
        change(record);
        record.epoch += 1;
        Ok(record.epoch)
    }
}

impl Ledger for MemoryLedger {
    async fn model_of(&self, key: &Key) -> PortResult<Option<ModelName>> {
        let contents = self.contents();
        Ok(contents.policies.values().find(|policy| policy.keys().contains(key)).map(|policy| policy.model.clone()))
    }

    async fn policy(&self, model: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        Ok(self.contents().policies.get(model).cloned().map(Arc::new))
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        Ok(self.contents().organization.clone().map(Arc::new))
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        let contents = self.contents();
        let reconciled_models = contents.policies.values().filter(|policy| policy.reconcile.is_some());
        Ok(reconciled_models.map(|policy| policy.model.clone()).collect())
    }

    async fn pause(&self, _: Option<&ModelName>) -> PortResult<Option<Pause>> {
        Ok(self.contents().paused.clone())
    }

    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        Ok(self.contents().aggregates.get(id).cloned().unwrap_or(Record::EMPTY))
    }

    async fn claim(
        &self,
        id: &AggregateId,
        epoch: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> Result<u64, WriteError> {
        self.write(id, epoch, |record| {
            record.state = Some(state.clone());
            record.outbox = outbox.to_vec();
            record.lease_until = Some(lease_until);
        })
    }

    async fn finish(
        &self,
        id: &AggregateId,
        held: u64,
        state: Option<&Value>,
        entry: &HistoryEntry,
    ) -> Result<(), WriteError> {
        if let Some(state) = state {
            self.write(id, held, |record| {
                *record = Record { state: Some(state.clone()), epoch: record.epoch, ..Record::EMPTY };
            })?;
        }
        let key = (entry.function.clone(), entry.event_id.clone(), entry.event_time);
        self.contents().history.insert(key, entry.clone());
        Ok(())
    }

    async fn save_state(&self, id: &AggregateId, held: u64, state: &Value, _: Timestamp) -> Result<(), WriteError> {
        let noted = self.write(id, held, |record| {
            *record = Record { state: Some(state.clone()), epoch: record.epoch, ..Record::EMPTY };
        });
        noted.map(drop)
    }

    async fn dead_letter(&self, entry: &HistoryEntry, raw: &Value) -> PortResult<()> {
        self.contents().dead_letters.insert(raw.to_string(), entry.clone());
        Ok(())
    }
}

/// A bus that stores what is published.
#[derive(Debug, Default)]
pub struct MemoryBus {
    facts: Mutex<Vec<Fact>>,
}

impl MemoryBus {
    /// The published facts, in order.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Bus for MemoryBus {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).push(fact.clone());
        Ok(())
    }
}

impl<B: Bus + Sync> Bus for &B {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        (**self).publish(fact).await
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock at this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Mutex::new(time))
    }

    /// Sets the clock.
    pub fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a future that is ready without waiting, as all futures of this module are.
///
/// # Errors
/// The future is not ready.
pub fn run<T>(future: impl Future<Output = T>) -> PortResult<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Ok(value),
        std::task::Poll::Pending => Err(Failure::transient("memory:run", "a port in memory waited")),
    }
}

#[cfg(test)]
mod tests;
