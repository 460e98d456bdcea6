//! One run: a flow, a schedule, faults; Lambda's retries, the failure queue sent again, and at last
//! the whole log of events once more.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::name::CommitId;
use trimtab_core::port::ObservedDefinition;

use crate::Site;
use crate::again::{redrive, replay};
use crate::baseline::{self, Design};
pub use crate::case::Case;
use crate::check;
use crate::events::{self, LEADS, LOANS, TARIFFS};
use crate::faults::{Chance, Schedule};
pub use crate::invoke::invoke;
use crate::journal::Deed;
use crate::policies;
use crate::promise::Violation;
pub use crate::script::Flow;
use crate::services::{Function, Item, Services, Sim};

/// When every run begins.
const START: Timestamp = Timestamp::UNIX_EPOCH;

/// Lambda tries an asynchronous event again after one minute and after two more.
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_secs(60), SignedDuration::from_secs(120)];

/// How often the failure queue is sent again before what is left in it counts as lost.
const REDRIVES: usize = 2;

/// How long a version is a shadow.
const SHADOWED: SignedDuration = SignedDuration::from_hours(24);

/// How often the clock asks for a look.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What should not be; empty is good.
    pub violations: Vec<Violation>,
    /// How many calls were made before anything was sent again.
    pub calls: u32,
    /// Which sites were struck.
    pub struck: Vec<Site>,
    /// What each of these calls was to, and whether its answer may be out of date.
    pub sites: Vec<(Site, bool)>,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

/// How many beginnings of chance there are: the runs of one flow, schedule and beginning are the
/// same until their first fault.
pub const BEGINNINGS: u64 = 4;

/// A run without faults, as it was before each event that led to calls.
struct Opening(Vec<Services>);

impl Opening {
    fn of(case: &Case) -> Self {
        let sim = Sim::default();
        set_up(&sim, &Case { faults: vec![], ..case.clone() }, false);
        let mut stages = vec![sim.services().clone()];
        while step(&sim, case.design) {
            let services = sim.services();
            if stages.last().is_some_and(|stage| stage.calls < services.calls) {
                stages.push(services.clone());
            }
        }
        Self(stages)
    }

    /// The last stage before this call.
    fn before(&self, call: u32) -> Sim {
        let stage = self.0.iter().rev().find(|stage| stage.calls <= call);
        stage.map(|stage| Sim::of(stage.clone())).unwrap_or_default()
    }
}

/// Where a run with these faults begins: every run is its own, and what is the same is played once.
fn begin(case: &Case, trace: bool) -> Sim {
    const COUNT: usize = Flow::COUNT * Schedule::ALL.len() * BEGINNINGS as usize;
    static OPENINGS: [OnceLock<Opening>; COUNT] = [const { OnceLock::new() }; COUNT];
    let number = (case.flow as usize * Schedule::ALL.len() + case.schedule as usize) * BEGINNINGS as usize
        + usize::try_from(case.seed).unwrap_or(usize::MAX);
    let shared = case.seed < BEGINNINGS && case.design == Design::Suite && !trace;
    if let (true, Some(fault), Some(opening)) = (shared, case.faults.iter().min(), OPENINGS.get(number)) {
        let sim = opening.get_or_init(|| Opening::of(case)).before(fault.call);
        sim.services().set_faults(&case.faults);
        return sim;
    }
    let sim = Sim::default();
    set_up(&sim, case, trace);
    sim
}

/// How many calls a run without faults makes before anything is sent again.
#[must_use]
pub fn calls(flow: Flow, schedule: Schedule, seed: u64) -> u32 {
    static CALLS: Mutex<BTreeMap<(Flow, Schedule, u64), u32>> = Mutex::new(BTreeMap::new());
    let mut known = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let count = || play(&Case { flow, schedule, faults: vec![], seed, design: Design::Suite }, false).calls;
    *known.entry((flow, schedule, seed)).or_insert_with(count)
}

/// Plays a run to its end, and checks it.
#[must_use]
pub fn play(case: &Case, trace: bool) -> Outcome {
    let sim = begin(case, trace);
    settle(&sim, case.design);
    look(&sim, case, false);
    look(&sim, case, false);
    let (calls, sites) = {
        let services = sim.services();
        (services.calls, services.sites.clone())
    };
    for _ in 0..REDRIVES {
        let late = redrive(&sim);
        settle(&sim, case.design);
        look(&sim, case, late);
    }
    let mut violations = check::all(case, &sim.services());
    if case.design == Design::Suite {
        violations.extend(replay(&sim));
    }
    for violation in violations.iter_mut().filter(|violation| violation.model.is_empty()) {
        case.flow.model().clone_into(&mut violation.model);
    }
    let mut services = sim.services();
    Outcome {
        violations,
        calls,
        sites,
        struck: services.struck.iter().copied().collect(),
        trace: services.trace.take().unwrap_or_default(),
    }
}

