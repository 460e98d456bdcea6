//! The request that `reconcile` publishes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::ModelName;

/// Requests that the functions compare AWS with their aggregates of this model.
#[must_use]
pub fn reconcile_requested(model: &ModelName, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::ReconcileRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("look/{model}/{at}"),
        at,
        reasons: vec!["AWS is compared with the ledger to find lost events".to_owned()],
        details: BTreeMap::new(),
    }
}
