//! `notify` turns the suite's facts into messages that a person can act on, one per dedup_key.
//!
//! What the subject says and what to do next is in [`words`], where to look in [`place`]; [`decide`]
//! sends each dedup_key once, or keeps it for the digest; [`act`] publishes, to people and to a chat.

pub mod act;
mod chat;
pub mod console_links;
pub mod decide;
mod digest;
pub mod templates;

pub use act::Reaction;
pub use decide::Notify;

#[cfg(test)]
mod tests;
