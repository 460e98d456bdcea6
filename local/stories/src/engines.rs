//! The story `engines`: each training engine besides SageMaker Pipelines starts one run. The end of the run is received
//! as an event or found by reconciling, and duplicate events have no effect.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::HttpsUrl;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Engine, Policy};

use crate::lost_events::tick;
use crate::main_loop::{in_alarm, make_pipeline, send};
use crate::setup::{DATA_METRICS, ROLE};
use crate::story::{Story, StoryError, service};

/// The models, each with the feature that drifts.
const MODELS: [(&str, &str); 3] = [("forecast", "promotion"), ("pricing", "list_price"), ("ranking", "query_length")];

/// The secret and the pipeline in `policies/ranking.toml`.
const SECRET: &str = "trimtab/ranking-kubeflow";
const PIPELINE: &str = "5b1e7c2a-3d4f-4a6b-8c9d-0e1f2a3b4c5d";

/// The tokens for Kubeflow: the second replaces the first during a run.
const TOKENS: [&str; 2] = ["first-token-of-ranking", "second-token-of-ranking"];

/// Step Functions, Airflow, Kubeflow and CodePipeline train; then all events are delivered twice.
pub(crate) async fn each(story: &mut Story) -> Result<(), StoryError> {
    create_resources(story).await?;
    step_functions(story).await?;
    airflow(story).await?;
    kubeflow(story).await?;
    codepipeline(story).await?;
    duplicates(story).await
}

/// Creates the resources of the four teams.
async fn create_resources(story: &mut Story) -> Result<(), StoryError> {
    story.section("Setup: four teams train on Step Functions, Airflow, Kubeflow and CodePipeline");
    let states = json!({"Train": {"Type": "Pass", "End": true}});
    let definition = json!({"StartAt": "Train", "States": states}).to_string();
    let machine = story.aws.sfn.create_state_machine().name("forecast-training").role_arn(ROLE);
    machine.definition(definition).send().await.map_err(service)?;
    story.control("airflow", json!({"environment": "ml", "dag": "pricing_training"})).await?;
    story.control("kubeflow", json!({"admit": TOKENS[0], "pipeline": PIPELINE})).await?;
    let secret = story.aws.secrets.create_secret().name(SECRET).secret_string(TOKENS[0]);
    secret.send().await.map_err(service)?;
    make_pipeline(story, "segments-training", &["Commit", "Incident", "Reason", "Experiment", "Trial"]).await?;
    for (model, feature) in MODELS {
        let call = story.aws.cloudwatch.put_metric_alarm().alarm_name(format!("{model}-prod-data-drift"));
        let call = call.namespace(DATA_METRICS).metric_name(metric(feature)).statistic(Statistic::Maximum);
        let dimension = Dimension::builder().name("Endpoint").value(format!("{model}-prod")).build();
        let call = call.dimensions(dimension).period(60).evaluation_periods(1).threshold(0.2);
        let call = call.comparison_operator(ComparisonOperator::GreaterThanThreshold);
        call.send().await.map_err(service)?;
    }
    let cluster = story.control_state("kubeflow").await?;
    let text = |name: &str| cluster.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, ca) = (HttpsUrl::parse(&text("url")).map_err(service)?, text("ca"));
    story.apply_each(|policy| set_kubeflow(policy, &url, &ca)).await?;
    story
        .observed(format!("Kubeflow is at {url}, and the policy of ranking trusts only its certificate authority"))
        .await
}

fn metric(feature: &str) -> String {
    format!("feature_baseline_drift_{feature}")
}

/// Sets the address of the emulated Kubeflow and its certificate authority in the policy.
fn set_kubeflow(policy: &mut Policy, url: &HttpsUrl, ca: &str) {
    if let Some(Engine::Kubeflow(engine)) = policy.retrain.as_mut().map(|rules| &mut rules.engine) {
        engine.url = url.clone();
        engine.ca = Some(ca.to_owned());
    }
}

/// Publishes a drift metric and waits for the alarm.
async fn drifts(story: &mut Story, model: &str, feature: &str) -> Result<(), StoryError> {
    story.publish(DATA_METRICS, &metric(feature), &[("Endpoint", &format!("{model}-prod"))], 0.31).await?;
    in_alarm(story, &format!("{model}-prod-data-drift")).await.map(drop)
}

