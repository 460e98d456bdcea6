//! `deploy` owns a model's rollouts, one aggregate for each stage: from an approval to the version being live, or to the
//! version before serving again.
//!
//! Types (`state`, `rollout`, `observation`, `action`, `reason`) ◄ leaf modules, with one file for each target in
//! `targets` ◄ `planner` ◄ [`decide`] and [`act`].

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod admission;
mod alarm_data;
mod apply_outcome;
mod context;
pub mod decide;
mod fact;
mod in_flight;
pub mod naming;
pub mod observation;
mod planner;
mod preview;
pub mod reason;
mod reconcile;
mod rollback;
pub mod rollout;
mod smoke_test;
mod stage_promotion;
pub mod state;
mod targets;
mod variant_test;
mod verdicts;

pub use act::Reaction;
pub use decide::Deploy;

#[cfg(test)]
mod tests;
