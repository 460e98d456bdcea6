//! `trimtab`, the operator's command, as a library: each command returns a typed result, which is printed as text or
//! as JSON.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod audience;
pub mod aws;
pub mod commands;
pub mod fault;
pub mod in_flight;
pub mod pattern;
pub mod policies;
pub mod recipients;
pub mod rules;
pub mod ui;

pub use commands::command;
