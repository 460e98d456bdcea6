//! `reconcile` owns no aggregate. On a schedule, it requests of the other functions that they compare AWS with their
//! aggregates, model by model.
//!
//! Each function finds lost events in the services that it knows, and decides on them as if they had arrived.

pub mod act;
pub mod decide;
pub mod fact;
pub mod reason;

pub use act::Reaction;
pub use decide::Reconcile;

#[cfg(test)]
mod tests;
