//! `lineage` writes what came of what into SageMaker ML Lineage Tracking: commit → run → package →
//! rollout → endpoint → incident → the next run; and beside them what was built, evaluated and watched.
//!
//! It reacts to the suite's facts, so that no other function has to carry it: where lineage is slow
//! or refused, nothing else is held up. What a fact says of the chain is in [`graph`]; [`decide`]
//! writes each fact once; [`act`] looks for each entity before it creates it.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod decide;
pub mod graph;

pub use act::Reaction;
pub use decide::Lineage;

#[cfg(test)]
mod tests;
