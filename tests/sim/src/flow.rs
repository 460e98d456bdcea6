//! One run: a flow, a schedule and faults; then Lambda's retries, redrives of the failure queue, and at last a second
//! delivery of all events.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::name::CommitId;
use trimtab_core::port::ObservedDefinition;

use crate::Site;
use crate::baseline::{self, Design};
pub use crate::case::Case;
use crate::check;
use crate::events::{self, LEADS, LOANS, TARIFFS};
use crate::faults::{Chance, Schedule};
pub use crate::invoke::invoke;
use crate::journal::Happening;
use crate::policies;
use crate::promise::Violation;
use crate::redelivery::{redrive, replay};
pub use crate::script::Flow;
use crate::services::{Function, Item, Services, Sim};

/// The start time of every run.
const START: Timestamp = Timestamp::UNIX_EPOCH;

/// The delays of Lambda's two retries of an asynchronous event.
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_secs(60), SignedDuration::from_secs(120)];

/// The number of redrives before an event in the failure queue counts as lost.
const REDRIVES: usize = 2;

/// The duration of a shadow test.
const SHADOW_TEST: SignedDuration = SignedDuration::from_hours(24);

/// The period of the scheduled reconcile.
const RECONCILE_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// The result of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The broken promises.
    pub violations: Vec<Violation>,
    /// The number of calls before the first redrive.
    pub calls: u32,
    /// The sites at which a fault was injected.
    pub injected: Vec<Site>,
    /// The site of each call before the first redrive, and whether its response may be out of date.
    pub sites: Vec<(Site, bool)>,
    /// The trace, if it was requested.
    pub trace: Vec<String>,
}

/// The number of seeds that share a beginning: all runs with one flow, schedule and seed below this are identical until
/// their first fault.
pub const SHARED_SEEDS: u64 = 4;

/// Snapshots of a run without faults, one before each event that led to calls.
struct Snapshots(Vec<Services>);

impl Snapshots {
    fn of(case: &Case) -> Self {
        let sim = Sim::default();
        set_up(&sim, &Case { faults: vec![], ..case.clone() }, false);
        let mut snapshots = vec![sim.services().clone()];
        while step(&sim, case.design) {
            let services = sim.services();
            if snapshots.last().is_some_and(|snapshot| snapshot.calls < services.calls) {
                snapshots.push(services.clone());
            }
        }
        Self(snapshots)
    }

    /// The last snapshot before this call.
    fn before(&self, call: u32) -> Sim {
        let snapshot = self.0.iter().rev().find(|snapshot| snapshot.calls <= call);
        snapshot.map(|snapshot| Sim::of(snapshot.clone())).unwrap_or_default()
    }
}

/// The state in which a run with these faults starts. Runs that are identical until their first fault share one
/// beginning, because playing it is most of their cost.
fn begin(case: &Case, trace: bool) -> Sim {
    const COUNT: usize = Flow::COUNT * Schedule::ALL.len() * SHARED_SEEDS as usize;
    static SNAPSHOTS: [OnceLock<Snapshots>; COUNT] = [const { OnceLock::new() }; COUNT];
    let number = (case.flow as usize * Schedule::ALL.len() + case.schedule as usize) * SHARED_SEEDS as usize
        + usize::try_from(case.seed).unwrap_or(usize::MAX);
    let shared = case.seed < SHARED_SEEDS && case.design == Design::Trimtab && !trace;
    if let (true, Some(fault), Some(snapshots)) = (shared, case.faults.iter().min(), SNAPSHOTS.get(number)) {
        let sim = snapshots.get_or_init(|| Snapshots::of(case)).before(fault.call);
        sim.services().set_faults(&case.faults);
        return sim;
    }
    let sim = Sim::default();
    set_up(&sim, case, trace);
    sim
}

/// The number of calls of a run without faults before the first redrive.
#[must_use]
pub fn calls(flow: Flow, schedule: Schedule, seed: u64) -> u32 {
    static CALLS: Mutex<BTreeMap<(Flow, Schedule, u64), u32>> = Mutex::new(BTreeMap::new());
    let mut known = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let count = || play(&Case { flow, schedule, faults: vec![], seed, design: Design::Trimtab }, false).calls;
    *known.entry((flow, schedule, seed)).or_insert_with(count)
}

