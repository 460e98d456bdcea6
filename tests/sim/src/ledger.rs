//! The ports to the ledger, the bus and the clock, with faults.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::fact::Fact;
use trimtab_core::name::ModelName;
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};

use crate::Site;
use crate::journal::Happening;
use crate::services::{Services, Sim};

impl Services {
    fn write(&mut self, id: &AggregateId, epoch: u64, change: impl FnOnce(&mut Record)) -> Result<u64, WriteError> {
        let record = self.aggregates.entry(id.clone()).or_insert_with(|| Arc::new(Record::EMPTY));
        if record.epoch != epoch {
            return Err(WriteError::Fenced);
        }
        let record = Arc::make_mut(record);
        change(record);
        record.epoch += 1;
        Ok(record.epoch)
    }
}

impl Clock for Sim {
    fn now(&self) -> Timestamp {
        self.services().now
    }
}

impl Ledger for Sim {
    async fn model_of(&self, key: &Key) -> PortResult<Option<ModelName>> {
        let key = key.clone();
        self.call(Site::LedgerModelOf, move |services| Ok(services.policies.owners.get(&key).cloned())).await
    }

    async fn policy(&self, model: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        let model = model.clone();
        self.call(Site::LedgerPolicy, move |services| Ok(services.policies.by_model.get(&model).cloned())).await
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        self.call(Site::LedgerOrganizationPolicy, |services| Ok(services.policies.organization.clone())).await
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        self.call(Site::LedgerReconciledModels, |services| {
            let reconciled_models = services.policies.by_model.values().filter(|policy| policy.reconcile.is_some());
            Ok(reconciled_models.map(|policy| policy.model.clone()).collect())
        })
        .await
    }

    async fn pause(&self, _: Option<&ModelName>) -> PortResult<Option<Pause>> {
        let pause = |since| Pause { by: "maya".to_owned(), since };
        self.call(Site::LedgerPause, move |services| Ok(services.paused.map(pause))).await
    }

    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        let id = id.clone();
        self.call(Site::LedgerLoad, move |services| {
            Ok(services.aggregates.get(&id).map_or(Record::EMPTY, |record| (**record).clone()))
        })
        .await
    }

    async fn claim(
        &self,
        id: &AggregateId,
        epoch: u64,
        state: &Value,
        outbox: &[Fact],
        lease_until: Timestamp,
    ) -> Result<u64, WriteError> {
        let (id, state, outbox) = (id.clone(), state.clone(), outbox.to_vec());
        self.call(Site::LedgerClaim, move |services| {
            services.write(&id, epoch, |record| {
                record.state = Some(state);
                record.outbox = outbox;
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
        let (id, state, key) = (id.clone(), state.cloned(), (entry.function.clone(), entry.event_id.clone()));
        let said = self.services().trace.is_some().then(|| entry.clone());
        self.call(Site::LedgerFinish, move |services| {
            if let Some(state) = state {
                services.write(&id, held, |record| {
                    *record = Record { state: Some(state), epoch: record.epoch, ..Record::EMPTY };
                })?;
            }
            if let Some(entry) = said {
                services.note(|| format!("  {} {:?}: {}", entry.function, entry.decision, entry.reasons.join("; ")));
            }
            services.record(Happening::Finished { function: key.0.clone(), event: key.1.clone() });
            services.history.insert(key);
            Ok(())
        })
        .await
    }

    async fn save_state(&self, id: &AggregateId, held: u64, state: &Value, _: Timestamp) -> Result<(), WriteError> {
        let (id, state) = (id.clone(), state.clone());
        self.call(Site::LedgerSaveState, move |services| {
            let noted = services.write(&id, held, |record| {
                *record = Record { state: Some(state), epoch: record.epoch, ..Record::EMPTY };
            });
            noted.map(drop)
        })
        .await
    }

    async fn dead_letter(&self, entry: &HistoryEntry, _: &Value) -> PortResult<()> {
        let key = (entry.function.clone(), entry.event_id.clone());
        self.call(Site::LedgerDeadLetter, move |services| {
            services.record(Happening::DeadLetter { function: key.0.clone(), event: key.1.clone() });
            services.dead_letters.insert(key);
            Ok(())
        })
        .await
    }
}

impl Bus for Sim {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        let fact = fact.clone();
        self.call(Site::BusPublish, move |services| {
            services.publish(&fact);
            Ok(())
        })
        .await
    }
}
