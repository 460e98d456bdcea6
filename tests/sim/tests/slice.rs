//! A short slice of `make sim`, for every test run; and the runs that failed once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use trimtab_sim::Site;
use trimtab_sim::baseline::Design;
use trimtab_sim::faults::{Fault, Kind, Schedule};
use trimtab_sim::flow::{Case, Flow, Outcome, play};

/// A flow of more calls than this is long.
const LONG: u32 = 120;

fn case(flow: Flow, schedule: Schedule, faults: Vec<Fault>, seed: u64) -> Case {
    Case { flow, schedule, faults, seed, design: Design::Suite }
}

#[track_caller]
fn holds(case: &Case) -> Outcome {
    let outcome = play(case, false);
    assert!(outcome.violations.is_empty(), "{case:?}: {:?}\n{}", outcome.violations, play(case, true).trace.join("\n"));
    outcome
}

#[test]
fn without_faults_every_schedule_comes_to_its_end() {
    for flow in Flow::ALL {
        for schedule in Schedule::ALL {
            for seed in 0..12 {
                holds(&case(flow, schedule, vec![], seed));
            }
        }
    }
}

/// Every method of every port is a site; a new one that no flow calls fails here.
#[test]
fn one_fault_at_every_call_loses_nothing_and_doubles_nothing() {
    let mut struck = BTreeSet::new();
    for flow in Flow::ALL {
        for schedule in [Schedule::Once, Schedule::Twice] {
            let calls = play(&case(flow, schedule, vec![], 0), false).calls;
            for call in 0..calls {
                // What is long, or delivered twice, meets each kind in turn; `make sim` plays all.
                let all = calls <= LONG && schedule == Schedule::Once;
                let turn = |number: usize| all || number == call as usize % Kind::ALL.len();
                let kinds = Kind::ALL.into_iter().enumerate().filter(|(number, _)| turn(*number));
                for (_, kind) in kinds {
                    struck.extend(holds(&case(flow, schedule, vec![Fault { call, kind }], 0)).struck);
                }
            }
        }
    }
    let never: Vec<Site> = Site::ALL.into_iter().filter(|site| !struck.contains(site)).collect();
    assert_eq!(never, [], "no flow calls these");
}

#[test]
fn thirty_days_of_drift_are_one_page_within_budget_and_cool_down() {
    for schedule in Schedule::ALL {
        holds(&case(Flow::Permanent, schedule, vec![], 1));
    }
}

/// Runs that failed once, kept.
#[test]
fn what_failed_once_holds() {
    use Kind::{AnswerLost, CrashAfter, CrashBefore, Late, Refused, Stale, Throttled};
    let fault = |(call, kind)| Fault { call, kind };
    let faults = |list: &[(u32, Kind)]| list.iter().copied().map(fault).collect::<Vec<_>>();
    // All three attempts on an approval die, one after the update, and the canary has failed since.
    for first in 25..45 {
        let list = [(first, AnswerLost), (first + 12, CrashAfter), (first + 20, Refused)];
        holds(&case(Flow::CanaryFails, Schedule::Once, faults(&list), 0));
    }
    // The update was made late, and the event of its end was lost; then the version was rejected.
    let list = [(40, Late), (51, Late), (58, AnswerLost), (81, Stale)];
    holds(&case(Flow::RollBack, Schedule::Dropped, faults(&list), 0));
    // The removal of a failed endpoint was not made, and a newer version took the operator's place.
    let list = [(48, CrashAfter), (49, Late), (55, CrashAfter), (57, Throttled)];
    holds(&case(Flow::ByHand, Schedule::Dropped, faults(&list), 2));
    // A kind was asked to be watched, that was not on record, and the policy asked for it no more.
    let list = [(39, Throttled), (41, CrashBefore), (42, Stale), (48, Late)];
    holds(&case(Flow::Watched, Schedule::Delayed, faults(&list), 2));
}

#[test]
fn the_same_seed_is_the_same_run() {
    let faults = vec![Fault { call: 5, kind: Kind::AnswerLost }, Fault { call: 9, kind: Kind::CrashAfter }];
    let case = case(Flow::Push, Schedule::Thrice, faults, 7);
    assert_eq!(play(&case, true).trace, play(&case, true).trace);
}

/// The measure measures: what is known to double does.
#[test]
fn the_baselines_double() {
    for design in [Design::Naive, Design::Recorded] {
        let fault = Fault { call: if design == Design::Naive { 0 } else { 2 }, kind: Kind::AnswerLost };
        let outcome = play(&Case { design, ..case(Flow::Drift, Schedule::Once, vec![fault], 0) }, false);
        assert!(outcome.violations.iter().any(|violation| violation.doubled), "{design:?}");
    }
}
