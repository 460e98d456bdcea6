//! A rollback goes to the last version that was live and is not rejected; `on_rejected` decides whether there is one.

use super::{World, broken, model_of};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        match &entry.happening {
            Happening::Sent { slot, version } => found.extend(target(world, slot, *version, entry)),
            Happening::Verdict { version, approval, by_trimtab: false } if approval == "Rejected" => {
                found.extend(answer(world, *version, entry));
            }
            _ => {}
        }
    }
    found
}

/// The versions that were live on the target, the newest last. A rollback removes those above its target.
fn lived(world: &World<'_>, slot: &str, before: &Entry) -> Vec<u32> {
    let mut lived: Vec<u32> = Vec::new();
    for entry in world.before(before) {
        if let Happening::Serves { slot: there, version } = &entry.happening
            && there == slot
        {
            match lived.iter().position(|known| known == version) {
                Some(place) => lived.truncate(place + 1),
                None => lived.push(*version),
            }
        }
    }
    lived
}

/// Requires that a version that was live before is the right target of the rollback.
fn target(world: &World<'_>, slot: &str, version: u32, at: &Entry) -> Option<Violation> {
    let lived = lived(world, slot, at);
    let sent = world.before(at).filter_map(|entry| match &entry.happening {
        Happening::Sent { slot: there, version } if there == slot => Some(*version),
        _ => None,
    });
    let left = sent.last().filter(|left| *left != version)?;
    // An operator may request any version.
    if !lived.contains(&version)
        || world.before(at).any(|entry| matches!(entry.happening, Happening::RollbackRequested))
    {
        return None;
    }
    let (model, policy) = (model_of(version), world.policy_of(version)?);
    let is_rejected = |version: u32| world.approval(version, at) == Some("Rejected");
    let broke =
        world.before(at).any(|entry| matches!(&entry.happening, Happening::Failed { version, .. } if *version == left));
    if is_rejected(left) && !policy.rollback_pending && lived.contains(&left) && !broke {
        let what = format!("version {left} was rejected and rolled back to {version}, but the policy only notifies");
        return Some(broken(Promise::OnRejected, model, at, what));
    }
    let good =
        |rejected: &dyn Fn(u32) -> bool| lived.iter().rev().copied().find(|known| *known != left && !rejected(*known));
    // A rejection whose event was not handled yet cannot be considered.
    let handled = |version: u32| is_rejected(version) && world.has_handled_rejection(version, at);
    let expected = [good(&is_rejected), good(&handled)];
    (!expected.contains(&Some(version))).then(|| {
        let what = format!("{slot} was rolled back from version {left} to {version}; versions {lived:?} were live, so that {expected:?} was right");
        broken(Promise::RollbackTarget, model, at, what)
    })
}

/// Requires a rollback of a rejected live version, if the policy says so and there is a target.
fn answer(world: &World<'_>, version: u32, at: &Entry) -> Option<Violation> {
    let policy = world.policy_of(version)?;
    if !world.is_smooth() || !policy.rollback_pending {
        return None;
    }
    let stage = policy.stages.iter().find(|stage| lived(world, &stage.slot, at).last() == Some(&version))?;
    let good = |known: &u32| *known != version && world.approval(*known, at) != Some("Rejected");
    lived(world, &stage.slot, at).into_iter().rev().find(good)?;
    let later = world.journal().iter().skip_while(|entry| !std::ptr::eq(*entry, at));
    let sent = later.filter(|entry| matches!(&entry.happening, Happening::Sent { slot, .. } if *slot == stage.slot));
    (sent.count() == 0).then(|| {
        broken(
            Promise::OnRejected,
            model_of(version),
            at,
            format!("version {version} is rejected and live, and was not rolled back"),
        )
    })
}
