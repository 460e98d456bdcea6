//! Every other engine that a policy can name: drift, or a built commit, and one run of it; its end is
//! heard, or seen by looking; and nothing of it happens twice.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::HttpsUrl;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Engine, Policy};

use crate::chapters::{in_alarm, make_pipeline, send};
use crate::lost::tick;
use crate::stage::{DATA_METRICS, ROLE};
use crate::story::{Story, StoryError, service};

/// The models, each with the feature that drifts.
const MODELS: [(&str, &str); 3] = [("forecast", "promotion"), ("pricing", "list_price"), ("ranking", "query_length")];

/// What `policies/ranking.toml` names.
const SECRET: &str = "trimtab/ranking-kubeflow";
const PIPELINE: &str = "5b1e7c2a-3d4f-4a6b-8c9d-0e1f2a3b4c5d";

/// The tokens for Kubeflow: somebody changes the first for the second while a run is on.
const TOKENS: [&str; 2] = ["first-token-of-ranking", "second-token-of-ranking"];

/// Step Functions, Airflow, Kubeflow, CodePipeline; and all of it told again.
pub(crate) async fn each(story: &mut Story) -> Result<(), StoryError> {
    set(story).await?;
    workflow(story).await?;
    dag(story).await?;
    cluster(story).await?;
    pipeline(story).await?;
    again(story).await
}

/// What the teams have made in the account, and beside it.
async fn set(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Four teams train elsewhere: on Step Functions, Airflow, Kubeflow and CodePipeline");
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
    let cluster = story.ask("kubeflow").await?;
    let text = |name: &str| cluster.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, ca) = (HttpsUrl::parse(&text("url")).map_err(service)?, text("ca"));
    story.apply_each(|policy| at(policy, &url, &ca)).await?;
    story.saw(format!("Kubeflow is at {url}, and ranking's policy trusts its authority and no other")).await
}

fn metric(feature: &str) -> String {
    format!("feature_baseline_drift_{feature}")
}

/// Kubeflow is where this cloud has it; its certificate is signed by nobody whom others trust.
fn at(policy: &mut Policy, url: &HttpsUrl, ca: &str) {
    if let Some(Engine::Kubeflow(place)) = policy.retrain.as_mut().map(|rules| &mut rules.engine) {
        place.url = url.clone();
        place.ca = Some(ca.to_owned());
    }
}

/// The model drifts, and its alarm goes off.
async fn drifts(story: &mut Story, model: &str, feature: &str) -> Result<(), StoryError> {
    story.publish(DATA_METRICS, &metric(feature), &[("Endpoint", &format!("{model}-prod"))], 0.31).await?;
    in_alarm(story, &format!("{model}-prod-data-drift")).await.map(drop)
}

/// What a run is told: its incident, and the experiment and trial that it belongs to.
fn told(model: &str, parameters: &Value) -> Result<String, StoryError> {
    let value = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let incident = value("incident");
    Story::expect("the incident is the model's:", &incident.starts_with(&format!("{model}-")), &true)?;
    Story::expect(
        "the run's experiment and trial:",
        &(value("experiment"), value("trial")),
        &(model.to_owned(), incident.clone()),
    )?;
    Ok(incident)
}

/// The one that there is.
fn only<'a, T>(what: &str, all: &'a [T]) -> Result<&'a T, StoryError> {
    match all {
        [one] => Ok(one),
        _ => Err(StoryError::Unexpected { expected: format!("one {what}"), found: format!("{} of them", all.len()) }),
    }
}

async fn workflow(story: &mut Story) -> Result<(), StoryError> {
    story.begin("forecast drifts: Step Functions trains");
    drifts(story, "forecast", MODELS[0].1).await?;
    story.told("Training Succeeded", "incident/forecast-drift-").await?;
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:forecast-training");
    let listed = story.aws.sfn.list_executions().state_machine_arn(machine).send().await.map_err(service)?;
    let execution = only("execution of forecast-training", listed.executions())?;
    let found = story.aws.sfn.describe_execution().execution_arn(execution.execution_arn());
    let found = found.send().await.map_err(service)?;
    let input = serde_json::from_str(found.input().unwrap_or_default()).unwrap_or_default();
    let incident = told("forecast", &input)?;
    Story::expect("the execution's name:", &execution.name(), &incident.as_str())?;
    story.saw(format!("one execution, named {incident}, has ended; its event has closed the incident")).await
}

/// Airflow's runs of the DAG, as MWAA says.
async fn dag_runs(story: &Story) -> Result<Vec<Value>, StoryError> {
    let body = json!({"Path": "/dags/pricing_training/dagRuns", "Method": "GET"});
    let said = story.rest("airflow", "restapi/ml", &body).await?;
    let runs = said.pointer("/RestApiResponse/dag_runs").and_then(Value::as_array).cloned();
    runs.ok_or_else(|| StoryError::Service(format!("MWAA says {said}")))
}

