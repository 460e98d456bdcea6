//! `evaluate` owns a candidate: from a version's registration, through the model's test suite, to a
//! verdict that stands on the version with its reasons, or a person who was asked.
//!
//! What the metrics must be is held against them in [`judge`]; [`decide`] says what is next for a
//! candidate, whichever event it was that led to it; [`act`] makes the calls.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod candidate;
pub mod decide;
pub mod judge;

pub use act::Reaction;
pub use decide::Evaluation;

#[cfg(test)]
mod tests;
