//! `lineage` owns the lineage of a version in SageMaker ML Lineage Tracking: commit → run → package → rollout →
//! endpoint → incident → the next run, with builds, evaluations and monitoring beside them.
//!
//! It reacts to facts, so that a slow or refused call of lineage holds up no other function. [`graph`] derives entities
//! and links from a fact; [`decide`] writes each fact once; [`act`] looks for each entity before it creates it.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
pub mod decide;
mod fact;
pub mod graph;
mod planner;
pub mod reason;
pub mod state;

pub use act::Reaction;
pub use decide::Lineage;

#[cfg(test)]
mod tests;
