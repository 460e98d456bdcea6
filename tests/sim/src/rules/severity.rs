//! Each message has the severity of its kind, and each fact has its message, except requests between functions.
//!
//! Critical needs an operator now, for production or for the loop. Warning reports work that is held, refused or
//! waiting for an operator. Info needs no action.

use std::collections::BTreeSet;

use super::{World, broken};
use crate::journal::Happening;
use crate::promise::{Promise, Violation};

const CRITICAL: [&str; 11] = [
    "Circuit Opened",
    "Training Failed",
    "Evaluation Stuck",
    "Rollout Held",
    "Rollout Rolled Back",
    "Rollout Failed",
    "Smoke Test Failed",
    "Deadline Exceeded",
    "Stop Failed",
    "Monitoring Failed",
    // CloudWatch's alarms on Trimtab, not a fact.
    "Queue Not Empty",
];

const WARNING: [&str; 13] = [
    "Build Failed",
    "Branch Deleted",
    "Training Skipped",
    "Evaluation Failed",
    "Approval Requested",
    "Rollout Skipped",
    "Promotion Pending",
    "Rollback Refused",
    "Package Rejected",
    "Finding Reported",
    "Job Stopped",
    "Data Capture Missing",
    "Event Dead-Lettered",
];

const INFO: [&str; 15] = [
    "Build Started",
    "Image Adopted",
    "Training Started",
    "Training Trigger Merged",
    "Training Succeeded",
    "Evaluation Started",
    "Evaluation Passed",
    "Rollout Started",
    "Rollout Queued",
    "Rollout Succeeded",
    "Finding Closed",
    "Baseline Started",
    "Monitoring Started",
    "Monitoring Changed",
    "Digest",
];

/// The requests between functions.
const REQUESTS: [&str; 11] = [
    "Build Requested",
    "Training Requested",
    "Evaluation Requested",
    "Promotion Requested",
    "Withdrawal Requested",
    "Rollback Requested",
    "Stage Reconcile Requested",
    "Monitoring Requested",
    "Reconcile Requested",
    "Image Requested",
    "Notification Batched",
];

/// The severity of a kind; `None` for a kind without messages.
fn severity(kind: &str) -> Option<&'static str> {
    let table = [(&CRITICAL[..], "critical"), (&WARNING[..], "warning"), (&INFO[..], "info")];
    table.into_iter().find(|(kinds, _)| kinds.contains(&kind)).map(|(_, severity)| severity)
}

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let (mut found, mut sent) = (Vec::new(), BTreeSet::new());
    let mut reported: Vec<(&crate::journal::Entry, &str, &str, Option<&str>)> = Vec::new();
    for entry in world.journal() {
        match &entry.happening {
            Happening::Message { kind, severity: said, model, dedup_key, subject, body } => {
                sent.insert((kind.as_str(), dedup_key.as_str(), model.as_str()));
                // A chat message has another format, made from the same message.
                if !body.contains("\nWhat next\n") {
                    continue;
                }
                let right = severity(kind);
                if right != Some(said) || !subject.starts_with(&format!("[{said}]")) {
                    let what = format!("{kind} is {right:?}, and {said} in the message {subject:?}");
                    found.push(broken(Promise::Severity, model, entry, what));
                }
            }
            Happening::Fact { kind, model, dedup_key, .. } if !REQUESTS.contains(kind) => {
                reported.push((entry, kind, dedup_key, model.as_deref()));
            }
            _ => {}
        }
    }
    for (entry, kind, dedup_key, model) in reported {
        let quiet = model.and_then(|model| world.promised.models.get(model)).map(|model| &model.quiet);
        let waits = quiet.zip(severity(kind)).is_some_and(|(quiet, word)| quiet.iter().any(|known| known == word));
        let name = model.unwrap_or("trimtab");
        if !waits && !sent.contains(&(kind, dedup_key, name)) {
            let what = format!("{kind} on {dedup_key} has no message of {name}");
            found.push(broken(Promise::Reported, name, entry, what));
        }
    }
    found
}
