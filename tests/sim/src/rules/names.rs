//! Names and tokens are made of what they are about: each attempt at a call has the same, and so has the same run
//! without faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::World;
use crate::Site;
use crate::faults::Schedule;
use crate::flow::BEGINNINGS;
use crate::promise::{Promise, Violation};
use crate::script::Flow;
use crate::services::Services;

/// What calls were named, by what they are about.
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
    if world.case.faults.is_empty() && world.case.seed < BEGINNINGS {
        known.entry(key).or_insert_with(|| Arc::new(names(world.services)));
    }
    // More faults change what comes first, and with it what is about what.
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

/// All names, and those of the runs that people or alarms ask for: data and the calendar are known by when they
/// were heard of.
fn names_of(services: &Services) -> impl Iterator<Item = ((Site, String), String)> {
    let of_calls = services.names.iter().map(|(about, name)| (about.clone(), name.clone()));
    let words = ["drift", "build", "image", "operator"];
    // In many days, one fault changes which alarm has its run.
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
