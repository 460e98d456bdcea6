//! `retrain` owns a model's incident: from what asks for training (an alarm, a monitoring run, new
//! data, a schedule, a built commit, a person) to the end of the run that answers it.
//!
//! [`decide`] triages and knows no SDK; [`act`] starts the run, or adopts the one that already
//! carries the incident's name, in the engine that the policy names.

pub mod act;
mod completion;
pub mod data_debounce;
pub mod decide;
mod drift;
pub mod engines;
mod image;
mod in_flight;
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
