//! The heart of Trimtab: what AWS says happened, what a model's team asked for, and the words in
//! which a function answers. Everything here is pure data and pure functions.
//!
//! Architecture invariant: this crate knows nothing of tokio, of any AWS SDK, of clocks, of
//! environment variables or of files. What happens in the world goes through the traits in
//! [`port`].

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod audience;
pub mod decimal;
pub mod event;
pub mod fact;
pub mod failure;
#[cfg(feature = "memory")]
pub mod memory;
pub mod name;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod port;
pub mod reactor;
pub mod text;
