//! Training: drift, data, requests, and runs that fail.

use jiff::{SignedDuration, Timestamp};

use super::End;
use crate::flow::Flow;
use crate::flow_scripts::LAST_RECONCILE;
use crate::services::Services;

/// A run that started later than this after the first alarm has not exceeded its deadline at the last reconcile.
const LATE_START: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::Drift
        | Flow::StepFunctions
        | Flow::Airflow
        | Flow::Kubeflow
        | Flow::CodePipelineTraining
        | Flow::Violations
        | Flow::OperatorRetrain => one_run_succeeds(end),
        Flow::NewData => new_data(end),
        Flow::DriftDuringCoolDown => drift_during_cool_down(end),
        Flow::Composite | Flow::Calendar => end.must_close_incident(),
        Flow::RunFails
        | Flow::RunStops
        | Flow::StepFunctionsFails
        | Flow::AirflowFails
        | Flow::CodePipelineTrainingStops => one_run_fails(end),
        Flow::RunHangs => run_hangs(end),
        Flow::Permanent => has_pages(end, 1),
        Flow::Recurs => has_pages(end, 2),
        Flow::CommitCloses => end.must_report("Training Started on incident/churn-build-"),
        _ => {}
    }
}

pub(super) fn one_run_succeeds(end: &mut End<'_>) {
    end.must_have_runs(1);
    end.must_report("Training Succeeded on");
    end.must_close_incident();
}

fn one_run_fails(end: &mut End<'_>) {
    end.must_have_runs(1);
    end.must_report("Training Failed on incident/");
}

fn new_data(end: &mut End<'_>) {
    let last = end.services.runs.last().map(|run| run.created);
    // An object from the failure queue after the last reconcile waits for the next one.
    let trained = last >= end.services.uploaded || has_batch_since_last_reconcile(end.services);
    end.must(trained, "no run trained on the last object");
    end.must(end.services.runs.len() <= 2, "four objects in two bursts started more than two runs");
    end.must_close_incident();
}

fn has_batch_since_last_reconcile(services: &Services) -> bool {
    let mut states = services.aggregates.values().filter_map(|record| record.state.as_ref());
    let since = states.find_map(|state| state["batch"]["since"].as_str()?.parse::<Timestamp>().ok());
    since.is_some_and(|since| since >= Timestamp::UNIX_EPOCH + LAST_RECONCILE)
}

fn drift_during_cool_down(end: &mut End<'_>) {
    // If the first run started as late as the second alarm, one run covers both.
    let covered = end.services.runs.len() == 2 || end.has_message("Training Trigger Merged on incident/");
    end.must(covered, "drift during the cool-down got no run after it");
    end.must_close_incident();
}

fn run_hangs(end: &mut End<'_>) {
    end.must_have_runs(1);
    let started = end.services.runs.first().map(|run| run.created);
    let in_time = started.is_none_or(|at| at > Timestamp::UNIX_EPOCH + LATE_START);
    let reported = end.has_message("Deadline Exceeded on deadline/incident/");
    end.must(in_time || reported, "the run's exceeded deadline was not reported");
    let times = end.messages("Deadline Exceeded on");
    end.must(times <= 1, "the run's exceeded deadline was reported more than once");
}

fn has_pages(end: &mut End<'_>, count: usize) {
    let pages = end.messages("Circuit Opened on");
    end.must(pages == count, &format!("{pages} pages for {count} drifts that no run ended"));
}
