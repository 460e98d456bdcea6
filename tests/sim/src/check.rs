//! The checks at the end of every run.

mod doubles;
mod ends;
mod records;
mod stages;
mod triggers;

use doubles::doubles;
use ends::ends;
use records::records;
use stages::stages;

use trimtab_core::fact::FactKind;

use crate::baseline::Design;
use crate::flow::{Case, Flow};
use crate::promise::Violation;
use crate::rules;
use crate::services::Services;

/// The effects of Trimtab on the services: runs, builds, deliveries, other changes, and updates of the endpoint.
pub(crate) fn effects(services: &Services) -> (usize, usize, usize, usize, Vec<u32>) {
    let made = (services.runs.len(), services.builds.len() + services.defined.len(), services.deliveries.len());
    let gone = services.published.iter().filter(|(kind, _)| *kind == FactKind::BranchDeleted).count();
    let ci = services.ci.executions.len() + services.comments.len() + gone;
    (
        made.0,
        made.1 + ci,
        made.2,
        services.stops.values().sum::<usize>()
            + services.monitoring.as_ref().map_or(0, |monitoring| monitoring.changes)
            + services.candidate.executions
            + services.candidate.verdicts
            + services.stages.removals
            + services.stages.updates.values().map(Vec::len).sum::<usize>()
            + services.batch.started.len()
            + stack_calls(services),
        services.updates.clone(),
    )
}

/// The number of calls that changed the stack.
fn stack_calls(services: &Services) -> usize {
    let stack = &services.stack;
    stack.creates + stack.updates + stack.continues + stack.deletes
}

/// All violations of a run.
pub(crate) fn all(case: &Case, services: &Services) -> Vec<Violation> {
    if case.design != Design::Trimtab {
        return doubles(case, services);
    }
    // The rules come first, because their violations name the promise and the event.
    let mut found = rules::all(case, services);
    found.extend(doubles(case, services));
    found.extend(records(services));
    found.extend(services.failed.iter().map(|(function, event)| {
        Violation::lost(format!("{function:?} failed permanently with {}", event["detail-type"]))
    }));
    found.extend(ends(case, services));
    found.extend(match case.flow {
        Flow::Stages => stages(services),
        Flow::Composite => triggers::composite(services),
        Flow::Calendar => triggers::calendar(services),
        _ => Vec::new(),
    });
    found
}
