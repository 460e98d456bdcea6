//! Starts without a response, starts that the engine refuses, and remembered triggers.

use super::reconcile::reconcile_request;
use super::*;

fn ended_by_name(number: usize, name: &str) -> Value {
    let run = format!("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/run{number}");
    let mut event = ended(&RunId::Pipeline(RunArn::parse(&run).unwrap()), "Succeeded");
    event["detail"]["pipelineExecutionDisplayName"] = json!(name);
    event
}

/// The run was started, and its response was lost.
fn pending_start() -> Rig {
    let stage = stage();
    stage.services.fail_effect(0, Fault::Lost);
    stage.try_react(&alarm_at(NOON)).unwrap_err();
    stage.pass(LEASE);
    stage
}

#[test]
fn pending_start_is_resumed_by_the_next_event_of_any_kind() {
    for event in [reconcile_request(), request_for(&"c".repeat(40)), data_debounce::object("features/1.parquet", NOON)]
    {
        let stage = pending_start();
        stage.try_react(&event).unwrap();
        assert_eq!(stage.started().len(), 1, "the run is adopted: {event}");
        let begun = stage.published().into_iter().filter(|kind| *kind == FactKind::TrainingStarted).count();
        assert_eq!(begun, 1, "its start is reported once: {event}");
    }
}

#[test]
fn pending_start_whose_run_ended_is_closed_by_its_name() {
    let stage = pending_start();
    let name = stage.started()[0].0.display_name.clone();
    stage.services.training().status = Some(RunStatus::Succeeded);
    assert_eq!(stage.react(&ended_by_name(0, &name)), (Decision::Acted, "run_ended"));
    assert_eq!((stage.started().len(), stage.published()), (1, vec![FactKind::TrainingSucceeded]));
}

#[test]
fn end_of_a_run_of_another_name_closes_nothing() {
    let stage = pending_start();
    stage.services.training().status = Some(RunStatus::Succeeded);
    stage.react(&ended_by_name(9, "churn-drift-00000000"));
    assert!(!stage.published().contains(&FactKind::TrainingSucceeded), "{:?}", stage.published());
}

#[test]
fn end_of_another_run_closes_nothing_once_the_run_is_known() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let name = stage.started()[0].0.display_name.clone();
    stage.services.training().status = Some(RunStatus::Succeeded);
    assert_eq!(stage.react(&ended_by_name(9, &name)), (Decision::Skipped, "other_run"));
}

#[test]
fn end_of_a_run_without_an_incident_is_skipped() {
    let stage = stage();
    stage.services.training().status = Some(RunStatus::Succeeded);
    assert_eq!(stage.react(&ended_by_name(0, "by-hand")), (Decision::Skipped, "no_incident"));
}

#[test]
fn end_of_a_run_unknown_to_its_engine_fails() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let (_, run) = stage.started().pop().unwrap();
    assert_eq!(stage.react(&ended(&run, "Succeeded")), (Decision::Failed, "no_such_run"));
}

#[test]
fn stopped_or_failed_run_is_reported_as_a_failure() {
    for status in [RunStatus::Stopped, RunStatus::Failed] {
        let stage = stage();
        stage.react(&alarm_at(NOON));
        let (_, run) = stage.started().pop().unwrap();
        stage.services.training().status = Some(status.clone());
        assert_eq!(stage.react(&ended(&run, "Succeeded")), (Decision::Acted, "run_ended"), "{status:?}");
        assert_eq!(stage.published()[1..], [FactKind::TrainingFailed], "{status:?}: there is no new version");
    }
}

#[test]
fn stopping_run_is_not_closed() {
    for status in [RunStatus::Stopping, RunStatus::Executing, RunStatus::Other("Waiting".to_owned())] {
        let stage = stage();
        stage.react(&alarm_at(NOON));
        let (_, run) = stage.started().pop().unwrap();
        stage.services.training().status = Some(status);
        assert_eq!(stage.react(&ended(&run, "Succeeded")), (Decision::Skipped, "still_running"));
    }
}

#[test]
fn refused_start_reports_the_cause_and_closes_the_incident() {
    let stage = stage();
    stage.refuse();
    stage.react(&alarm_at(NOON));
    let fact = stage.world.bus.facts().pop().unwrap();
    let said = "churn-training refused to start the run: sagemaker:StartPipelineExecution: \
                Pipeline 'churn-training' does not exist";
    assert_eq!(fact.reasons, [said]);
    stage.services.accept();
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Acted, "build"), "no incident is left open");
}

