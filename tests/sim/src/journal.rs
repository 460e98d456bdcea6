//! What happened in the world, in order: the record that the rules are held against. It knows the calls as
//! AWS saw them, and nothing of what the functions meant by them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::Site;
use crate::guard_ports::CreatedResource;
use crate::services::{Function, Services};

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    /// The number of the last call that was made by then.
    call: u32,
    /// The event that was being answered.
    handling: Option<(Function, Arc<Value>)>,
    pub(crate) happening: Happening,
}

/// What it was.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A version was sent to what serves it.
    Sent {
        slot: String,
        version: u32,
    },
    /// It serves there from now on.
    Serves {
        slot: String,
        version: u32,
    },
    /// It came to nothing there: what served before serves on, or nothing does.
    Failed {
        slot: String,
        version: u32,
    },
    /// A model was made in this account, with this role.
    Made {
        account: &'static str,
        version: u32,
        role: String,
    },
    /// An endpoint was touched in this account: created, updated, deleted, scaled, asked.
    EndpointCall {
        site: Site,
        account: &'static str,
        endpoint: String,
    },
    /// A run of this number began.
    RunBegan(usize),
    /// A verdict on a version: a person's, or the suite's.
    Verdict {
        version: u32,
        approval: String,
        by_trimtab: bool,
    },
    /// The status of a version in the registry.
    Status {
        version: u32,
        status: &'static str,
    },
    /// A person lets a version into production.
    Promoted(u32),
    /// Somebody made this by hand, and its owner put it right.
    MadeByHand(CreatedResource),
    Corrected,
    /// A person asks to go back.
    RollbackRequested,
    /// A person asks for a run whatever was spent.
    OverBudgetRequested,
    /// A commit became the head of a watched branch.
    Head(String),
    /// A commit was built to this end.
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
    /// An event was delivered, kept, or has its record.
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
    /// A call was given another name than before.
    Renamed,
    /// The model was paused, and resumed.
    Paused,
    Resumed,
}

impl Entry {
    /// The event that was being answered, and the call.
    pub(crate) fn cause(&self) -> String {
        let call = self.call;
        match &self.handling {
            Some((function, event)) => {
                let (id, kind) = (event["id"].as_str().unwrap_or("?"), event["detail-type"].as_str().unwrap_or("?"));
                format!("{kind} ({id}), answered by {function:?}, call {call}, at {}", self.at)
            }
            None => format!("by itself, after call {call}, at {}", self.at),
        }
    }
}

impl Services {
    /// Writes down what happened.
    pub(crate) fn record(&mut self, happening: Happening) {
        let (at, call, handling) = (self.now, self.calls.saturating_sub(1), self.handling.clone());
        self.journal.push(Entry { at, call, handling, happening });
    }

    /// An attempt at a call that carries a name or token made of this subject, whatever becomes of it.
    pub(crate) fn attempt(&mut self, site: Site, subject: String, name: &str) {
        let known = self.names.entry((site, subject)).or_insert_with(|| name.to_owned());
        if known != name {
            let (at, handling, happening) = (self.now, self.handling.clone(), Happening::Renamed);
            let cause = Entry { at, call: self.calls, handling, happening }.cause();
            self.renamed.push((site, known.clone(), name.to_owned(), cause));
        }
    }
}
