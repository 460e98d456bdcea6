//! `monitor` owns the monitoring of a model: the baseline of the live version, the schedules that compare traffic with
//! it, and the alarms on what they find.
//!
//! An endpoint in service, or a reconcile, requests a comparison of each kind of drift with the policy. [`desired_state`]
//! derives definition, schedule and alarm from the policy; `planner` makes the calls that AWS still lacks, whichever
//! event led to it; `apply_outcome` records their results.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod apply_outcome;
pub mod decide;
pub mod desired_state;
mod fact;
mod in_flight;
pub mod kind;
pub mod observation;
mod planner;
pub mod reason;
pub mod state;
mod subject;

pub use act::Reaction;
pub use decide::Monitor;

#[cfg(test)]
mod tests;
