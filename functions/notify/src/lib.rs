//! `notify` turns the suite's facts into messages that a person can act on, one per matter.
//!
//! What the subject says and what to do next is in [`words`]; [`decide`] sends each matter once;
//! [`act`] publishes.

pub mod act;
pub mod decide;
pub mod words;

pub use act::Reaction;
pub use decide::Notify;

#[cfg(test)]
mod tests;
