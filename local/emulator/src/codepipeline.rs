//! CodePipeline (V2): executions with variables and a state over time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{Phase, World, lock};

#[derive(Debug, Default)]
pub(crate) struct State {
    pipelines: BTreeMap<String, Value>,
    /// Ordered by start.
    executions: Vec<Execution>,
}

#[derive(Debug, Clone)]
struct Execution {
    id: String,
    pipeline: String,
    variables: Vec<Value>,
    /// The source revision overrides.
    revisions: Vec<Value>,
    status: String,
    started: Timestamp,
    updated: Timestamp,
}

pub(crate) fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<ApiResult> {
    Some(match action {
        "CreatePipeline" => create(world, input),
        "GetPipeline" => get(world, input),
        "ListPipelines" => Ok(list_pipelines(world)),
        "StartPipelineExecution" => start(world, input),
        "GetPipelineExecution" => get_execution(world, input),
        "ListPipelineExecutions" => list(world, input),
        "StopPipelineExecution" => stop(world, input),
        _ => return None,
    })
}

fn create(world: &World, input: Input<'_>) -> ApiResult {
    let mut pipeline = input.get("pipeline").cloned().unwrap_or_default();
    let name = Input(&pipeline).need("name")?.to_owned();
    if let Some(fields) = pipeline.as_object_mut() {
        fields.insert("version".to_owned(), json!(1));
    }
    let pipelines = &mut lock(&world.codepipeline).pipelines;
    if pipelines.contains_key(&name) {
        return Err(ApiError::new(
            "PipelineNameInUseException",
            format!("A pipeline with the name '{name}' already exists."),
        ));
    }
    pipelines.insert(name, pipeline.clone());
    Ok(json!({"pipeline": pipeline}))
}

fn get(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("name")?;
    let found = lock(&world.codepipeline).pipelines.get(name).cloned();
    let pipeline = found.ok_or_else(|| no_pipeline(world, name))?;
    Ok(json!({"pipeline": pipeline, "metadata": {"pipelineArn": world.arn("codepipeline", name)}}))
}

fn list_pipelines(world: &World) -> Value {
    let state = lock(&world.codepipeline);
    let summary = |name: &String| json!({"name": name, "version": 1, "pipelineType": "V2"});
    json!({"pipelines": state.pipelines.keys().map(summary).collect::<Vec<_>>()})
}

/// Starts an execution for each call. CodePipeline's token is not reliable, so callers must not depend on it.
fn start(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let name = input.need("name")?;
    let mut state = lock(&world.codepipeline);
    let pipeline = state.pipelines.get(name).ok_or_else(|| no_pipeline(world, name))?;
    let declared: Vec<(&str, Option<&str>)> = Input(pipeline)
        .list("variables")
        .filter_map(|variable| Some((variable.text("name")?, variable.text("defaultValue"))))
        .collect();
    for given in input.list("variables") {
        let variable = given.need("name")?;
        if !declared.iter().any(|(known, _)| *known == variable) {
            return Err(ApiError::validation(format!("Variable {variable} is not declared in pipeline {name}")));
        }
    }
    let revisions = revisions(pipeline, input)?;
    let given = |name: &str| {
        input
            .list("variables")
            .find(|variable| variable.text("name") == Some(name))
            .and_then(|found| found.text("value"))
    };
    let variables = declared
        .iter()
        .filter_map(|(name, default)| Some(json!({"name": name, "resolvedValue": given(name).or(*default)?})))
        .collect();
    let now = Timestamp::now();
    let id = uuid::Uuid::new_v4().to_string();
    let execution = Execution {
        id: id.clone(),
        pipeline: name.to_owned(),
        variables,
        revisions,
        status: "InProgress".to_owned(),
        started: now,
        updated: now,
    };
    state.executions.push(execution);
    world.later(run(Arc::clone(world), id.clone()));
    Ok(json!({"pipelineExecutionId": id}))
}

