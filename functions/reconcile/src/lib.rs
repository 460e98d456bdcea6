//! `reconcile` owns nothing: by the clock it asks the other functions to look for what they have not
//! heard of, model by model. Each finds what it has missed in the services that it knows, by the
//! same decisions as if the event had come: see `look.rs` of `integrate`, `retrain` and `deploy`.

#![cfg_attr(test, allow(clippy::too_many_lines, reason = "unit tests have tables of cases"))]

pub mod act;
pub mod decide;

pub use act::Reaction;
pub use decide::Reconcile;

#[cfg(test)]
mod tests;
