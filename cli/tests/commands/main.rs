//! Each command of the binary against AWS in the test's own memory: its requests, its output, its exit code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../../shared/ledger/tests/support/mod.rs"]
mod support;

mod apply;
mod cloud;
mod json;
mod operate;
mod reference;
mod remove;
mod requests;
mod usage;
