//! `integrate` owns a commit's build: from the push to a watched branch to the build's end, and
//! the request for a training run that follows from it; and the image that training runs in.
//!
//! [`decide`] knows no SDK; [`act`] starts the build, or adopts the one that is there.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
mod apply_outcome;
mod branch_deletion;
pub mod branch_snapshot;
pub mod build;
mod codepipeline_build;
mod completion;
pub mod decide;
mod definition;
mod image;
mod merge;
mod pull_request_build;
mod reconcile;

pub use act::Reaction;
pub use decide::Integrate;

#[cfg(test)]
mod tests;
