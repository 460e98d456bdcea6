//! Names and tokens are derived from their subject: each attempt at a call has the same, and so has the same run
//! without faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::World;
use crate::Site;
use crate::faults::Schedule;
use crate::flow::SHARED_SEEDS;
use crate::promise::{Promise, Violation};
use crate::script::Flow;
use crate::services::Services;

/// The names of calls, by site and subject.
pub(crate) type Names = BTreeMap<(Site, String), String>;

/// The names of runs without faults.
type Known = BTreeMap<(Flow, Schedule, u64), Arc<Names>>;

fn known() -> &'static Mutex<Known> {
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    KNOWN.get_or_init(Mutex::default)
}

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let broken = |(site, before, after, event): (Site, &String, &String, String)| Violation {
        promise: Promise::StableNames,
        what: format!("{site:?} was called with {before}, and for the same with {after}"),
        model: world.case.flow.model().to_owned(),
        event,
    };
    let renamed = world.services.renamed.iter();
    let mut found: Vec<Violation> =
        renamed.map(|(site, before, after, cause)| broken((*site, before, after, cause.clone()))).collect();
    let key = (world.case.flow, world.case.schedule, world.case.seed);
    let mut known = known().lock().unwrap_or_else(PoisonError::into_inner);
    if world.case.faults.is_empty() && world.case.seed < SHARED_SEEDS {
        known.entry(key).or_insert_with(|| Arc::new(names(world.services)));
    }
    // More faults change the order of events, and with it the subjects.
    let Some(names) = known.get(&key).filter(|_| world.case.faults.len() == 1) else { return found };
    let changed = names_of(world.services).filter_map(|(about, name)| {
        let before = names.get(&about).filter(|before| **before != name)?;
        Some(broken((about.0, before, &name, format!("the whole run, about {}", about.1))))
    });
    found.extend(changed.collect::<Vec<_>>());
    found
}

fn names(services: &Services) -> Names {
    names_of(services).collect()
}

/// All names that do not depend on time. Runs for data and for the schedule are named after the time at which they were
/// due.
fn names_of(services: &Services) -> impl Iterator<Item = ((Site, String), String)> {
    let of_calls = services.names.iter().map(|(about, name)| (about.clone(), name.clone()));
    let words = ["drift", "build", "image", "operator"];
    // Over many days, one fault changes which alarm has a run.
    let short = services.flow.is_some_and(|flow| Flow::ALL.contains(&flow));
    let of_runs = services.runs.iter().filter(move |_| short).filter_map(move |run| {
        let name = &run.request.display_name;
        let word = name.rsplit('-').nth(1).filter(|word| words.contains(word))?;
        let nth = services.runs.iter().filter(|other| other.request.display_name.rsplit('-').nth(1) == Some(word));
        let number = nth.take_while(|other| other.request.display_name != *name).count();
        Some(((Site::RunsFind, format!("run {number} of {word}")), name.clone()))
    });
    of_calls.chain(of_runs)
}
