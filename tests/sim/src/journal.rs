//! The journal of a run, against which the rules are checked. It records the calls as AWS receives them, and knows
//! nothing of the functions' intentions.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::Site;
use crate::guard_ports::CreatedResource;
use crate::services::{Function, Services};

/// An entry of the journal.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    /// The number of the last call before the entry.
    call: u32,
    /// The event that a function was handling.
    handling: Option<(Function, Arc<Value>)>,
    pub(crate) happening: Happening,
}

/// The content of an entry.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A version was sent to a target.
    Sent {
        slot: String,
        version: u32,
    },
    /// The target serves the version from now on.
    Serves {
        slot: String,
        version: u32,
    },
    /// The version failed on the target, which serves the previous version or nothing.
    Failed {
        slot: String,
        version: u32,
    },
    /// A SageMaker model was created in this account, with this role.
    Made {
        account: &'static str,
        version: u32,
        role: String,
    },
    /// An endpoint was created, updated, deleted, scaled or invoked in this account.
    EndpointCall {
        site: Site,
        account: &'static str,
        endpoint: String,
    },
    /// The run with this number started.
    RunBegan(usize),
    /// A verdict on a version: an operator's, or Trimtab's.
    Verdict {
        version: u32,
        approval: String,
        by_trimtab: bool,
    },
    /// The status of a version in the Model Registry changed.
    Status {
        version: u32,
        status: &'static str,
    },
    /// An operator promotes a version to production.
    Promoted(u32),
    /// A user created a resource, and later corrected its tags.
    MadeByHand(CreatedResource),
    Corrected,
    /// An operator requested a rollback.
    RollbackRequested,
    /// An operator requested a run beyond the budget.
    OverBudgetRequested,
    /// A commit became the head of a configured branch.
    Head(String),
    /// The build of a commit ended.
    Built {
        commit: String,
        project: String,
        succeeded: bool,
    },
    /// A fact was published.
    Fact {
        kind: &'static str,
        model: Option<String>,
        dedup_key: String,
        commit: Option<String>,
    },
    /// A message was sent.
    Message {
        kind: String,
        severity: String,
        model: String,
        dedup_key: String,
        subject: String,
        body: String,
    },
    /// An event was delivered; it was dead-lettered; it has its terminal record.
    Delivered {
        function: Function,
        event: Arc<Value>,
    },
    DeadLetter {
        function: String,
        event: String,
    },
    Finished {
        function: String,
        event: String,
    },
    /// A call carried another name than its earlier attempt.
    Renamed,
    /// The model was paused; it was resumed.
    Paused,
    Resumed,
}

impl Entry {
    /// The event that a function was handling, and the number of the call.
    pub(crate) fn cause(&self) -> String {
        let call = self.call;
        match &self.handling {
            Some((function, event)) => {
                let (id, kind) = (event["id"].as_str().unwrap_or("?"), event["detail-type"].as_str().unwrap_or("?"));
                format!("{kind} ({id}), handled by {function:?}, call {call}, at {}", self.at)
            }
            None => format!("without an event, after call {call}, at {}", self.at),
        }
    }
}

impl Services {
    /// Adds an entry to the journal.
    pub(crate) fn record(&mut self, happening: Happening) {
        let (at, call, handling) = (self.now, self.calls.saturating_sub(1), self.handling.clone());
        self.journal.push(Entry { at, call, handling, happening });
    }

    /// Records the name or token that an attempt at a call carries for its subject, whatever the outcome.
    pub(crate) fn attempt(&mut self, site: Site, subject: String, name: &str) {
        let known = self.names.entry((site, subject)).or_insert_with(|| name.to_owned());
        if known != name {
            let (at, handling, happening) = (self.now, self.handling.clone(), Happening::Renamed);
            let cause = Entry { at, call: self.calls, handling, happening }.cause();
            self.renamed.push((site, known.clone(), name.to_owned(), cause));
        }
    }
}
