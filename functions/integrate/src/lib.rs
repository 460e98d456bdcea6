//! `integrate` owns the build of a commit: from the push to a configured branch to the end of the build and the request
//! for training. It also owns the builds of pull requests, and the image that training runs use.
//!
//! Imports point one way: types ([`state`], [`observation`], [`action`]), leaf modules, `planner`, then [`decide`] and
//! `act`.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

mod act;
pub mod action;
mod apply_outcome;
mod branch_snapshot;
pub mod build;
mod builders;
mod context;
pub mod decide;
mod definition;
mod fact;
mod image;
mod in_flight;
mod incoming;
mod merge;
pub mod observation;
mod observe;
mod planner;
mod proposal;
mod reaction;
pub mod reason;
mod reconcile;
mod recorded;
pub mod state;

pub use decide::Integrate;
pub use reaction::Reaction;

#[cfg(test)]
mod tests;
