//! The two aggregates: a message, and a model's digest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::fact::Severity;

/// Longest digest. A digest that reaches it is sent before its interval ends.
pub(crate) const LINES_MAX: usize = 100;

/// Number of sent lines whose keys are stored, so that a late copy of a fact is not sent again.
const SENT_KEYS_MAX: usize = 500;

/// An aggregate of `notify`, as the ledger stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "aggregate", rename_all = "kebab-case")]
pub enum State {
    /// Nothing is stored.
    #[default]
    Empty,
    /// The message of one dedup key.
    Message(Message),
    /// The digest of one model.
    Digest(Digest),
}

/// Delivery of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it was sent to the subscribers, or added to the digest.
    pub sent: Option<Timestamp>,
    /// ID that SNS gave it; `None` in a digest.
    pub message_id: Option<String>,
    /// When it was sent to the chat, or added to the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Timestamp>,
}

/// Messages of one model that are sent together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Lines that were not sent yet, oldest first.
    pub lines: Vec<Line>,
    /// Keys of the lines that were sent, oldest first.
    pub sent_keys: Vec<String>,
    /// Lines that the subscribers received and the chat did not, oldest first; `None` without a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_backlog: Option<Vec<Line>>,
}

/// One message of a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Identity of the message: a digest of kind and dedup key.
    pub key: String,
    /// When the fact was published.
    pub at: Timestamp,
    /// Severity of the message.
    #[serde(default = "info")]
    pub severity: Severity,
    /// Subject and first reason.
    pub text: String,
}

fn info() -> Severity {
    Severity::Info
}

impl State {
    /// Delivery of the message; default values if nothing is stored.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Message(message) => message.clone(),
            Self::Empty | Self::Digest(_) => Message::default(),
        }
    }

    /// The digest; empty if nothing is stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Digest(digest) => digest.clone(),
            Self::Empty | Self::Message(_) => Digest::default(),
        }
    }
}

impl Digest {
    /// The subscribers received the lines.
    pub(crate) fn mark_sent(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.sent_keys.extend(lines.iter().map(|line| line.key.clone()));
        let surplus = self.sent_keys.len().saturating_sub(SENT_KEYS_MAX);
        self.sent_keys.drain(..surplus);
        if let Some(backlog) = &mut self.chat_backlog {
            backlog.extend(lines);
            // A chat that refused so many gets the newest lines; the subscribers received all of them.
            let surplus = backlog.len().saturating_sub(LINES_MAX);
            backlog.drain(..surplus);
        }
    }

    /// The chat received the backlog.
    pub(crate) fn mark_posted(&mut self) {
        self.chat_backlog = None;
    }

    /// Lines that the chat has not received.
    pub(crate) fn backlog(&self) -> &[Line] {
        self.chat_backlog.as_deref().unwrap_or_default()
    }

    /// Whether the line is queued, or was sent.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.sent_keys.iter().any(|known| known == key) || self.lines.iter().any(|line| line.key == key)
    }
}
