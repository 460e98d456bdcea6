//! Versions go out in order: no older one over a newer one, unless the newer one was rejected or proved nothing,
//! or a person wants it. And a version enters a stage after it is live in the one before.

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
            && !gives_way(world, slot, newer, entry)
        {
            let what = format!("version {version} was sent over the newer version {newer}: {slot}");
            found.push(broken(Promise::Order, model_of(*version), entry, what));
        }
        found.extend(stage(world, slot, *version, entry));
    }
    found
}

/// Whether a version may be followed by an older one.
fn gives_way(world: &World<'_>, slot: &str, version: u32, at: &Entry) -> bool {
    let rejected = world.approval(version, at) == Some("Rejected");
    let about = |dedup_key: &str| {
        dedup_key.starts_with("rollout/") && dedup_key.split('/').rev().nth(1) == Some(&version.to_string())
    };
    rejected
        || world.before(at).any(|entry| match &entry.happening {
            Happening::Failed { slot: there, version: broke } => there == slot && *broke == version,
            Happening::RollbackRequested => true,
            // What has no data on its alarms, or does not answer, proves nothing; that is told with it.
            Happening::Fact { kind, dedup_key, .. } => {
                ["Rollout Rolled Back", "Smoke Test Failed"].contains(kind) && about(dedup_key)
            }
            _ => false,
        })
        || proved_nothing(world, version, at)
}

/// The facts of a decision go out after its calls: the version is told to have proved nothing a moment later.
fn proved_nothing(world: &World<'_>, version: u32, at: &Entry) -> bool {
    let later = world.journal().iter().skip_while(|entry| !std::ptr::eq(*entry, at));
    let mut told = later.filter_map(|entry| match &entry.happening {
        Happening::Fact { kind, dedup_key, .. } => Some((*kind, dedup_key)),
        _ => None,
    });
    let word = version.to_string();
    told.any(|(kind, dedup_key)| {
        ["Rollout Rolled Back", "Smoke Test Failed"].contains(&kind)
            && dedup_key.split('/').rev().nth(1) == Some(word.as_str())
    })
}

/// A later stage takes what is live in the one before, and, where a person is the gate, was let in.
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
    let gate = stages.get(number).is_some_and(|stage| stage.waits_for_a_person);
    let what = match (served(&before.slot), gate && !let_in) {
        (false, _) => format!("version {version} was sent to {slot} before it was live in {}", before.slot),
        (true, true) => format!("version {version} was sent to {slot}, and nobody let it in"),
        (true, false) => return None,
    };
    Some(broken(Promise::Order, model_of(version), at, what))
}
