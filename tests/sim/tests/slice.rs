//! A slice of `make sim` for every test run, and runs that failed once.
//!
//! The flows are sorted by the function that they exercise most: `cargo nextest run -p trimtab-sim -E
//! 'test(retrain::)'` plays those of one function. Each flow is a test, so that they share the cores.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use trimtab_sim::Site;
use trimtab_sim::baseline::Design;
use trimtab_sim::faults::{Fault, Kind, Schedule};
use trimtab_sim::flow::{Case, Flow, Outcome, play};

/// The largest number of calls of a flow that meets several faults at each call.
const LONG: u32 = 120;

/// The number of calls of a flow of many days at which a fault is injected.
const INJECTED: u32 = 12;

/// The number of seeds of schedules with random delays.
const SEEDS: u64 = 12;

fn case(flow: Flow, schedule: Schedule, faults: Vec<Fault>, seed: u64) -> Case {
    Case { flow, schedule, faults, seed, design: Design::Trimtab }
}

/// Plays a case. A failure names the promise, the model, the event and the case, and the command that replays it.
#[track_caller]
fn holds(case: &Case) -> Outcome {
    let outcome = play(case, false);
    if !outcome.violations.is_empty() {
        let broken: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
        let trace = play(case, true).trace.join("\n");
        panic!("{}\n  case:  {case}\n  again: {}\n{trace}", broken.join("\n"), case.command());
    }
    outcome
}

/// Plays every schedule without faults; those with random delays with several seeds.
fn holds_without_faults(flow: Flow, seeds: u64) {
    for schedule in Schedule::ALL {
        let by_chance = matches!(schedule, Schedule::Jumbled | Schedule::Thrice | Schedule::Dropped);
        for seed in 0..if by_chance { seeds } else { 1 } {
            holds(&case(flow, schedule, vec![], seed));
        }
    }
}

/// The faults at one call: one that prevents it, one that loses its response, one that delays it, and a stale response
/// if there may be one. `make sim` plays all kinds.
fn faults(call: u32, lags: bool) -> Vec<Kind> {
    let one_of = |kinds: &[Kind]| kinds[call as usize % kinds.len()];
    let prevented = one_of(&[Kind::Refused, Kind::CrashBefore, Kind::Throttled]);
    let hidden = one_of(&[Kind::ResponseLost, Kind::CrashAfter]);
    [prevented, hidden, Kind::AppliedLate].into_iter().chain(lags.then_some(Kind::Stale)).collect()
}

fn holds_under_each_fault(flow: Flow) {
    holds_without_faults(flow, SEEDS);
    for schedule in [Schedule::Once, Schedule::Twice] {
        let Outcome { calls, sites, .. } = play(&case(flow, schedule, vec![], 0), false);
        for (call, (_, lags)) in (0..calls).zip(sites) {
            let kinds = faults(call, lags);
            // A long flow, or one delivered twice, meets one fault at each call.
            let all = calls <= LONG && schedule == Schedule::Once;
            let is_chosen = |number: usize| all || number == call as usize % kinds.len();
            for (_, kind) in kinds.iter().enumerate().filter(|(number, _)| is_chosen(*number)) {
                holds(&case(flow, schedule, vec![Fault { call, kind: *kind }], 0));
            }
        }
    }
}

/// Plays a flow of many days without faults, and with one fault at some calls.
fn holds_for_many_days(flow: Flow) {
    holds_without_faults(flow, 2);
    let Outcome { calls, sites, .. } = play(&case(flow, Schedule::Once, vec![], 0), false);
    for call in (0..calls).step_by((calls / INJECTED) as usize) {
        let kinds = faults(call, sites[call as usize].1);
        let kind = kinds[(call / (calls / INJECTED)) as usize % kinds.len()];
        holds(&case(flow, Schedule::Once, vec![Fault { call, kind }], 0));
    }
}

macro_rules! flows {
    ($($function:ident { $($name:ident: $flow:ident,)* })*) => {
        $(mod $function {
            use super::*;

            $(#[test]
            fn $name() {
                if Flow::LONG.contains(&Flow::$flow) {
                    holds_for_many_days(Flow::$flow);
                } else {
                    holds_under_each_fault(Flow::$flow);
                }
            })*
        })*

        /// The flows that have a test.
        const TESTED: &[Flow] = &[$($(Flow::$flow),*),*];
    };
}

