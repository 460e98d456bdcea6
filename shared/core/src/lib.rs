//! The core of Trimtab: events, policies, facts, plans, and the loop that every function runs. Pure data and pure functions.
//!
//! Architecture invariant: this crate knows nothing of tokio, of any AWS SDK, of clocks, of environment variables or of
//! files. Every call to the outside world goes through the traits in [`port`].

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod audience;
pub mod event;
pub mod fact;
pub mod failure;
#[cfg(feature = "memory")]
pub mod memory;
pub mod plan;
pub mod port;
pub mod reactor;
pub mod request;

pub use trimtab_names::{decimal, name, text};
pub use trimtab_policy as policy;
