//! The request that `reconcile` publishes.

use jiff::Timestamp;
use trimtab_core::fact::Fact;
use trimtab_core::name::ModelName;
use trimtab_core::request::Request;

/// Requests that the functions compare AWS with their aggregates of this model.
#[must_use]
pub fn reconcile_requested(model: &ModelName, at: Timestamp) -> Fact {
    Request::Reconcile.into_fact(model, "AWS is compared with the ledger to find lost events", at)
}
