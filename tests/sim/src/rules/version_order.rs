//! Versions are deployed in order: no older one replaces a newer one, unless the newer one was rejected or could not be
//! verified, or an operator requests it. A version enters a stage after it is live in the previous one.

use super::{World, broken, model_of};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::Sent { slot, version } = &entry.happening else { continue };
        let sent = world.before(entry).filter_map(|earlier| match &earlier.happening {
            Happening::Sent { slot: there, version } if there == slot => Some(*version),
            _ => None,
        });
        if let Some(newer) = sent.last().filter(|last| last > version)
            && !may_be_replaced(world, slot, newer, entry)
        {
            let what = format!("version {version} was sent over the newer version {newer}: {slot}");
            found.push(broken(Promise::Order, model_of(*version), entry, what));
        }
        found.extend(stage(world, slot, *version, entry));
    }
    found
}

/// Whether an older version may replace this one.
fn may_be_replaced(world: &World<'_>, slot: &str, version: u32, at: &Entry) -> bool {
    let rejected = world.approval(version, at) == Some("Rejected");
    let about = |dedup_key: &str| {
        dedup_key.starts_with("rollout/") && dedup_key.split('/').rev().nth(1) == Some(&version.to_string())
    };
    rejected
        || world.before(at).any(|entry| match &entry.happening {
            Happening::Failed { slot: there, version: broke } => there == slot && *broke == version,
            Happening::RollbackRequested => true,
            // A version without alarm data, or that fails its smoke test, could not be verified; a message reports
            // that.
            Happening::Fact { kind, dedup_key, .. } => {
                ["Rollout Rolled Back", "Smoke Test Failed"].contains(kind) && about(dedup_key)
            }
            _ => false,
        })
        || proved_nothing(world, version, at)
}

/// The facts of a decision are published after its calls: the report may be slightly later than the next deployment.
fn proved_nothing(world: &World<'_>, version: u32, at: &Entry) -> bool {
    let later = world.journal().iter().skip_while(|entry| !std::ptr::eq(*entry, at));
    let mut reported = later.filter_map(|entry| match &entry.happening {
        Happening::Fact { kind, dedup_key, .. } => Some((*kind, dedup_key)),
        _ => None,
    });
    let word = version.to_string();
    reported.any(|(kind, dedup_key)| {
        ["Rollout Rolled Back", "Smoke Test Failed"].contains(&kind)
            && dedup_key.split('/').rev().nth(1) == Some(word.as_str())
    })
}

/// Requires that a version is live in the previous stage, and, if the gate is manual, that an operator promoted it.
fn stage(world: &World<'_>, slot: &str, version: u32, at: &Entry) -> Option<Violation> {
    let stages = &world.policy_of(version)?.stages;
    let number = stages.iter().position(|stage| stage.slot == slot)?;
    let before = stages.get(number.checked_sub(1)?)?;
    let served = |there: &str| {
        let is_it = |entry: &Entry| matches!(&entry.happening, Happening::Serves { slot, version: served } if slot == there && *served == version);
        world.before(at).any(is_it)
    };
    if served(slot) {
        return None;
    }
    let let_in =
        world.before(at).any(|entry| matches!(entry.happening, Happening::Promoted(promoted) if promoted == version));
    let gate = stages.get(number).is_some_and(|stage| stage.manual_gate);
    let what = match (served(&before.slot), gate && !let_in) {
        (false, _) => format!("version {version} was sent to {slot} before it was live in {}", before.slot),
        (true, true) => format!("version {version} was sent to {slot}, and no operator promoted it"),
        (true, false) => return None,
    };
    Some(broken(Promise::Order, model_of(version), at, what))
}
