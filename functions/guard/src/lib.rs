//! `guard` owns a finding: from the call that made something which breaks a rule of the
//! organization to the call that puts it right.
//!
//! [`rules`] holds a resource against `organization.toml`'s `[guard]`; [`decide`] reports once, stops what
//! the policy says to stop, and closes; [`act`] asks SageMaker what is so, and stops. `request`
//! reads a resource out of a request, for planning offline.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod decide;
pub mod finding;
mod request;
pub mod rules;

pub use act::Reaction;
pub use decide::Guard;

#[cfg(test)]
mod tests;
