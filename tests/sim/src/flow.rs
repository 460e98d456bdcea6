//! One run: a flow, a schedule, faults; Lambda's retries, the failure queue sent again, and at last
//! the whole log of events once more.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::event::Approval;
use trimtab_core::memory::run;
use trimtab_core::policy::{Policy, SuitePolicy};
use trimtab_core::port::Answer;
use trimtab_core::port::definition::DefinitionTruth;
use trimtab_core::react::{Report, World};

use crate::Site;
use crate::again::{redrive, replay};
use crate::baseline::{self, Design};
use crate::check::{self, Violation};
use crate::events::SEGMENTS;
use crate::faults::{Chance, Fault, Schedule};
use crate::services::{Function, Item, Policies, Services, Sim};

/// When every run begins.
const START: Timestamp = Timestamp::UNIX_EPOCH;

/// Lambda tries an asynchronous event again after one minute and after two more.
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_secs(60), SignedDuration::from_secs(120)];

/// How often the failure queue is sent again before what is left in it counts as lost.
const REDRIVES: usize = 2;

/// How often the clock asks for a look.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// What happens in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// An alarm, a run, its end.
    Drift,
    /// A push, a build, a run, its end.
    Push,
    /// The same, and there is no training pipeline yet.
    FirstPush,
    /// A second version is approved while the first is on its way.
    Rollouts,
    /// A live version is rejected.
    RollBack,
    /// A version's canary sets off its alarm.
    CanaryFails,
    /// A version is approved while its canary's alarm has no data.
    Unwatched,
    /// The canary's alarm falls silent while the canary is on.
    FallsSilent,
    /// Another model's version goes by CodePipeline.
    Delivery,
    /// An event that is none.
    Malformed,
    /// A pull request is opened, and its build ends.
    Review,
    /// An alarm goes off during the cool-down, and is still on when that ends.
    HeldBack,
    /// Somebody makes a job that breaks a rule.
    Breach,
    /// The same, and its owner puts it right.
    PutRight,
    /// A push, a run, and its version's rollout, as lineage has them.
    Tracked,
    /// A version is registered, tested and approved by the policy, and goes out.
    Promotion,
    /// An alarm that goes off four times a day for thirty days, whatever is trained.
    Permanent,
}

impl Flow {
    /// How many there are.
    const COUNT: usize = Self::ALL.len() + 1;

    /// All that are short.
    pub const ALL: [Self; 16] = [
        Self::Drift,
        Self::Push,
        Self::FirstPush,
        Self::Rollouts,
        Self::RollBack,
        Self::CanaryFails,
        Self::Unwatched,
        Self::FallsSilent,
        Self::Delivery,
        Self::Malformed,
        Self::Review,
        Self::HeldBack,
        Self::Breach,
        Self::PutRight,
        Self::Tracked,
        Self::Promotion,
    ];

    /// What people and monitors do, and when.
    fn script(self) -> Vec<(SignedDuration, Item)> {
        let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
        let verdict = |version, approval| Item::Verdict { version, approval };
        match self {
            Self::Drift => vec![(minutes(0), Item::Alarm { name: "churn-prod-data-drift" })],
            Self::Push | Self::FirstPush => vec![(minutes(0), Item::Push)],
            Self::Rollouts => {
                vec![(minutes(0), verdict(1, Approval::Approved)), (minutes(5), verdict(2, Approval::Approved))]
            }
            Self::RollBack => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(12), verdict(2, Approval::Rejected)),
            ],
            Self::Delivery => vec![(minutes(0), verdict(SEGMENTS, Approval::Approved))],
            Self::Malformed => vec![(minutes(0), Item::Malformed)],
            Self::Review => vec![(minutes(0), Item::Propose)],
            Self::Promotion => vec![(minutes(0), Item::Register { version: 1 })],
            Self::Breach => vec![(minutes(0), Item::Make)],
            Self::Tracked => vec![(minutes(0), Item::Push), (hours(24), verdict(1, Approval::Approved))],
            Self::PutRight => vec![(minutes(0), Item::Make), (hours(6), Item::Tag)],
            Self::HeldBack => vec![
                (minutes(0), Item::Alarm { name: "churn-prod-data-drift" }),
                (hours(2), Item::Alarm { name: "churn-prod-bias-drift" }),
                (hours(30), Item::Look),
                (hours(60), Item::Look),
            ],
            Self::Unwatched => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(5), Item::Silence),
                (hours(6), verdict(2, Approval::Approved)),
            ],
            Self::FallsSilent => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(6) + minutes(5), Item::Silence),
            ],
            Self::Permanent => {
                (0..30 * 4).map(|turn| (hours(6 * turn), Item::Alarm { name: "churn-prod-data-drift" })).collect()
            }
            Self::CanaryFails => {
                vec![(minutes(0), verdict(1, Approval::Approved)), (hours(6), verdict(2, Approval::Approved))]
            }
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What happens.
    pub flow: Flow,
    /// How events are delivered.
    pub schedule: Schedule,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What chance decides: delays, and which event is dropped.
    pub seed: u64,
    /// The suite, or what it is compared with.
    pub design: Design,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What should not be; empty is good.
    pub violations: Vec<Violation>,
    /// How many calls were made before anything was sent again.
    pub calls: u32,
    /// Which sites were struck.
    pub struck: Vec<Site>,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

