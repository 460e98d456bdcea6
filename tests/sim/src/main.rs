//! `make sim`: one fault at every call under every schedule, two faults at pairs of calls, and random faults; then the
//! baselines. The last line of output is one JSON object.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use serde_json::{Value, json};
use trimtab_sim::Site;
use trimtab_sim::baseline::Design;
use trimtab_sim::faults::{Chance, Fault, Kind, Schedule};
use trimtab_sim::flow::{Case, Flow, Outcome, SHARED_SEEDS, calls, play};
use trimtab_sim::promise::{Promise, Violation};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the functions over simulated services with injected faults
#[derive(Parser)]
struct Arguments {
    /// Minimum number of runs
    #[arg(long, default_value_t = 1_000_000)]
    runs: usize,
    /// First seed of the random runs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run only the cases with one fault
    #[arg(long)]
    singles: bool,
    /// Replay this case with a trace; without a value, the random run of the seed
    #[arg(long, value_name = "CASE", num_args = 0..=1)]
    replay: Option<Option<Case>>,
}

/// The number of runs of each baseline.
const BASELINE_RUNS: u64 = 20_000;

/// The minimum number of random runs.
const RANDOM: usize = 200_000;

/// The largest distance, in calls, between faults that are close together.
const CLOSE: u32 = 10;

/// The largest number of violations that are printed.
const SHOWN: usize = 12;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(case) = arguments.replay {
        return replay(&case.unwrap_or_else(|| at_random(arguments.seed)));
    }
    let began = Instant::now();
    let mut cases = singles();
    say(&format!("{} runs: one fault at every call, under every schedule", cases.len()));
    let pairs = if arguments.singles { Vec::new() } else { pairs() };
    say(&format!("{} runs: two faults, at pairs of calls", pairs.len()));
    cases.extend(pairs);
    let long = if arguments.singles { 0 } else { LONG_RUNS };
    say(&format!("{long} runs: thirty days of drift that no run ends, {LONG_FAULTS} faults in each"));
    let rest = arguments.runs.saturating_sub(cases.len() + long);
    let random = if arguments.singles { 0 } else { rest.max(RANDOM) };
    say(&format!("{random} runs: three to five random faults, seeds from {}", arguments.seed));
    let tally = Tally::default();
    tally.all(cases.len(), |number| cases.get(number).cloned());
    tally.all(long, |number| Some(thirty_days(number as u64)));
    tally.all(random, |number| Some(at_random(arguments.seed + number as u64)));
    let seconds = began.elapsed().as_secs_f64();
    let done = tally.0.into_inner().unwrap_or_default();
    let never: Vec<Site> = Site::ALL.into_iter().filter(|site| !done.injected.contains(site)).collect();
    // One violation of each promise comes before a second of any, so that a frequent one hides no other.
    let mut ranks = BTreeMap::new();
    let mut shown: Vec<_> = done.shown.iter().collect();
    shown.sort_by_cached_key(|((promise, _), _)| {
        let rank: &mut usize = ranks.entry(*promise).or_default();
        *rank += 1;
        *rank
    });
    for ((_, what), case) in shown.into_iter().take(SHOWN) {
        say(&format!("{what}\n  case:  {case}\n  again: {}", case.command()));
        play(case, true).trace.iter().for_each(|line| say(&format!("    {line}")));
    }
    say(&format!("sites without an injected fault: {never:?}"));
    let result = json!({
        "runs": done.runs,
        "violations": done.violations,
        "lost": done.lost,
        "doubled": done.doubled,
        "seconds": (seconds * 10.0).round() / 10.0,
        "runs_per_second": (done.runs as f64 / seconds).round(),
        "baselines": baselines(),
    });
    let _ = writeln!(std::io::stdout(), "{result}");
    if done.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The results of all runs.
#[derive(Default)]
struct Done {
    runs: usize,
    violations: usize,
    lost: usize,
    doubled: usize,
    injected: BTreeSet<Site>,
    shown: BTreeMap<(Promise, String), Case>,
}

#[derive(Default)]
struct Tally(Mutex<Done>);

impl Tally {
    /// Plays all cases. Runs are independent, so one thread for each core takes the next one.
    fn all(&self, count: usize, case: impl Fn(usize) -> Option<Case> + Sync) {
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut mine = Done::default();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(case) = (number < count).then(|| case(number)).flatten() else { break };
                        mine.take(&case, play(&case, false));
                    }
                    if let Ok(mut all) = self.0.lock() {
                        all.merge(mine);
                    }
                });
            }
        });
    }
}

impl Done {
    fn take(&mut self, case: &Case, outcome: Outcome) {
        self.runs += 1;
        self.injected.extend(outcome.injected);
        if outcome.violations.is_empty() {
            return;
        }
        self.violations += 1;
        self.doubled += usize::from(outcome.violations.iter().any(|violation| violation.is_doubled()));
        self.lost += usize::from(outcome.violations.iter().any(|violation| !violation.is_doubled()));
        for violation in outcome.violations {
            self.shown.entry((violation.promise, violation.to_string())).or_insert_with(|| case.clone());
        }
    }

    fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.violations += other.violations;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.injected.extend(other.injected);
        for (what, case) in other.shown {
            self.shown.entry(what).or_insert(case);
        }
    }
}

fn trimtab(flow: Flow, schedule: Schedule, faults: Vec<Fault>, seed: u64) -> Case {
    Case { flow, schedule, faults, seed, design: Design::Trimtab }
}

/// One fault at every call of every flow, under every schedule.
fn singles() -> Vec<Case> {
    let mut cases = Vec::new();
    for &flow in Flow::ALL {
        for schedule in Schedule::ALL {
            // The seeds differ in the order of events, and in the event that is dropped.
            for seed in 0..SHARED_SEEDS {
                let calls = calls(flow, schedule, seed);
                for call in 0..calls {
                    cases.extend(Kind::ALL.map(|kind| trimtab(flow, schedule, vec![Fault { call, kind }], seed)));
                }
            }
        }
    }
    cases
}

/// Two faults at every pair of calls of every flow, delivered once.
fn pairs() -> Vec<Case> {
    let mut cases = Vec::new();
    for &flow in Flow::ALL {
        let calls = calls(flow, Schedule::Once, 0);
        for first in 0..calls {
            for second in first + 1..calls {
                let kinds =
                    Kind::ALL.iter().zip(Kind::ALL.iter().cycle().skip((first + second) as usize % Kind::ALL.len()));
                cases.extend(kinds.map(|(one, other)| {
                    let faults = vec![Fault { call: first, kind: *one }, Fault { call: second, kind: *other }];
                    trimtab(flow, Schedule::Once, faults, 0)
                }));
            }
        }
    }
    cases
}

/// The number of runs over thirty days, and of faults in each.
const LONG_RUNS: usize = 320;
const LONG_FAULTS: u64 = 20;

fn thirty_days(seed: u64) -> Case {
    let schedule = Schedule::ALL.into_iter().cycle().nth(seed as usize % Schedule::ALL.len()).unwrap_or(Schedule::Once);
    let mut chance = Chance::of(seed);
    let flow = chance.one_of(Flow::LONG).unwrap_or(Flow::Permanent);
    scattered(flow, schedule, LONG_FAULTS, &mut chance)
}

/// A random case with three to five faults; in every second case they are close together, so that all attempts on one
/// event may fail.
fn at_random(seed: u64) -> Case {
    let mut chance = Chance::of(seed);
    let flow = chance.one_of(Flow::ALL).unwrap_or(Flow::Drift);
    let schedule = chance.one_of(&Schedule::ALL).unwrap_or(Schedule::Once);
    let count = 3 + chance.below(3);
    let mut case = scattered(flow, schedule, count, &mut chance);
    if let (true, Some(first)) = (seed.is_multiple_of(2), case.faults.first().map(|fault| fault.call)) {
        case.faults.iter_mut().skip(1).for_each(|fault| fault.call = first + fault.call % CLOSE);
        case.faults.sort();
        case.faults.dedup_by_key(|fault| fault.call);
    }
    case
}

/// A case with this number of faults, anywhere in the run or in the time by which faults prolong it.
fn scattered(flow: Flow, schedule: Schedule, count: u64, chance: &mut Chance) -> Case {
    let beginning = chance.below(SHARED_SEEDS);
    let calls = u64::from(calls(flow, schedule, beginning));
    let mut faults: Vec<Fault> = Vec::new();
    for _ in 0..count {
        let call = u32::try_from(chance.below(calls + calls / 4)).unwrap_or_default();
        faults.push(Fault { call, kind: chance.one_of(&Kind::ALL).unwrap_or(Kind::Refused) });
    }
    faults.sort();
    faults.dedup_by_key(|fault| fault.call);
    trimtab(flow, schedule, faults, beginning)
}

/// The share of alarms for which a baseline started more than one run.
fn baselines() -> Value {
    let share = |design| {
        let doubled = (0..BASELINE_RUNS).filter(|seed| {
            let mut case = at_random(*seed);
            // A baseline makes far fewer calls than Trimtab.
            case.faults.iter_mut().for_each(|fault| fault.call %= 8);
            let outcome = play(&Case { flow: Flow::Drift, design, ..case }, false);
            outcome.violations.iter().any(Violation::is_doubled)
        });
        let share = doubled.count() as f64 / BASELINE_RUNS as f64;
        json!({"runs": BASELINE_RUNS, "doubled_share": (share * 1000.0).round() / 1000.0})
    };
    json!({"naive": share(Design::Naive), "record_run_update_1h": share(Design::Recorded)})
}

fn replay(case: &Case) -> ExitCode {
    say(&case.to_string());
    let outcome = play(case, true);
    outcome.trace.iter().for_each(|line| say(line));
    for violation in &outcome.violations {
        say(&violation.to_string());
    }
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