/// Rejects an override for anything except a source action.
fn revisions(pipeline: &Value, input: Input<'_>) -> Result<Vec<Value>, ApiError> {
    let mut sources = Vec::new();
    for action in Input(pipeline).list("stages").flat_map(|stage| stage.list("actions").collect::<Vec<_>>()) {
        if action.0.pointer("/actionTypeId/category").and_then(Value::as_str) == Some("Source") {
            sources.extend(action.text("name"));
        }
    }
    let mut revisions = Vec::new();
    for given in input.list("sourceRevisions") {
        let (action, value) = (given.need("actionName")?, given.need("revisionValue")?);
        if !sources.contains(&action) {
            return Err(ApiError::validation(format!("{action} is no source action of this pipeline")));
        }
        let kinds = ["COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"];
        if !kinds.contains(&given.need("revisionType")?) {
            return Err(ApiError::validation("Member must satisfy enum value set at 'sourceRevisions.revisionType'"));
        }
        revisions.push(json!({"actionName": action, "revisionId": value}));
    }
    Ok(revisions)
}

async fn run(world: Arc<World>, id: String) {
    send_event(&world, &id, "STARTED").await;
    world.over(Phase::CodePipelines).await;
    let end = world.fate(Phase::CodePipelines, "Succeeded");
    finish(&world, &id, &end).await;
}

async fn finish(world: &World, id: &str, end: &str) {
    let ended = {
        let mut state = lock(&world.codepipeline);
        let execution =
            state.executions.iter_mut().find(|execution| execution.id == id && execution.status == "InProgress");
        execution.map(|execution| {
            execution.status = end.to_owned();
            execution.updated = Timestamp::now();
        })
    };
    if ended.is_some() {
        send_event(world, id, &end.to_uppercase()).await;
    }
}

async fn send_event(world: &World, id: &str, state: &str) {
    let found = lock(&world.codepipeline).executions.iter().find(|execution| execution.id == id).cloned();
    let Some(execution) = found else { return };
    let detail = json!({
        "pipeline": execution.pipeline,
        "execution-id": execution.id,
        "execution-trigger": {"trigger-type": "StartPipelineExecution", "trigger-detail": "local"},
        "state": state,
        "version": 1,
        "pipeline-execution-attempt": 1,
    });
    let arn = world.arn("codepipeline", &execution.pipeline);
    world.emit("aws.codepipeline", "CodePipeline Pipeline Execution State Change", &[arn], detail).await;
}

fn get_execution(world: &World, input: Input<'_>) -> ApiResult {
    let (name, id) = (input.need("pipelineName")?, input.need("pipelineExecutionId")?);
    let state = lock(&world.codepipeline);
    if !state.pipelines.contains_key(name) {
        return Err(no_pipeline(world, name));
    }
    let execution = state.executions.iter().find(|execution| execution.id == id && execution.pipeline == name);
    let execution = execution.ok_or_else(|| no_execution(id))?;
    Ok(json!({"pipelineExecution": {
        "pipelineName": name,
        "pipelineVersion": 1,
        "pipelineExecutionId": id,
        "status": execution.status,
        "variables": execution.variables,
        "artifactRevisions": [],
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    }}))
}

fn list(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("pipelineName")?;
    let state = lock(&world.codepipeline);
    if !state.pipelines.contains_key(name) {
        return Err(no_pipeline(world, name));
    }
    let found: Vec<&Execution> = state.executions.iter().rev().filter(|execution| execution.pipeline == name).collect();
    let (found, next) = page(found, input, "maxResults", "nextToken")?;
    let summary = |execution: &Execution| {
        json!({
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "startTime": time(execution.started),
            "lastUpdateTime": time(execution.updated),
            "executionMode": "SUPERSEDED",
            "sourceRevisions": execution.revisions,
        })
    };
    let mut response = json!({"pipelineExecutionSummaries": found.into_iter().map(summary).collect::<Vec<_>>()});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("nextToken".to_owned(), json!(next));
    }
    Ok(response)
}

fn stop(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let (name, id) = (input.need("pipelineName")?, input.need("pipelineExecutionId")?.to_owned());
    let known =
        lock(&world.codepipeline).executions.iter().any(|execution| execution.id == id && execution.pipeline == name);
    if !known {
        return Err(no_execution(&id));
    }
    let (later, stopping) = (Arc::clone(world), id.clone());
    world.later(async move { finish(&later, &stopping, "Stopped").await });
    Ok(json!({"pipelineExecutionId": id}))
}

fn no_pipeline(world: &World, name: &str) -> ApiError {
    let account = &world.config.account;
    ApiError::new(
        "PipelineNotFoundException",
        format!("Account '{account}' does not have a pipeline with name '{name}'"),
    )
}

fn no_execution(id: &str) -> ApiError {
    ApiError::new("PipelineExecutionNotFoundException", format!("Pipeline execution '{id}' was not found"))
}