fn policies() -> Arc<Policies> {
    static POLICIES: OnceLock<Arc<Policies>> = OnceLock::new();
    let read = || {
        let mut policies = Policies::default();
        let texts = [include_str!("../../../models/churn.toml"), include_str!("../../../models/segments.toml")];
        // A verdict by policy goes all the way; one by a person is the other flows'.
        let by_policy =
            |text: &&str| Policy::parse("policy.toml", &text.replace("on_pass = \"ask\"", "on_pass = \"approve\""));
        for policy in texts.iter().filter_map(|text| by_policy(text).ok()) {
            policies.owners.extend(policy.keys().into_iter().map(|key| (key, policy.model.clone())));
            policies.by_model.insert(policy.model.clone(), Arc::new(policy));
        }
        let suite = SuitePolicy::parse("suite.toml", include_str!("../../../models/suite.toml"));
        policies.suite = suite.ok().map(Arc::new);
        Arc::new(policies)
    };
    Arc::clone(POLICIES.get_or_init(read))
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
    look(&sim, case);
    look(&sim, case);
    let calls = sim.services().calls;
    for _ in 0..REDRIVES {
        redrive(&sim);
        settle(&sim, case.design);
        look(&sim, case);
    }
    let mut violations = check::all(case, &sim.services());
    if case.design == Design::Suite {
        violations.extend(replay(&sim));
    }
    let mut services = sim.services();
    Outcome {
        violations,
        calls,
        struck: services.struck.iter().copied().collect(),
        trace: services.trace.take().unwrap_or_default(),
    }
}

/// The clock goes on: the event that never came is found by looking.
fn look(sim: &Sim, case: &Case) {
    if case.schedule == Schedule::Dropped && case.design == Design::Suite {
        sim.services().after(LOOK_EVERY, Item::Look);
        settle(sim, case.design);
    }
}

fn set_up(sim: &Sim, case: &Case, trace: bool) {
    {
        let mut services = sim.services();
        services.now = START;
        services.policies = policies();
    }
    if case.schedule == Schedule::Dropped && case.design == Design::Suite {
        // The suite has looked before: what comes from now on is news.
        sim.services().after(SignedDuration::ZERO, Item::Look);
        settle(sim, case.design);
    }
    let mut services = sim.services();
    let mut chance = Chance::of(case.seed);
    services.calls = 0;
    services.schedule = Some(case.schedule);
    // A flow has up to this many best-effort events; the number may be one that never is.
    services.drop = (case.schedule == Schedule::Dropped).then(|| chance.below(4));
    services.chance = Some(chance);
    services.trace = trace.then(Vec::new);
    services.set_faults(&case.faults);
    services.lineage = (case.flow == Flow::Tracked).then(Default::default);
    services.pipeline = (case.flow != Flow::FirstPush).then_some(DefinitionTruth { commit: None });
    if case.flow == Flow::CanaryFails {
        services.bad.insert(2);
    }
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
    sim.services().note(|| format!("  {function:?} hears {} ({})", event["detail-type"], event["id"]));
    let done = match design {
        Design::Suite => invoke(sim, function, event).is_ok(),
        other => baseline::react(sim, other, function, event),
    };
    if done {
        return;
    }
    let mut services = sim.services();
    services.note(|| format!("  {function:?} gives {} back", event["id"]));
    let event = Arc::clone(event);
    match RETRIES.get(attempt) {
        Some(wait) => services.after(*wait, Item::Deliver { function, event, attempt: attempt + 1 }),
        None => services.failed.push((function, event)),
    }
}

/// The services with the policies of `models/` applied, and nothing else; they write down what is told.
#[must_use]
pub fn fresh() -> Sim {
    let sim = Sim::default();
    sim.services().policies = policies();
    sim.services().trace = Some(Vec::new());
    sim
}

/// One invocation of the real function; an error if it gave the event back, or died.
///
/// # Errors
/// What the function gives back to Lambda.
pub fn invoke(sim: &Sim, function: Function, event: &Value) -> Answer<Report> {
    let s = || sim.clone();
    let world = World::new(s(), s(), s());
    match function {
        Function::Integrate => {
            let reaction = integrate::Reaction {
                repositories: s(),
                pulls: s(),
                builds: s(),
                definitions: s(),
                bus: s(),
                ledger: s(),
            };
            run(world.react(&reaction, event))?
        }
        Function::Retrain => run(world.react(&retrain::Reaction { runs: s(), alarms: s() }, event))?,
        Function::Deploy => {
            let reaction =
                deploy::Reaction { registry: s(), endpoints: s(), scaling: s(), deliveries: s(), alarms: s() };
            run(world.react(&reaction, event))?
        }
        Function::Evaluate => run(world.react(&evaluate::Reaction { registry: s(), machines: s() }, event))?,
        Function::Notify => run(world.react(&notify::Reaction { topic: s() }, event))?,
        Function::Lineage => run(world.react(&lineage::Reaction { lineage: s() }, event))?,
        Function::Guard => run(world.react(&guard::Reaction { resources: s() }, event))?,
        Function::Reconcile => run(world.react(&reconcile::Reaction { ledger: s() }, event))?,
    }
}
