//! `reconcile` owns no aggregate. On a schedule, it requests of the other functions that they compare AWS with their
//! aggregates, model by model.
//!
//! Each function finds lost events in the services that it knows, and decides on them as if they had arrived.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod decide;
pub mod fact;
pub mod reason;

pub use act::Reaction;
pub use decide::Reconcile;

#[cfg(test)]
mod tests;