/// The clock goes on: the event that never came is found by looking, and what came late is looked after.
fn look(sim: &Sim, case: &Case, late: bool) {
    let tried = case.flow == Flow::Shadowed;
    let looks = tried || late || case.schedule == Schedule::Dropped || case.flow.is_watched();
    if looks && case.design == Design::Suite {
        // A variant test lasts a day: only a reconcile finds that it is over.
        let wait = if tried { LOOK_EVERY + SHADOWED } else { LOOK_EVERY };
        sim.services().after(wait, Item::Look);
        settle(sim, case.design);
    }
}

fn set_up(sim: &Sim, case: &Case, trace: bool) {
    {
        let mut services = sim.services();
        services.now = START;
        services.policies = policies::of(Some(case.flow));
        services.flow = Some(case.flow);
        let there = CommitId::parse(events::COMMIT).ok();
        match case.flow {
            Flow::Merged => services.proposed = there,
            Flow::Deleted => services.head = there,
            _ => {}
        }
    }
    if (case.schedule == Schedule::Dropped || case.flow.is_seen()) && case.design == Design::Suite {
        // The suite has looked before: what comes from now on is news.
        sim.services().after(SignedDuration::ZERO, Item::Look);
        settle(sim, case.design);
    }
    let mut services = sim.services();
    let mut chance = Chance::of(case.seed);
    services.calls = 0;
    services.sites.clear();
    services.schedule = Some(case.schedule);
    // A flow has up to this many best-effort events; the number may be one that never is.
    services.drop = (case.schedule == Schedule::Dropped).then(|| chance.below(4));
    services.chance = Some(chance);
    services.trace = trace.then(Vec::new);
    services.set_faults(&case.faults);
    services.chats = case.flow == Flow::CodePipelineExecution;
    services.lineage = (case.flow == Flow::Tracked).then(Default::default);
    services.watch = (case.flow == Flow::Watched).then(Default::default);
    services.pipeline = (case.flow != Flow::FirstPush).then_some(ObservedDefinition { commit: None });
    if case.flow == Flow::Stages {
        services.staged.dumb.insert(LOANS + 1);
    }
    services.bad.extend(match case.flow {
        Flow::CanaryFails => Some(2),
        Flow::Stacked => Some(TARIFFS),
        Flow::StackFails => Some(TARIFFS + 1),
        Flow::TransformFails => Some(LEADS + 1),
        _ => None,
    });
    for (wait, item) in case.flow.script() {
        services.after(wait, item);
    }
}

/// Until nothing is under way any more.
pub(crate) fn settle(sim: &Sim, design: Design) {
    while step(sim, design) {}
}

/// The next thing; false if there is none.
fn step(sim: &Sim, design: Design) -> bool {
    let next = {
        let mut services = sim.services();
        let Some(Reverse((at, number))) = services.queue.pop() else { return false };
        services.now = services.now.max(at);
        services.items.get_mut(number).and_then(Option::take)
    };
    match next {
        Some(Item::Deliver { function, event, attempt }) => deliver(sim, design, function, &event, attempt),
        Some(item) => sim.services().happen(item),
        None => {}
    }
    true
}

fn deliver(sim: &Sim, design: Design, function: Function, event: &Arc<Value>, attempt: usize) {
    {
        let mut services = sim.services();
        services.note(|| format!("  {function:?} hears {} ({})", event["detail-type"], event["id"]));
        services.during = Some((function, Arc::clone(event)));
        services.record(Deed::Heard { function, event: Arc::clone(event) });
    }
    let done = match design {
        Design::Suite => invoke(sim, function, event).is_ok(),
        other => baseline::react(sim, other, function, event),
    };
    let mut services = sim.services();
    services.during = None;
    if done {
        return;
    }
    services.note(|| format!("  {function:?} gives {} back", event["id"]));
    let event = Arc::clone(event);
    match RETRIES.get(attempt) {
        Some(wait) => services.after(*wait, Item::Deliver { function, event, attempt: attempt + 1 }),
        None => services.failed.push((function, event)),
    }
}

/// The services with the policies of `policies/` applied, and nothing else; they write down what is told.
#[must_use]
pub fn fresh() -> Sim {
    let sim = Sim::default();
    sim.services().policies = policies::of(None);
    sim.services().trace = Some(Vec::new());
    sim
}
