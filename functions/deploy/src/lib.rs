//! `deploy` owns a model's rollout: from an approval, through the endpoint's update or the
//! pipeline that makes it, to the version being live or the endpoint being back where it was.
//!
//! [`decide`] knows no SDK; [`act`] makes the calls, each of which finds its own earlier effect.

pub mod act;
pub mod action;
mod assume;
mod begin;
pub mod decide;
pub mod endings;
mod look;
pub mod naming;
mod proof;
mod rollback;
pub mod rollout;
mod settle;
mod smoke;
mod stack;
mod stages;
mod transform;
mod trial;

pub use act::Reaction;
pub use decide::Deploy;

#[cfg(test)]
mod tests;
