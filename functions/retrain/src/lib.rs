//! `retrain` owns a model's incident: from the trigger of a training run (drift, new data, a schedule, a built commit,
//! an image, an operator's request) to the end of the run.
//!
//! Imports point one way: the types ([`trigger`], [`state`], [`observation`], [`action`]), the leaf modules that return
//! data (`drift`, `violations`, `data_debounce`, `schedule`, `rate_limits`, `image`, [`engines`]), the control flow
//! (`planner`, and `reconcile` above it), then [`decide`] and [`act`].

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod completion;
mod ctx;
mod data_debounce;
pub mod decide;
mod drift;
pub mod engines;
mod fact;
mod image;
mod in_flight;
pub mod observation;
mod planner;
mod rate_limits;
pub mod reason;
mod reconcile;
mod run_request;
mod schedule;
pub mod state;
pub mod trigger;
mod violations;

pub use act::Reaction;
pub use decide::Retrain;

#[cfg(test)]
mod tests;
