//! During a pause nothing is done, and what comes is kept.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};
use crate::services::Function;

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let (mut found, mut paused) = (Vec::new(), false);
    let model = world.case.flow.model();
    for entry in world.journal() {
        match &entry.happening {
            Happening::Paused => paused = true,
            Happening::Resumed => paused = false,
            Happening::RunBegan(_)
            | Happening::Sent { .. }
            | Happening::Made { .. }
            | Happening::Verdict { by_trimtab: true, .. }
                if paused =>
            {
                found.push(broken(Promise::Pause, model, entry, format!("{:?} during the pause", entry.happening)));
            }
            Happening::Delivered { function, event }
                if paused && is_kept(*function) && event["source"] != "trimtab" =>
            {
                let id = event["id"].as_str().unwrap_or_default();
                if !kept_or_retried(world, *function, id, entry) {
                    let what = format!("{id} came during the pause, and was neither kept nor given back");
                    found.push(broken(Promise::Pause, model, entry, what));
                }
            }
            _ => {}
        }
    }
    found
}

/// The functions that act on a model. Messages go out during a pause, too.
fn is_kept(function: Function) -> bool {
    matches!(function, Function::Retrain | Function::Deploy | Function::Integrate | Function::Evaluate)
}

fn kept_or_retried(world: &World<'_>, function: Function, id: &str, heard: &Entry) -> bool {
    let word = format!("{function:?}").to_lowercase();
    let later = world.journal().iter().skip_while(|entry| !std::ptr::eq(*entry, heard)).skip(1);
    let is_it = |entry: &Entry| match &entry.happening {
        Happening::DeadLetter { function, event } => *function == word && event == id,
        Happening::Delivered { event, .. } => event["id"] == id,
        _ => false,
    };
    later.into_iter().any(is_it)
}
