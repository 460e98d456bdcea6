//! Each message has its kind's severity, and each fact for people has its message.
//!
//! The table is the README's rule in full: critical is what production or the loop needs a person for now, warning
//! is what was held back, refused or waits for a person, and info is what needs nobody. What is between functions
//! is nothing for people.

use std::collections::BTreeSet;

use super::{World, broken};
use crate::journal::Deed;
use crate::promise::{Promise, Violation};

const CRITICAL: [&str; 11] = [
    "Circuit Opened",
    "Training Failed",
    "Evaluation Stuck",
    "Rollout Held",
    "Rollout Rolled Back",
    "Rollout Failed",
    "Smoke Test Failed",
    "Deadline Passed",
    "Stop Failed",
    "Watch Failed",
    // Not a fact of the suite: CloudWatch's alarms on it.
    "Queue Not Empty",
];

const WARNING: [&str; 13] = [
    "Build Failed",
    "Branch Deleted",
    "Training Skipped",
    "Evaluation Failed",
    "Approval Requested",
    "Rollout Skipped",
    "Promotion Waits",
    "Rollback Refused",
    "Package Rejected",
    "Finding Reported",
    "Job Stopped",
    "Watch Blind",
    "Event Rejected",
];

const INFO: [&str; 15] = [
    "Build Started",
    "Image Adopted",
    "Training Started",
    "Training Joined",
    "Training Succeeded",
    "Evaluation Started",
    "Evaluation Passed",
    "Rollout Started",
    "Rollout Parked",
    "Rollout Succeeded",
    "Finding Closed",
    "Baseline Started",
    "Watch Started",
    "Watch Changed",
    "Digest",
];

/// What is between two functions.
const REQUESTS: [&str; 11] = [
    "Build Requested",
    "Training Requested",
    "Evaluation Requested",
    "Promotion Requested",
    "Withdrawal Requested",
    "Rollback Requested",
    "Stage Look Requested",
    "Watch Requested",
    "Look Requested",
    "Image Requested",
    "Notice Held",
];

/// The severity of a kind; `None` for what is nothing for people.
fn severity(kind: &str) -> Option<&'static str> {
    let table = [(&CRITICAL[..], "critical"), (&WARNING[..], "warning"), (&INFO[..], "info")];
    table.into_iter().find(|(kinds, _)| kinds.contains(&kind)).map(|(_, severity)| severity)
}

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let (mut found, mut sent) = (Vec::new(), BTreeSet::new());
    let mut told: Vec<(&crate::journal::Entry, &str, &str, Option<&str>)> = Vec::new();
    for entry in world.journal() {
        match &entry.deed {
            Deed::Message { kind, severity: said, model, matter, subject, body } => {
                sent.insert((kind.as_str(), matter.as_str(), model.as_str()));
                // A chat has a shape of its own, made of the same message.
                if !body.contains("\nWhat next\n") {
                    continue;
                }
                let right = severity(kind);
                if right != Some(said) || !subject.starts_with(&format!("[{said}]")) {
                    let what = format!("{kind} is {right:?}, and {said} in the message {subject:?}");
                    found.push(broken(Promise::Severity, model, entry, what));
                }
            }
            Deed::Fact { kind, model, matter, .. } if !REQUESTS.contains(kind) => {
                told.push((entry, kind, matter, model.as_deref()));
            }
            _ => {}
        }
    }
    for (entry, kind, matter, model) in told {
        let quiet = model.and_then(|model| world.promised.models.get(model)).map(|model| &model.quiet);
        let waits = quiet.zip(severity(kind)).is_some_and(|(quiet, word)| quiet.iter().any(|known| known == word));
        let name = model.unwrap_or("trimtab");
        if !waits && !sent.contains(&(kind, matter, name)) {
            let what = format!("{kind} on {matter} has no message of {name}");
            found.push(broken(Promise::Told, name, entry, what));
        }
    }
    found
}