/// The incident in the parameters of a run; verifies its experiment and trial.
fn incident_of(model: &str, parameters: &Value) -> Result<String, StoryError> {
    let value = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let incident = value("incident");
    Story::expect("the incident belongs to the model:", &incident.starts_with(&format!("{model}-")), &true)?;
    Story::expect(
        "the run's experiment and trial:",
        &(value("experiment"), value("trial")),
        &(model.to_owned(), incident.clone()),
    )?;
    Ok(incident)
}

/// The only element; an error if there are none or several.
fn only<'a, T>(what: &str, all: &'a [T]) -> Result<&'a T, StoryError> {
    match all {
        [one] => Ok(one),
        _ => Err(StoryError::Unexpected { expected: format!("one {what}"), found: format!("{} of them", all.len()) }),
    }
}

async fn step_functions(story: &mut Story) -> Result<(), StoryError> {
    story.section("forecast drifts: Step Functions trains");
    drifts(story, "forecast", MODELS[0].1).await?;
    story.received("Training Succeeded", "incident/forecast-drift-").await?;
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:forecast-training");
    let listed = story.aws.sfn.list_executions().state_machine_arn(machine).send().await.map_err(service)?;
    let execution = only("execution of forecast-training", listed.executions())?;
    let found = story.aws.sfn.describe_execution().execution_arn(execution.execution_arn());
    let found = found.send().await.map_err(service)?;
    let input = serde_json::from_str(found.input().unwrap_or_default()).unwrap_or_default();
    let incident = incident_of("forecast", &input)?;
    Story::expect("the execution's name:", &execution.name(), &incident.as_str())?;
    story.observed(format!("one execution named {incident} ended; its event closed the incident")).await
}

/// The runs of the DAG, read through MWAA.
async fn airflow_runs(story: &Story) -> Result<Vec<Value>, StoryError> {
    let body = json!({"Path": "/dags/pricing_training/dagRuns", "Method": "GET"});
    let response = story.rest("airflow", "restapi/ml", &body).await?;
    let runs = response.pointer("/RestApiResponse/dag_runs").and_then(Value::as_array).cloned();
    runs.ok_or_else(|| StoryError::Service(format!("MWAA returned {response}")))
}

async fn airflow(story: &mut Story) -> Result<(), StoryError> {
    story.section("pricing drifts: Airflow trains, without an event at the end");
    drifts(story, "pricing", MODELS[1].1).await?;
    story.received("Training Started", "incident/pricing-drift-").await?;
    let ended = async |story: &Story| {
        let runs = airflow_runs(story).await?;
        Ok(runs.iter().any(|run| run["state"] == "success").then_some(runs))
    };
    let runs = story.until("a successful run of the DAG", ended).await?;
    let incident = incident_of("pricing", &only("run of the DAG", &runs)?["conf"])?;
    tick(story).await?;
    story.received("Training Succeeded", "incident/pricing-drift-").await?;
    story.observed(format!("one run of pricing_training for incident {incident}; a reconcile found its end")).await
}

