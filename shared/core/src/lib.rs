//! The heart of Trimtab: what AWS says happened, what a model's team asked for, and the words in
//! which a function answers. Everything here is pure data and pure functions.
//!
//! Architecture invariant: this crate knows nothing of tokio, of any AWS SDK, of clocks, of
//! environment variables or of files. What happens in the world goes through the traits in
//! [`port`].

pub mod audience;
pub mod event;
pub mod fact;
pub mod failure;
#[cfg(feature = "memory")]
pub mod memory;
pub mod pattern;
pub mod plan;
pub mod port;
pub mod reactor;

pub use trimtab_names::{decimal, name, text};
pub use trimtab_policy as policy;
