//! `notify` turns facts into messages to operators, one for each dedup key.
//!
//! [`templates`] has the text of each kind, [`runbook`] its section of the runbook, and [`console_links`] links and
//! commands. `planner` sends each message once, or adds it to the model's digest; [`act`] publishes to SNS.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod action;
mod chat;
pub mod console_links;
pub mod decide;
mod digest;
mod fact;
pub mod observation;
mod planner;
pub mod reason;
pub mod runbook;
pub mod state;
pub mod templates;

pub use act::Reaction;
pub use decide::Notify;

#[cfg(test)]
mod tests;
