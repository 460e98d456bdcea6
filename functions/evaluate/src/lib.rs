//! `evaluate` owns the evaluation of a version: from its registration, through the model's test suite, to a verdict
//! in the Model Registry or a request for manual approval.
//!
//! [`judge`] compares metrics with the policy and with the live version. `planner` chooses the next step, whichever
//! event led to it. [`decide`] dispatches, and [`act`] observes and calls AWS.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod apply_outcome;
pub mod decide;
mod fact;
mod in_flight;
pub mod judge;
pub mod naming;
pub mod observation;
mod planner;
pub mod reason;
pub mod state;
mod subject;

pub use act::Reaction;
pub use decide::Evaluation;

#[cfg(test)]
mod tests;