async fn dag(story: &mut Story) -> Result<(), StoryError> {
    story.begin("pricing drifts: a DAG trains, and nobody tells of its end");
    drifts(story, "pricing", MODELS[1].1).await?;
    story.told("Training Started", "incident/pricing-drift-").await?;
    let ended = async |story: &Story| {
        let runs = dag_runs(story).await?;
        Ok(runs.iter().any(|run| run["state"] == "success").then_some(runs))
    };
    let runs = story.until("a run of the DAG that succeeded", ended).await?;
    let incident = told("pricing", &only("run of the DAG", &runs)?["conf"])?;
    tick(story).await?;
    story.told("Training Succeeded", "incident/pricing-drift-").await?;
    story.saw(format!("one run of pricing_training, of incident {incident}; a look has seen its end")).await
}

/// Kubeflow's runs.
async fn cluster_runs(story: &Story) -> Result<Vec<Value>, StoryError> {
    let said = story.ask("kubeflow").await?;
    Ok(said.get("runs").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn cluster(story: &mut Story) -> Result<(), StoryError> {
    story.begin("ranking drifts: Kubeflow trains; while it does, somebody changes the token");
    drifts(story, "ranking", MODELS[2].1).await?;
    story.told("Training Started", "incident/ranking-drift-").await?;
    story.control("kubeflow", json!({"admit": TOKENS[1], "dismiss": TOKENS[0]})).await?;
    let changed = story.aws.secrets.put_secret_value().secret_id(SECRET).secret_string(TOKENS[1]);
    changed.send().await.map_err(service)?;
    let ended = async |story: &Story| {
        let runs = cluster_runs(story).await?;
        Ok(runs.iter().any(|run| run["state"] == "SUCCEEDED").then_some(runs))
    };
    let runs = story.until("a run of Kubeflow that succeeded", ended).await?;
    let run = only("run of Kubeflow", &runs)?;
    let incident = told("ranking", run.pointer("/runtime_config/parameters").unwrap_or(&Value::Null))?;
    Story::expect("the run's name:", &run["display_name"], &json!(incident))?;
    tick(story).await?;
    story.told("Training Succeeded", "incident/ranking-drift-").await?;
    story.saw(format!("one run, named {incident}; a look has seen its end with the new token")).await
}

async fn pipeline(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A commit of segments was built: CodePipeline trains");
    ask(story).await?;
    story.told("Training Succeeded", "incident/segments-build-").await?;
    let found = executions(story).await?;
    let execution = only("execution of segments-training", &found)?;
    let call = story.aws.codepipeline.get_pipeline_execution().pipeline_name("segments-training");
    let execution = call.pipeline_execution_id(execution).send().await.map_err(service)?.pipeline_execution;
    let variables = execution.map(|execution| execution.variables.unwrap_or_default()).unwrap_or_default();
    let value = |name: &str| variables.iter().find(|v| v.name() == Some(name)).and_then(|v| v.resolved_value());
    let parameters = json!({"incident": value("Incident"), "experiment": value("Experiment"), "trial": value("Trial")});
    let incident = told("segments", &parameters)?;
    let strangers = story.records().await?.into_iter().filter(|record| record.source == "aws.codepipeline");
    let deploys = strangers.filter(|record| record.function == "deploy").count();
    Story::expect("deploy's records of it:", &deploys, &0)?;
    story
        .saw(format!("one execution carries {incident}; its event has closed the incident, and deploy did not hear it"))
        .await
}

/// What `integrate` says when a build has succeeded.
async fn ask(story: &Story) -> Result<(), StoryError> {
    let detail = json!({"version": 1, "model": "segments", "dedup_key": "build/segments/1", "at": jiff::Timestamp::now(),
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

/// The alarms and the request once more, under new ids.
async fn again(story: &mut Story) -> Result<(), StoryError> {
    story.begin("All of it is told again");
    let events = story.events("CloudWatch Alarm State Change").await?;
    for (model, _) in MODELS {
        let of = |event: &&Value| {
            let said = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
            said("/detail/alarmName") == format!("{model}-prod-data-drift") && said("/detail/state/value") == "ALARM"
        };
        let event = events.iter().rev().find(of);
        let event = event.ok_or_else(|| StoryError::NotSeen(format!("the alarm of {model}")))?.clone();
        send(story, &event).await?;
    }
    ask(story).await?;
    for model in ["forecast", "pricing", "ranking", "segments"] {
        let known = async |story: &Story| {
            let records = story.records().await?;
            let answered = |reason: &String| reason.starts_with("this was answered at");
            let skipped = |record: &trimtab_core::port::HistoryEntry| {
                record.owner == model && record.decision == Decision::Skipped && record.reasons.iter().any(answered)
            };
            Ok(records.into_iter().find(skipped))
        };
        story.until(&format!("retrain's record for {model}: it was answered"), known).await?;
    }
    let runs = (dag_runs(story).await?.len(), cluster_runs(story).await?.len(), executions(story).await?.len());
    Story::expect("runs of Airflow, Kubeflow, CodePipeline:", &runs, &(1, 1, 1))?;
    Story::expect("executions started:", &story.calls("StartExecution").await?, &1)?;
    story.saw("each engine has still one run").await
}
