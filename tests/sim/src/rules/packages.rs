//! Only approved versions with the status `Completed` are deployed, or get a SageMaker model.

use super::{World, broken, model_of};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let version = match &entry.happening {
            Happening::Sent { version, .. } | Happening::Made { version, .. } => *version,
            _ => continue,
        };
        if let Some(wrong) = wrong(world, version, entry) {
            let what = format!("version {version} was sent although {wrong}");
            found.push(broken(Promise::OnlyApproved, model_of(version), entry, what));
        }
    }
    found
}

fn wrong(world: &World<'_>, version: u32, at: &Entry) -> Option<String> {
    let status = world.before(at).filter_map(|entry| match &entry.happening {
        Happening::Status { version: of, status } if *of == version => Some(*status),
        _ => None,
    });
    if let Some(status) = status.last().filter(|status| *status != "Completed") {
        return Some(format!("its status is {status}"));
    }
    match world.approval(version, at) {
        Some("Approved") => None,
        // A rejection whose event was not handled yet cannot be considered.
        Some("Rejected") if !world.has_handled_rejection(version, at) => None,
        other => Some(format!("its approval is {}", other.unwrap_or("not there"))),
    }
}
