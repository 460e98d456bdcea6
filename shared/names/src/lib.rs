//! The words that every layer shares: checked names of AWS resources, kinds of drift and of
//! resources, severities, exact numbers and the sanitizer for text from outside.
//!
//! Architecture invariant: this crate depends on no other crate of Trimtab.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod decimal;
pub mod drift;
pub mod name;
pub mod resource;
pub mod severity;
pub mod text;
