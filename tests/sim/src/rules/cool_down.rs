//! The cool-down: after the end of any run, drift (and new data, unless the policy says otherwise) starts nothing.

use super::{World, broken};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, model) in &world.promised.models {
        let Some(limits) = &model.limits else { continue };
        let runs = world.runs(name);
        for run in &runs {
            let waits = match run.word {
                "drift" => true,
                "data" | "features" => limits.data_waits,
                _ => false,
            };
            let at = run.entry.at;
            let ends = runs.iter().filter_map(|earlier| earlier.ended).map(|(ended, _)| ended);
            if let Some(ended) = ends.filter(|ended| *ended <= at && at.duration_since(*ended) < limits.cool_down).max()
                && waits
            {
                let what = format!("{} began at {at}, and the run before had ended at {ended}", run.name);
                found.push(broken(Promise::CoolDown, name, run.entry, what));
            }
        }
    }
    found
}
