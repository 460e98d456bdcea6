//! `monitor` owns a model's watch: what the version that is live is held against, the schedules that
//! do it, and the alarms on what they find.
//!
//! An endpoint in service, or a look, asks about each kind of drift by itself: each is an aggregate of
//! its own, so that one that waits for its baseline holds up no other. [`desired_state`] says what shall be,
//! `reconcile` how it comes to be from what is there, whichever event it was that led to it; `apply_outcome`
//! takes what came of it; [`act`] makes the calls.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
mod apply_outcome;
pub mod decide;
pub mod desired_state;
mod reconcile;
pub mod state;

pub use act::Reaction;
pub use decide::Monitor;

#[cfg(test)]
mod tests;