/// Plays a run to its end and checks all promises.
#[must_use]
pub fn play(case: &Case, trace: bool) -> Outcome {
    let sim = begin(case, trace);
    run_to_end(&sim, case.design);
    reconcile(&sim, case, false);
    reconcile(&sim, case, false);
    let (calls, sites) = {
        let services = sim.services();
        (services.calls, services.sites.clone())
    };
    for _ in 0..REDRIVES {
        let late = redrive(&sim);
        run_to_end(&sim, case.design);
        reconcile(&sim, case, late);
    }
    let mut violations = check::all(case, &sim.services());
    if case.design == Design::Trimtab {
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
        injected: services.injected.iter().copied().collect(),
        trace: services.trace.take().unwrap_or_default(),
    }
}

/// Lets time pass until the next reconcile, which finds a lost event and catches up after a late one.
fn reconcile(sim: &Sim, case: &Case, late: bool) {
    let shadow_test = case.flow == Flow::ShadowTest;
    let due = shadow_test || late || case.schedule == Schedule::Dropped || case.flow.needs_reconcile();
    if due && case.design == Design::Trimtab {
        // A shadow test takes a day, and only a reconcile finds that it is over.
        let wait = if shadow_test { RECONCILE_EVERY + SHADOW_TEST } else { RECONCILE_EVERY };
        sim.services().after(wait, Item::Reconcile);
        run_to_end(sim, case.design);
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
            Flow::BranchDeleted => services.head = there,
            _ => {}
        }
    }
    if (case.schedule == Schedule::Dropped || case.flow.needs_snapshot()) && case.design == Design::Trimtab {
        // The first reconcile takes a snapshot; only later changes count as new.
        sim.services().after(SignedDuration::ZERO, Item::Reconcile);
        run_to_end(sim, case.design);
    }
    let mut services = sim.services();
    let mut chance = Chance::of(case.seed);
    services.calls = 0;
    services.sites.clear();
    services.schedule = Some(case.schedule);
    // A flow has at most about this many best-effort events. If the number is higher than the flow's last one, none is
    // lost.
    services.drop = (case.schedule == Schedule::Dropped).then(|| chance.below(4));
    services.chance = Some(chance);
    services.trace = trace.then(Vec::new);
    services.set_faults(&case.faults);
    services.chats = case.flow == Flow::CodePipelineExecution;
    services.lineage = (case.flow == Flow::LineageTracking).then(Default::default);
    services.monitoring = (case.flow == Flow::ModelMonitoring).then(Default::default);
    services.pipeline = (case.flow != Flow::FirstPush).then_some(ObservedDefinition { commit: None });
    if case.flow == Flow::Stages {
        services.stages.failing_smoke_test.insert(LOANS + 1);
    }
    services.bad.extend(match case.flow {
        Flow::CanaryFails => Some(2),
        Flow::StackCreation => Some(TARIFFS),
        Flow::StackRollbackFails => Some(TARIFFS + 1),
        Flow::BatchTransformFails => Some(LEADS + 1),
        _ => None,
    });
    for (wait, item) in case.flow.script() {
        services.after(wait, item);
    }
}

/// Applies all items of the queue.
pub(crate) fn run_to_end(sim: &Sim, design: Design) {
    while step(sim, design) {}
}

/// Applies the next item of the queue; false if it is empty.
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
        services.note(|| format!("  {function:?} receives {} ({})", event["detail-type"], event["id"]));
        services.handling = Some((function, Arc::clone(event)));
        services.record(Happening::Delivered { function, event: Arc::clone(event) });
    }
    let done = match design {
        Design::Trimtab => invoke(sim, function, event).is_ok(),
        other => baseline::react(sim, other, function, event),
    };
    let mut services = sim.services();
    services.handling = None;
    if done {
        return;
    }
    services.note(|| format!("  {function:?} fails with {}", event["id"]));
    let event = Arc::clone(event);
    match RETRIES.get(attempt) {
        Some(wait) => services.after(*wait, Item::Deliver { function, event, attempt: attempt + 1 }),
        None => services.failed.push((function, event)),
    }
}

/// The services with the policies of `policies/` and nothing else; they store the published facts.
#[must_use]
pub fn fresh() -> Sim {
    let sim = Sim::default();
    sim.services().policies = policies::of(None);
    sim.services().trace = Some(Vec::new());
    sim
}