#[test]
fn trigger_of_a_refused_start_gets_a_run_when_sent_again() {
    let stage = stage_with(|retrain| (retrain.budget.runs, retrain.circuit_breaker_threshold) = (1, 1));
    stage.refuse();
    assert_eq!(stage.react(&alarm_at(NOON)).0, Decision::Failed);
    stage.services.accept();
    let again = stage.react(&alarm_at(NOON));
    assert_eq!(again, (Decision::Acted, "drift"), "the dead letter can be sent again, and nothing was spent on it");
}

/// A queue redelivers an event for 14 days.
#[test]
fn trigger_is_remembered_longer_than_any_redelivery() {
    let stage = stage_with(|retrain| (retrain.budget.runs, retrain.cool_down) = (100, HOUR));
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(HOUR * 24 * 15);
    let old = delivered_at("2026-11-20T11:00:00Z");
    stage.react(&request_for(&"a".repeat(40)));
    stage.end_run(HOUR);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.react(&old), (Decision::Acted, "build"), "an old event that was never handled is not too old");
}

fn delivered_at(time: &str) -> Value {
    let mut event = request_for(&"b".repeat(40));
    event["time"] = json!(time);
    event
}

#[test]
fn forgotten_trigger_starts_no_second_run() {
    let stage = stage_with(|retrain| retrain.cool_down = HOUR);
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    // Each of 500 other triggers is refused; the oldest is forgotten.
    for minute in 0..500 {
        let since = "2026-11-20T13:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(minute);
        assert_eq!(stage.react(&alarm_at(&since.to_string())), (Decision::Skipped, "cool_down"));
    }
    stage.pass(HOUR * 2);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "too_old"), "it may have been handled");
    assert_eq!(
        stage.react(&alarm_at("2026-11-20T15:00:00Z")),
        (Decision::Acted, "drift"),
        "a new trigger gets its run"
    );
}

#[test]
fn image_of_a_too_old_request_is_given_to_the_next_run() {
    let stage = stage_with(|retrain| retrain.cool_down = HOUR);
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    for minute in 0..500 {
        let since = "2026-11-20T13:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(minute);
        stage.react(&alarm_at(&since.to_string()));
    }
    let request = image::image("Training Requested", 1, &image::uri(1));
    assert_eq!(stage.react(&request), (Decision::Skipped, "too_old"));
    stage.pass(HOUR * 2);
    stage.react(&alarm_at("2026-11-20T15:00:00Z"));
    assert_eq!(stage.started()[1].0.parameters["Image"], image::uri(1), "although the request got no run");
}

#[test]
fn refused_start_does_not_count_for_the_circuit_breaker() {
    let stage = stage_with(|retrain| (retrain.circuit_breaker_threshold, retrain.cool_down) = (2, HOUR));
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(HOUR);
    stage.refuse();
    assert_eq!(stage.react(&alarm_at("2026-11-20T14:00:00Z")).0, Decision::Failed);
    stage.services.accept();
    let again = stage.react(&alarm_at("2026-11-20T14:00:00Z"));
    assert_eq!(again, (Decision::Acted, "drift"), "one run does not open a circuit breaker of two");
    stage.end_run(HOUR);
    stage.pass(HOUR);
    assert_eq!(stage.react(&alarm_at("2026-11-20T16:00:00Z")), (Decision::Skipped, "circuit_open"), "two do");
}

#[test]
fn starts_are_stored_for_the_budget_window() {
    let (now, hour) = (NOON.parse::<Timestamp>().unwrap(), HOUR);
    let budget = trimtab_core::policy::Budget { runs: 4, per: hour * 24 };
    let mut state = crate::state::State { starts: vec![now - hour * 24, now - hour * 23], ..Default::default() };
    assert_eq!(state.spent(&budget, now), 1, "a start as old as the window is outside of it");
    state.spend(&budget, now);
    assert_eq!(state.starts, [now - hour * 23, now]);
}

/// An alarm arrives after the claim, and is merged into a start that the engine then refuses.
#[test]
fn alarm_merged_into_a_refused_start_can_be_sent_again() {
    let stage = stage();
    stage.services.fail_effect(0, Fault::Lost);
    stage.try_react(&request_for(&"c".repeat(40))).unwrap_err();
    // The call did not reach the engine.
    stage.services.training().runs.clear();
    stage.pass(LEASE);
    stage.refuse();
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Failed, "drift"), "decided again, it starts its own run");
    assert_eq!(
        stage.published()[..2],
        [FactKind::TrainingTriggerMerged, FactKind::TrainingFailed],
        "it was merged before"
    );
    stage.services.accept();
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Acted, "drift"), "no run covered it");
}
