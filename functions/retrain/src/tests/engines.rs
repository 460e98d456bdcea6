//! Each engine is called by its own call with its own parameters, and recognized by its own events; a reconcile finds
//! the ends of the others.

use trimtab_core::name::ExecutionArn;

use super::*;

pub(super) fn stage_of(text: &str) -> Rig {
    let policy = Policy::parse("policy.toml", text).unwrap();
    let stage = stage();
    stage.apply(policy);
    stage
}

pub(super) const FORECAST: &str = include_str!("../../../../policies/forecast.toml");
const PRICING: &str = include_str!("../../../../policies/pricing.toml");
const RANKING: &str = include_str!("../../../../policies/ranking.toml");
const SEGMENTS: &str = include_str!("../../../../policies/segments.toml");

/// The same event for another model.
pub(super) fn of(model: &str, event: &Value) -> Value {
    serde_json::from_str(&event.to_string().replace("churn", model)).unwrap()
}

fn execution_ended(execution: &ExecutionArn, status: &str) -> Value {
    json!({"version": "0", "id": "e1", "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
        "account": "123456789012", "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"executionArn": execution, "stateMachineArn": execution.machine(), "status": status}})
}

fn pipeline_ended(pipeline: &str, execution: &str, state: &str) -> Value {
    json!({"version": "0", "id": "d1", "source": "aws.codepipeline",
        "detail-type": "CodePipeline Pipeline Execution State Change", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"pipeline": pipeline, "execution-id": execution, "state": state}})
}

fn action(stage: &Rig) -> Value {
    let history = stage.world.ledger.contents().history.clone();
    history.into_values().find_map(|entry| entry.actions.into_iter().next()).unwrap()
}

#[test]
fn state_machine_gets_the_incident_and_its_end_closes_it() {
    let stage = stage_of(FORECAST);
    assert_eq!(stage.react(&of("forecast", &alarm_at(NOON))), (Decision::Acted, "drift"));
    let (request, run) = stage.started().pop().unwrap();
    let incident = request.display_name.clone();
    let expected = [("experiment", "forecast"), ("incident", &incident), ("reason", "drift"), ("trial", &incident)];
    assert_eq!(request.parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!((&action(&stage)["service"], &action(&stage)["action"]), (&json!("states"), &json!("StartExecution")));
    let RunId::Execution(execution) = run else { panic!("{run}") };
    stage.services.training().status = Some(RunStatus::Failed);
    assert_eq!(stage.react(&execution_ended(&execution, "TIMED_OUT")), (Decision::Acted, "run_ended"));
    assert_eq!(stage.published(), [FactKind::TrainingStarted, FactKind::TrainingFailed]);
}

#[test]
fn other_executions_are_not_training() {
    let stage = stage_of(FORECAST);
    for name in [
        "arn:aws:states:eu-west-1:123456789012:execution:forecast-training:by-hand",
        "arn:aws:states:eu-west-1:123456789012:execution:forecast-tests:forecast-drift-4be07d19",
    ] {
        let execution = ExecutionArn::parse(name).unwrap();
        assert_eq!(stage.react(&execution_ended(&execution, "SUCCEEDED")), (Decision::Skipped, "not_concerned"));
    }
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn codepipeline_gets_the_incident_and_others_are_skipped() {
    let stage = stage_of(SEGMENTS);
    assert_eq!(stage.react(&of("segments", &request_for(&"c".repeat(40)))), (Decision::Acted, "build"));
    let (request, _) = stage.started().pop().unwrap();
    let given = |name: &str| request.parameters.get(name).map(String::as_str);
    assert_eq!(given("Incident"), Some(request.display_name.as_str()));
    assert_eq!((given("Experiment"), given("Commit")), (Some("segments"), Some("c".repeat(40).as_str())));
    stage.services.training().status = Some(RunStatus::Succeeded);
    let other = stage.react(&pipeline_ended("segments-training", "another", "SUCCEEDED"));
    assert_eq!(other, (Decision::Skipped, "other_run"));
    let other_pipeline = stage.react(&pipeline_ended("segments-delivery", "run0", "SUCCEEDED"));
    assert_eq!(other_pipeline, (Decision::Skipped, "not_concerned"));
    assert_eq!(stage.react(&pipeline_ended("segments-training", "run0", "SUCCEEDED")), (Decision::Acted, "run_ended"));
}

#[test]
fn airflow_and_kubeflow_runs_are_closed_by_a_reconcile() {
    for (model, text, call) in [("pricing", PRICING, "InvokeRestApi"), ("ranking", RANKING, "CreateRun")] {
        let stage = stage_of(text);
        assert_eq!(stage.react(&of(model, &alarm_at(NOON))), (Decision::Acted, "drift"), "{model}");
        assert_eq!(action(&stage)["action"], json!(call));
        stage.services.training().status = Some(RunStatus::Executing);
        assert_eq!(
            stage.react(&of(model, &reconcile::reconcile_request())),
            (Decision::Skipped, "nothing_new"),
            "{model}"
        );
        stage.services.training().status = Some(RunStatus::Succeeded);
        assert_eq!(stage.react(&of(model, &reconcile::reconcile_request())), (Decision::Acted, "run_ended"), "{model}");
        assert_eq!(stage.published(), [FactKind::TrainingStarted, FactKind::TrainingSucceeded]);
    }
}

#[test]
fn incident_record_names_its_engine_and_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let (_, run) = stage.started().pop().unwrap();
    for record in stage.world.ledger.contents().aggregates.values_mut() {
        let state = record.state.as_ref().unwrap();
        assert_eq!(state["incident"]["request"]["pipeline"], json!("churn-training"), "the record has a stable form");
        assert_eq!(state["incident"]["run"], json!(run.to_string()), "the record has a stable form");
    }
    stage.end_run(HOUR);
}
