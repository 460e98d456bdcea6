//! The budget: no more runs than the policy allows within any window, for all triggers. An operator may exceed it.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, model) in &world.promised.models {
        let Some(limits) = &model.limits else { continue };
        let runs = world.runs(name);
        let mut leave =
            world.journal().iter().filter(|entry| matches!(entry.happening, Happening::OverBudgetRequested)).peekable();
        for (number, run) in runs.iter().enumerate() {
            let so_far = runs.iter().take(number + 1);
            let within =
                so_far.filter(|earlier| run.entry.at.duration_since(earlier.entry.at) + world.slack() < limits.per);
            if within.count() <= limits.runs {
                continue;
            }
            // Each request beyond the budget allows one run: the operator's, or that of a commit that was deferred with
            // it.
            let by_a_person = ["operator", "build"].contains(&run.word);
            if by_a_person && leave.next_if(|asked| asked.at <= run.entry.at).is_some() {
                continue;
            }
            let (most, per) = (limits.runs, limits.per);
            let what = format!("{} is one run more than {most} within {per:#}", run.name);
            found.push(broken(Promise::Budget, name, run.entry, what));
        }
        found.extend(one_at_a_time(name, &runs));
    }
    found
}

/// A trigger during a run is merged into it, or waits for its end.
fn one_at_a_time(model: &str, runs: &[super::Begun<'_>]) -> Vec<Violation> {
    let is_on = |run: &super::Begun<'_>, at: &Entry| run.ended.is_none_or(|(ended, _)| ended > at.at);
    let both = runs.windows(2).filter(|two| matches!(two, [one, next] if is_on(one, next.entry)));
    both.filter_map(|two| two.last())
        .map(|run| broken(Promise::Once, model, run.entry, format!("{} began while another run was on", run.name)))
        .collect()
}
