//! `deploy` owns a model's rollout: from an approval, through the endpoint's update or the
//! pipeline that makes it, to the version being live or the endpoint being back where it was.
//!
//! [`decide`] knows no SDK; [`act`] makes the calls, each of which finds its own earlier effect.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod alarm_data;
mod apply_outcome;
pub mod completion;
pub mod decide;
pub mod naming;
mod preview;
mod reconcile;
mod rollback;
pub mod rollout;
mod rollout_fact;
mod smoke_test;
mod stack;
mod stage_promotion;
mod start;
mod transform;
mod variant_test;

pub use act::Reaction;
pub use decide::Deploy;

#[cfg(test)]
mod tests;
