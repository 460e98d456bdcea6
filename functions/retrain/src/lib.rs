//! `retrain` owns a model's incident: from what asks for training (an alarm, a monitoring run, new
//! data, a schedule, a built commit, a person) to the end of the run that answers it.
//!
//! [`decide`] triages and knows no SDK; [`act`] starts the run, or adopts the one that already
//! carries the incident's name, in the engine that the policy names.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
mod completion;
pub mod data_debounce;
pub mod decide;
mod drift;
pub mod engines;
mod image;
pub mod incident;
pub mod operator_request;
mod rate_limits;
mod reconcile;
mod run_request;
pub mod trigger;
pub mod violations;

pub use act::Reaction;
pub use decide::Retrain;

#[cfg(test)]
mod tests;
