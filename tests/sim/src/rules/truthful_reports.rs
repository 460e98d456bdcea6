//! Failed and stopped work is reported as such, never as a success, and successful work is not reported as failed.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::outcomes::{Ending, Work};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::Message { kind, model, dedup_key, .. } = &entry.happening else { continue };
        if let Some(actual) = contradiction(world, kind, model, dedup_key, entry) {
            found.push(broken(
                Promise::TruthfulReports,
                model,
                entry,
                format!("{kind} on {dedup_key} was reported, but {actual}"),
            ));
        }
    }
    let reported = |kind: &str, dedup_key: &str| {
        world.journal().iter().any(|entry| {
            matches!(&entry.happening, Happening::Message { kind: said, dedup_key: on, .. } if said == kind && on.starts_with(dedup_key))
        })
    };
    for name in world.promised.models.keys() {
        for run in world.runs(name) {
            let bad = run.ended.is_some_and(|(_, end)| end != Ending::Succeeded);
            if bad && !reported("Training Failed", &format!("incident/{}", run.name)) {
                let what = format!("{} did not succeed, and this was not reported", run.name);
                found.push(broken(Promise::TruthfulReports, name, run.entry, what));
            }
        }
    }
    found
}

/// The fact that contradicts a message; `None` if the message is true.
fn contradiction(world: &World<'_>, kind: &str, model: &str, dedup_key: &str, at: &Entry) -> Option<String> {
    match kind {
        "Training Succeeded" | "Training Failed" => {
            let name = dedup_key.strip_prefix("incident/")?;
            let run = world.runs(model).into_iter().find(|run| run.name == name);
            let ended = run.and_then(|run| run.ended).filter(|(ended, _)| *ended <= at.at).map(|(_, end)| end);
            let right = match ended {
                Some(end) => (end == Ending::Succeeded) == (kind == "Training Succeeded"),
                // A run that could not be started has failed.
                None => kind == "Training Failed" && world.runs(model).iter().all(|run| run.name != name),
            };
            (!right).then(|| format!("the run has ended as {ended:?}"))
        }
        "Rollout Succeeded" => {
            let version = dedup_key.split('/').rev().nth(1)?.parse::<u32>().ok()?;
            let serves =
                |entry: &Entry| matches!(&entry.happening, Happening::Serves { version: live, .. } if *live == version);
            (!world.before(at).any(serves)).then(|| format!("version {version} serves nowhere"))
        }
        "Evaluation Passed" => {
            let end = world.services.ending(Work::Tests);
            (end != Ending::Succeeded).then(|| format!("its tests have ended as {end:?}"))
        }
        _ => None,
    }
}
