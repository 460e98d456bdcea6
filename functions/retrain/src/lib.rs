//! `retrain` owns a model's incident: from what asks for training (an alarm, a monitoring run, new
//! data, a schedule, a built commit, a person) to the end of the run that answers it.
//!
//! [`decide`] triages and knows no SDK; [`act`] starts the run, or adopts the one that already
//! carries the incident's name, in the engine that the policy names.

pub mod act;
pub mod backends;
pub mod decide;
mod drift;
mod endings;
pub mod gather;
mod image;
pub mod incident;
mod limit;
mod look;
pub mod operator;
mod start;
pub mod trigger;
pub mod violations;

pub use act::Reaction;
pub use decide::Retrain;

#[cfg(test)]
mod tests;
