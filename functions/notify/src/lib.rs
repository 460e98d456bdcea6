//! `notify` turns the suite's facts into messages that a person can act on, one per matter.
//!
//! What the subject says and what to do next is in [`words`], where to look in [`place`]; [`decide`]
//! sends each matter once, or keeps it for the digest; [`act`] publishes, to people and to a chat.

pub mod act;
mod chat;
pub mod decide;
mod digest;
pub mod place;
pub mod words;

pub use act::Reaction;
pub use decide::Notify;

#[cfg(test)]
mod tests;
