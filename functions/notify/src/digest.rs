//! The message that contains several messages of one model. Pure.

use std::collections::BTreeSet;
use std::fmt::Write;

use jiff::Timestamp;
use trimtab_core::audience;
use trimtab_core::fact::Severity;
use trimtab_core::name::ModelName;
use trimtab_core::port::Message;
use trimtab_core::text;

use crate::state::Line;
use crate::templates::SUBJECT_MAX;

/// The lines of one digest, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    /// `None` for messages that belong to no model.
    pub(crate) model: Option<&'a ModelName>,
    pub(crate) lines: &'a [&'a Line],
    pub(crate) now: Timestamp,
}

impl Batch<'_> {
    /// The model; `platform` for messages that belong to none.
    pub(crate) fn owner(&self) -> &str {
        self.model.map_or("platform", ModelName::as_str)
    }

    /// Time of the oldest line.
    fn since(&self) -> Timestamp {
        self.lines.first().map_or(self.now, |line| line.at)
    }

    pub(crate) fn dedup_key(&self) -> String {
        format!("digest/{}/{}", self.owner(), self.since())
    }

    fn severities(&self) -> BTreeSet<Severity> {
        self.lines.iter().map(|line| line.severity).collect()
    }

    /// What the operator does next.
    pub(crate) fn next_step(&self) -> &'static str {
        match self.severities().last() {
            None | Some(Severity::Info) => "Nothing to do.",
            Some(Severity::Warning | Severity::Critical) => "Check each warning and critical message of the list.",
        }
    }

    /// The message to the subscribers.
    pub(crate) fn mail(&self) -> Message {
        let owner = self.owner();
        let mut body = format!("{owner}: messages since {}\n\n", self.since());
        for line in self.lines {
            let _ = writeln!(body, "  {}  {}", line.at, line.text);
        }
        let _ = write!(
            body,
            "\nWhat next\n  {}\n  Command: trimtab history {owner}\n\nDetails\n  at: {}\n  dedup_key: {}\n",
            self.next_step(),
            self.now,
            self.dedup_key()
        );
        let attributes = [
            ("severity", "info"),
            ("model", owner),
            ("kind", "Digest"),
            ("thread", &format!("digest/{owner}")),
            // A digest goes to every recipient of at least one of its lines.
            (audience::ATTRIBUTE, &audience::of(self.model, &self.severities())),
        ];
        Message {
            subject: text::subject(&format!("[info] {owner}: digest of {} messages", self.lines.len()), SUBJECT_MAX),
            body,
            attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}