/// The runs in the emulated Kubeflow.
async fn kubeflow_runs(story: &Story) -> Result<Vec<Value>, StoryError> {
    let state = story.control_state("kubeflow").await?;
    Ok(state.get("runs").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn kubeflow(story: &mut Story) -> Result<(), StoryError> {
    story.section("ranking drifts: Kubeflow trains; the token changes during the run");
    drifts(story, "ranking", MODELS[2].1).await?;
    story.received("Training Started", "incident/ranking-drift-").await?;
    story.control("kubeflow", json!({"admit": TOKENS[1], "dismiss": TOKENS[0]})).await?;
    let changed = story.aws.secrets.put_secret_value().secret_id(SECRET).secret_string(TOKENS[1]);
    changed.send().await.map_err(service)?;
    let ended = async |story: &Story| {
        let runs = kubeflow_runs(story).await?;
        Ok(runs.iter().any(|run| run["state"] == "SUCCEEDED").then_some(runs))
    };
    let runs = story.until("a successful run of Kubeflow", ended).await?;
    let run = only("run of Kubeflow", &runs)?;
    let incident = incident_of("ranking", run.pointer("/runtime_config/parameters").unwrap_or(&Value::Null))?;
    Story::expect("the run's name:", &run["display_name"], &json!(incident))?;
    tick(story).await?;
    story.received("Training Succeeded", "incident/ranking-drift-").await?;
    story.observed(format!("one run named {incident}; a reconcile found its end with the new token")).await
}

async fn codepipeline(story: &mut Story) -> Result<(), StoryError> {
    story.section("The build of a commit of segments succeeded: CodePipeline trains");
    request_training(story).await?;
    story.received("Training Succeeded", "incident/segments-build-").await?;
    let found = executions(story).await?;
    let execution = only("execution of segments-training", &found)?;
    let call = story.aws.codepipeline.get_pipeline_execution().pipeline_name("segments-training");
    let execution = call.pipeline_execution_id(execution).send().await.map_err(service)?.pipeline_execution;
    let variables = execution.map(|execution| execution.variables.unwrap_or_default()).unwrap_or_default();
    let value = |name: &str| variables.iter().find(|v| v.name() == Some(name)).and_then(|v| v.resolved_value());
    let parameters = json!({"incident": value("Incident"), "experiment": value("Experiment"), "trial": value("Trial")});
    let incident = incident_of("segments", &parameters)?;
    let records = story.records().await?.into_iter().filter(|record| record.source == "aws.codepipeline");
    let deploys = records.filter(|record| record.function == "deploy").count();
    Story::expect("records of deploy about this pipeline:", &deploys, &0)?;
    story
        .observed(format!(
            "one execution has incident {incident}; its event closed the incident and was not delivered to deploy"
        ))
        .await
}

/// Publishes the fact with which `integrate` requests training after a build.
async fn request_training(story: &Story) -> Result<(), StoryError> {
    let subject = "build/segments/1d2e3f405162738495a6b7c8d9e0f10213243546";
    let detail = json!({"version": 1, "model": "segments", "dedup_key": subject, "at": jiff::Timestamp::now(),
        "reasons": ["the build succeeded"], "details": {"commit": "1d2e3f405162738495a6b7c8d9e0f10213243546"}});
    let entry = PutEventsRequestEntry::builder().event_bus_name("trimtab").source("trimtab");
    let entry = entry.detail_type("Training Requested").detail(detail.to_string()).build();
    story.aws.events.put_events().entries(entry).send().await.map(drop).map_err(service)
}

async fn executions(story: &Story) -> Result<Vec<String>, StoryError> {
    let call = story.aws.codepipeline.list_pipeline_executions().pipeline_name("segments-training");
    let listed = call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default();
    Ok(listed.into_iter().filter_map(|execution| execution.pipeline_execution_id).collect())
}

/// Delivers the alarms and the request again, under new ids.
async fn duplicates(story: &mut Story) -> Result<(), StoryError> {
    story.section("All events are delivered twice");
    let events = story.events("CloudWatch Alarm State Change").await?;
    for (model, _) in MODELS {
        let of = |event: &&Value| {
            let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
            text("/detail/alarmName") == format!("{model}-prod-data-drift") && text("/detail/state/value") == "ALARM"
        };
        let event = events.iter().rev().find(of);
        let event = event.ok_or_else(|| StoryError::NotObserved(format!("the alarm of {model}")))?.clone();
        send(story, &event).await?;
    }
    request_training(story).await?;
    for model in ["forecast", "pricing", "ranking", "segments"] {
        let skipped = async |story: &Story| {
            let records = story.records().await?;
            let processed = |reason: &String| reason.starts_with("this trigger was handled at");
            let is_skipped = |record: &trimtab_core::port::HistoryEntry| {
                record.owner == model && record.decision == Decision::Skipped && record.reasons.iter().any(processed)
            };
            Ok(records.into_iter().find(is_skipped))
        };
        story.until(&format!("retrain's record for {model}: already processed"), skipped).await?;
    }
    let runs = (airflow_runs(story).await?.len(), kubeflow_runs(story).await?.len(), executions(story).await?.len());
    Story::expect("runs of Airflow, Kubeflow, CodePipeline:", &runs, &(1, 1, 1))?;
    Story::expect("executions started:", &story.calls("StartExecution").await?, &1)?;
    story.observed("each engine still has one run").await
}
