//! `notify` turns the suite's facts into messages that a person can act on, one for each dedup key.
//!
//! What the subject says and what to do next is in [`templates`], where to look in [`console_links`]; [`decide`]
//! sends each dedup key once, or keeps it for the digest; [`act`] publishes, to people and to a chat.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
mod chat;
pub mod console_links;
pub mod decide;
mod digest;
pub mod runbook;
pub mod templates;

pub use act::Reaction;
pub use decide::Notify;

#[cfg(test)]
mod tests;
