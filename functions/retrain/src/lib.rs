//! `retrain` owns a model's incident: from the drift alarm, or the built commit that asks for
//! training, to the end of the run that answers it.
//!
//! [`decide`] triages and knows no SDK; [`act`] starts the run, or adopts the one that already
//! carries the incident's name, in the engine that the policy names.

pub mod act;
#[cfg(feature = "lambda")]
pub mod backends;
pub mod decide;
mod endings;
mod image;
pub mod incident;
mod look;
mod start;

pub use act::Reaction;
pub use decide::Retrain;

#[cfg(test)]
mod tests;
