//! What passed through the gateway, in order, for tests and the story to ask.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

/// One call through the gateway, or one event it sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Counts from 1, without gaps.
    pub seq: usize,
    /// RFC 3339, UTC.
    pub at: String,
    /// `call`, `event`, or `lost` for an event that never comes.
    pub kind: &'static str,
    /// The signing name of the service; empty when unsigned.
    pub service: String,
    /// The operation, as far as the request names it.
    pub action: String,
    /// The access key; empty when unsigned.
    pub principal: String,
    /// The body of a JSON request; of any other only its size.
    pub request: Value,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The body of a JSON answer; of any other only its size.
    pub response: Value,
    /// The event as it was sent, for entries of that kind.
    pub event: Value,
}

/// An append-only list that readers can wait on.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
    grown: Notify,
}

impl Journal {
    /// Appends an entry, numbered and dated here.
    pub fn push(&self, mut entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entry.seq = entries.len() + 1;
        entry.at = jiff::Timestamp::now().to_string();
        entries.push(entry);
        drop(entries);
        self.grown.notify_waiters();
    }

    /// The calls that were made with one of these access keys.
    pub fn of(&self, keys: &BTreeSet<String>) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| keys.contains(&entry.principal)).cloned().collect()
    }

    /// The entries after number `seq`; waits up to `patience` for the first of them.
    pub async fn after(&self, seq: usize, patience: Duration) -> Vec<Entry> {
        let arrived = async {
            loop {
                let grown = self.grown.notified();
                tokio::pin!(grown);
                // Listen before looking, or an entry that comes between the two is missed.
                grown.as_mut().enable();
                let found = self.since(seq);
                if !found.is_empty() {
                    return found;
                }
                grown.await;
            }
        };
        tokio::time::timeout(patience, arrived).await.unwrap_or_default()
    }

    fn since(&self, seq: usize) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().skip(seq).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_who_waits_gets_the_entry_that_comes() {
        let journal = Journal::default();
        let (found, ()) =
            tokio::join!(journal.after(0, Duration::from_secs(5)), async { journal.push(Entry::default()) });
        assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1]);
    }

    #[tokio::test]
    async fn what_was_read_is_not_read_again() {
        let journal = Journal::default();
        journal.push(Entry::default());
        assert!(journal.after(1, Duration::ZERO).await.is_empty());
    }
}
