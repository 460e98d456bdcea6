//! `guard` owns the finding about a resource: from the call that violated a rule of the organization to the call that
//! fixed it.
//!
//! [`rules`] compares a resource with `[guard]` of `organization.toml`. `planner` reports once, stops what `guard.stop`
//! names, and closes. `request` reads a resource from the request that creates it, for planning offline.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod apply_outcome;
pub mod decide;
mod fact;
mod planner;
pub mod reason;
mod request;
pub mod rules;
pub mod state;

pub use act::Reaction;
pub use decide::Guard;

#[cfg(test)]
mod tests;