flows! {
    retrain {
        drift_holds_under_each_fault: Drift,
        operator_retrain_holds_under_each_fault: OperatorRetrain,
        violations_hold_under_each_fault: Violations,
        new_data_holds_under_each_fault: NewData,
        composite_alarm_holds_under_each_fault: Composite,
        drift_during_cool_down_holds_under_each_fault: DriftDuringCoolDown,
        calendar_holds_under_each_fault: Calendar,
        step_functions_run_holds_under_each_fault: StepFunctions,
        airflow_run_holds_under_each_fault: Airflow,
        kubeflow_run_holds_under_each_fault: Kubeflow,
        codepipeline_run_holds_under_each_fault: CodePipelineTraining,
        failed_run_holds_under_each_fault: RunFails,
        stopped_run_holds_under_each_fault: RunStops,
        failed_execution_holds_under_each_fault: StepFunctionsFails,
        failed_airflow_run_holds_under_each_fault: AirflowFails,
        stopped_pipeline_holds_under_each_fault: CodePipelineTrainingStops,
        hanging_run_holds_under_each_fault: RunHangs,
        permanent_drift_keeps_all_limits: Permanent,
        commit_closes_the_circuit_breaker: CommitCloses,
        recurring_drift_keeps_all_limits: Recurs,
        mixed_triggers_keep_the_budget: Mixed,
    }
    integrate {
        push_holds_under_each_fault: Push,
        first_push_holds_under_each_fault: FirstPush,
        review_holds_under_each_fault: Review,
        merge_holds_under_each_fault: Merged,
        deleted_branch_holds_under_each_fault: BranchDeleted,
        pipeline_build_holds_under_each_fault: PipelineBuild,
        image_holds_under_each_fault: Image,
        failed_build_holds_under_each_fault: BuildFails,
    }
    evaluate {
        promotion_holds_under_each_fault: Promotion,
        failed_tests_hold_under_each_fault: TestsFail,
        operator_rejection_holds_under_each_fault: OperatorRejects,
        rejection_after_tests_holds_under_each_fault: OperatorRejectsAfterTests,
    }
    deploy {
        rollouts_hold_under_each_fault: Rollouts,
        rollback_holds_under_each_fault: Rollback,
        failed_canary_holds_under_each_fault: CanaryFails,
        canary_without_alarm_data_holds_under_each_fault: CanaryWithoutAlarmData,
        canary_that_loses_alarm_data_holds_under_each_fault: CanaryLosesAlarmData,
        shadow_holds_under_each_fault: ShadowTest,
        rejected_shadow_holds_under_each_fault: ShadowTestRejected,
        stages_hold_under_each_fault: Stages,
        operator_rollback_holds_under_each_fault: OperatorRollback,
        stack_holds_under_each_fault: StackCreation,
        failed_stack_holds_under_each_fault: StackRollbackFails,
        batch_transform_holds_under_each_fault: BatchTransform,
        failed_batch_transform_holds_under_each_fault: BatchTransformFails,
        failed_delivery_holds_under_each_fault: DeliveryFails,
        rejected_target_is_skipped_under_each_fault: SkipsRejected,
        notify_only_holds_under_each_fault: NotifyOnly,
        incomplete_version_waits_under_each_fault: Incomplete,
        rejection_after_approval_holds_under_each_fault: RejectedAfterApproval,
        pause_holds_under_each_fault: Paused,
    }
    guard {
        violation_holds_under_each_fault: GuardViolation,
        corrected_violation_holds_under_each_fault: GuardViolationCorrected,
        violations_of_each_kind_hold_under_each_fault: GuardEachResource,
    }
    monitor {
        monitoring_holds_under_each_fault: ModelMonitoring,
    }
    lineage {
        lineage_holds_under_each_fault: LineageTracking,
    }
    notify {
        chat_holds_under_each_fault: CodePipelineExecution,
        malformed_event_holds_under_each_fault: Malformed,
    }
}

#[test]
fn every_flow_has_a_test() {
    let missing: Vec<Flow> = Flow::every().filter(|flow| !TESTED.contains(flow)).collect();
    assert_eq!(missing, []);
}

/// Every method of every port is a site; a new one that no flow calls fails here.
#[test]
fn every_site_is_called_by_a_flow() {
    let of = |flow: &Flow| play(&case(*flow, Schedule::Once, vec![], 0), false).sites;
    let called: BTreeSet<Site> = Flow::ALL.iter().flat_map(of).map(|(site, _)| site).collect();
    let never: Vec<Site> = Site::ALL.into_iter().filter(|site| !called.contains(site)).collect();
    assert_eq!(never, [], "no flow calls these");
}

/// Runs that failed once.
#[test]
fn runs_that_failed_once_hold() {
    use Kind::{AppliedLate, CrashAfter, CrashBefore, Refused, ResponseLost, Stale, Throttled};
    let fault = |(call, kind)| Fault { call, kind };
    let faults = |list: &[(u32, Kind)]| list.iter().copied().map(fault).collect::<Vec<_>>();
    // All three attempts on an approval fail, one of them after the update, and then the canary fails.
    for first in 25..45 {
        let list = [(first, ResponseLost), (first + 12, CrashAfter), (first + 20, Refused)];
        holds(&case(Flow::CanaryFails, Schedule::Once, faults(&list), 0));
    }
    // The update is applied late, and the event of its end is lost; then the version is rejected.
    let list = [(40, AppliedLate), (51, AppliedLate), (58, ResponseLost), (81, Stale)];
    holds(&case(Flow::Rollback, Schedule::Dropped, faults(&list), 0));
    // The deletion of a failed endpoint is not applied, and a newer version replaces the operator's.
    let list = [(48, CrashAfter), (49, AppliedLate), (55, CrashAfter), (57, Throttled)];
    holds(&case(Flow::OperatorRollback, Schedule::Dropped, faults(&list), 2));
    // The monitoring of a kind is requested before it is recorded, and the policy then drops the kind.
    let list = [(39, Throttled), (41, CrashBefore), (42, Stale), (48, AppliedLate)];
    holds(&case(Flow::ModelMonitoring, Schedule::Delayed, faults(&list), 2));
}

#[test]
fn same_seed_gives_same_trace() {
    let faults = vec![Fault { call: 5, kind: Kind::ResponseLost }, Fault { call: 9, kind: Kind::CrashAfter }];
    let case = case(Flow::Push, Schedule::Thrice, faults, 7);
    assert_eq!(play(&case, true).trace, play(&case, true).trace);
}

/// The check detects duplicates: the baselines have them.
#[test]
fn baselines_start_duplicate_runs() {
    for design in [Design::Naive, Design::Recorded] {
        let fault = Fault { call: if design == Design::Naive { 0 } else { 2 }, kind: Kind::ResponseLost };
        let outcome = play(&Case { design, ..case(Flow::Drift, Schedule::Once, vec![fault], 0) }, false);
        assert!(outcome.violations.iter().any(|violation| violation.is_doubled()), "{design:?}");
    }
}
