//! The rules of STYLE.md and CONTRIBUTING.md that a program can check: test names, lengths of files and test functions,
//! import cycles, and words. `exceptions.toml` beside this crate lists the exceptions, each with its reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod cycles;
pub mod exceptions;
pub mod functions;
pub mod lexer;
pub mod tree;
pub mod words;
