//! The journal: all calls and events in order, for tests and stories.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

/// One call or one event.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// The number of the entry, from 1 without gaps.
    pub seq: usize,
    /// The time as RFC 3339 in UTC.
    pub at: String,
    /// `call`, `event`, or `lost` for an event that was not sent.
    pub kind: &'static str,
    /// The signing name of the service; empty if unsigned.
    pub service: String,
    /// The operation, if the request contains it.
    pub action: String,
    /// The access key; empty if unsigned.
    pub principal: String,
    /// The body of a JSON request; for other requests only the size.
    pub request: Value,
    /// The HTTP status of the response.
    pub status: u16,
    /// The body of a JSON response; for other responses only the size.
    pub response: Value,
    /// The event as sent, in entries of kind `event`.
    pub event: Value,
}

/// An append-only list; readers can wait for new entries.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
    grown: Notify,
}

impl Journal {
    /// Appends an entry and sets its number and time.
    pub fn push(&self, mut entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entry.seq = entries.len() + 1;
        entry.at = jiff::Timestamp::now().to_string();
        entries.push(entry);
        drop(entries);
        self.grown.notify_waiters();
    }

    /// The calls with one of these access keys.
    pub fn of(&self, keys: &BTreeSet<String>) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| keys.contains(&entry.principal)).cloned().collect()
    }

    /// The entries after number `seq`; waits up to `timeout` for the first.
    pub async fn after(&self, seq: usize, timeout: Duration) -> Vec<Entry> {
        let arrived = async {
            loop {
                let grown = self.grown.notified();
                tokio::pin!(grown);
                // Subscribe before reading: an entry that is added in between would be missed.
                grown.as_mut().enable();
                let found = self.since(seq);
                if !found.is_empty() {
                    return found;
                }
                grown.await;
            }
        };
        tokio::time::timeout(timeout, arrived).await.unwrap_or_default()
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
    async fn waiting_reader_gets_new_entry() {
        let journal = Journal::default();
        let (found, ()) =
            tokio::join!(journal.after(0, Duration::from_secs(5)), async { journal.push(Entry::default()) });
        assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1]);
    }

    #[tokio::test]
    async fn entries_are_read_once() {
        let journal = Journal::default();
        journal.push(Entry::default());
        assert!(journal.after(1, Duration::ZERO).await.is_empty());
    }
}
