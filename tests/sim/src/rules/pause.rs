//! During a pause no action is done, and events are dead-lettered.

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
                if paused && is_dead_lettered(*function) && event["source"] != "trimtab" =>
            {
                let id = event["id"].as_str().unwrap_or_default();
                if !dead_lettered_or_retried(world, *function, id, entry) {
                    let what = format!("{id} arrived during the pause, and was neither dead-lettered nor retried");
                    found.push(broken(Promise::Pause, model, entry, what));
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a pause holds for the function: it acts on a model. Messages are sent during a pause too.
fn is_dead_lettered(function: Function) -> bool {
    matches!(function, Function::Retrain | Function::Deploy | Function::Integrate | Function::Evaluate)
}

fn dead_lettered_or_retried(world: &World<'_>, function: Function, id: &str, delivered: &Entry) -> bool {
    let word = format!("{function:?}").to_lowercase();
    let later = world.journal().iter().skip_while(|entry| !std::ptr::eq(*entry, delivered)).skip(1);
    let is_it = |entry: &Entry| match &entry.happening {
        Happening::DeadLetter { function, event } => *function == word && event == id,
        Happening::Delivered { event, .. } => event["id"] == id,
        _ => false,
    };
    later.into_iter().any(is_it)
}
