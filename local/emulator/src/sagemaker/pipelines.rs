//! SageMaker Pipelines: executions with a status over time, and idempotency tokens.
//!
//! An execution runs no steps except `RegisterModel`, which registers a model package with the step's arguments when the
//! execution succeeds.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sagemaker::registry;
use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{Phase, World, lock};

#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    arn: String,
    definition: Value,
    text: String,
    role: String,
    description: Option<String>,
    created: Timestamp,
    modified: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pipeline: String,
    arn: String,
    display_name: Option<String>,
    description: Option<String>,
    token: String,
    parameters: Vec<Value>,
    status: &'static str,
    created: Timestamp,
    modified: Timestamp,
}

pub(crate) fn create(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    let (role, text) = (input.need("RoleArn")?, input.need("PipelineDefinition")?);
    input.need("ClientRequestToken")?;
    let now = Timestamp::now();
    let pipeline = Pipeline {
        arn: world.arn("sagemaker", &format!("pipeline/{name}")),
        definition: definition(text)?,
        text: text.to_owned(),
        role: role.to_owned(),
        description: input.text("PipelineDescription").map(str::to_owned),
        created: now,
        modified: now,
    };
    let response = json!({"PipelineArn": pipeline.arn});
    let pipelines = &mut lock(&world.sagemaker).pipelines;
    if pipelines.contains_key(name) {
        return Err(ApiError::validation(format!(
            "Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists."
        )));
    }
    pipelines.insert(name.to_owned(), pipeline);
    Ok(response)
}

fn definition(text: &str) -> Result<Value, ApiError> {
    serde_json::from_str(text)
        .map_err(|error| ApiError::validation(format!("Unable to parse pipeline definition: {error}")))
}

pub(crate) fn update(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    let parsed =
        input.text("PipelineDefinition").map(|text| definition(text).map(|parsed| (text, parsed))).transpose()?;
    let mut state = lock(&world.sagemaker);
    let pipeline = state.pipelines.get_mut(name).ok_or_else(|| no_pipeline(world, name))?;
    if let Some((text, parsed)) = parsed {
        pipeline.definition = parsed;
        pipeline.text = text.to_owned();
    }
    if let Some(role) = input.text("RoleArn") {
        pipeline.role = role.to_owned();
    }
    if let Some(text) = input.text("PipelineDescription") {
        pipeline.description = Some(text.to_owned());
    }
    pipeline.modified = Timestamp::now();
    Ok(json!({"PipelineArn": pipeline.arn}))
}

pub(crate) fn describe(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    let state = lock(&world.sagemaker);
    let pipeline = state.pipelines.get(name).ok_or_else(|| no_pipeline(world, name))?;
    let mut response = json!({
        "PipelineArn": pipeline.arn,
        "PipelineName": name,
        "PipelineDefinition": pipeline.text,
        "RoleArn": pipeline.role,
        "PipelineStatus": "Active",
        "CreationTime": time(pipeline.created),
        "LastModifiedTime": time(pipeline.modified),
    });
    if let (Some(text), Some(fields)) = (&pipeline.description, response.as_object_mut()) {
        fields.insert("PipelineDescription".to_owned(), json!(text));
    }
    Ok(response)
}

pub(crate) fn delete(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    input.need("ClientRequestToken")?;
    let removed = lock(&world.sagemaker).pipelines.remove(name);
    removed.map(|pipeline| json!({"PipelineArn": pipeline.arn})).ok_or_else(|| no_pipeline(world, name))
}

pub(crate) fn start(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    let token = input.need("ClientRequestToken")?;
    if !(32..=128).contains(&token.len()) {
        return Err(ApiError::validation(
            "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 128",
        ));
    }
    let mut state = lock(&world.sagemaker);
    let pipeline = state.pipelines.get(name).ok_or_else(|| no_pipeline(world, name))?;
    let known = state.executions.iter().find(|execution| execution.pipeline == name && execution.token == token);
    if let Some(known) = known {
        return Ok(json!({"PipelineExecutionArn": known.arn}));
    }
    let parameters = with_values(&pipeline.definition, input)?;
    let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect();
    let now = Timestamp::now();
    let execution = Execution {
        pipeline: name.to_owned(),
        arn: format!("{}/execution/{id}", pipeline.arn),
        display_name: input.text("PipelineExecutionDisplayName").map(str::to_owned),
        description: input.text("PipelineExecutionDescription").map(str::to_owned),
        token: token.to_owned(),
        parameters,
        status: "Executing",
        created: now,
        modified: now,
    };
    let arn = execution.arn.clone();
    state.executions.push(execution);
    world.later(run(Arc::clone(world), arn.clone()));
    Ok(json!({"PipelineExecutionArn": arn}))
}

/// The parameters of the definition with the caller's values; an undeclared parameter is an error.
fn with_values(definition: &Value, input: Input<'_>) -> Result<Vec<Value>, ApiError> {
    let declared: Vec<(&str, Option<&Value>)> = Input(definition)
        .list("Parameters")
        .filter_map(|parameter| Some((parameter.text("Name")?, parameter.get("DefaultValue"))))
        .collect();
    for given in input.list("PipelineParameters") {
        let name = given.need("Name")?;
        if !declared.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::validation(format!("Unknown pipeline parameter [{name}].")));
        }
    }
    let value_of = |name: &str| input.list("PipelineParameters").find(|given| given.text("Name") == Some(name));
    let one = |(name, default): (&str, Option<&Value>)| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = value_of(name).and_then(|given| given.text("Value").map(str::to_owned)).or(default.map(text));
        match value {
            Some(value) => Ok(json!({"Name": name, "Value": value})),
            None => Err(ApiError::validation(format!("Pipeline parameter [{name}] has no default and no value."))),
        }
    };
    declared.into_iter().map(one).collect()
}

/// Runs an execution from start to end and sends its events.
async fn run(world: Arc<World>, arn: String) {
    send_event(&world, &arn, None).await;
    world.over(Phase::Runs).await;
    let end = match world.fate(Phase::Runs, "Succeeded").as_str() {
        "Failed" => "Failed",
        _ => "Succeeded",
    };
    let Some((execution, steps)) = ({
        let state = lock(&world.sagemaker);
        let execution =
            state.executions.iter().find(|execution| execution.arn == arn && execution.status == "Executing");
        execution.and_then(|execution| {
            let steps = state.pipelines.get(&execution.pipeline)?.definition.get("Steps").cloned();
            Some((execution.clone(), steps.unwrap_or_default()))
        })
    }) else {
        return;
    };
    if end == "Succeeded" {
        register(&world, &execution, &steps).await;
    }
    finish(&world, &arn, "Executing", end).await;
}

async fn register(world: &Arc<World>, execution: &Execution, steps: &Value) {
    let registering =
        steps.as_array().into_iter().flatten().filter(|step| Input(step).text("Type") == Some("RegisterModel"));
    for step in registering {
        let mut request = step.get("Arguments").cloned().unwrap_or_default();
        if let Some(fields) = request.as_object_mut() {
            fields.entry("ModelApprovalStatus").or_insert_with(|| json!("PendingManualApproval"));
            fields.insert("MetadataProperties".to_owned(), json!({"GeneratedBy": execution.arn}));
        }
        // On AWS a failed registration fails the run. Here the definition comes from the tests, so it is ignored.
        let _ = registry::create_package(world, Input(&request)).await;
    }
}

async fn finish(world: &World, arn: &str, from: &'static str, to: &'static str) {
    let moved = {
        let mut state = lock(&world.sagemaker);
        let execution = state.executions.iter_mut().find(|execution| execution.arn == arn && execution.status == from);
        execution.map(|execution| {
            execution.status = to;
            execution.modified = Timestamp::now();
        })
    };
    if moved.is_some() {
        send_event(world, arn, Some(from)).await;
    }
}

async fn send_event(world: &World, arn: &str, previous: Option<&str>) {
    let found = lock(&world.sagemaker).executions.iter().find(|execution| execution.arn == arn).cloned();
    let Some(execution) = found else { return };
    let pipeline = world.arn("sagemaker", &format!("pipeline/{}", execution.pipeline));
    let ended = matches!(execution.status, "Succeeded" | "Failed" | "Stopped").then(|| execution.modified.to_string());
    let detail = json!({
        "pipelineExecutionDisplayName": execution.display_name,
        "currentPipelineExecutionStatus": execution.status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": execution.created.to_string(),
        "executionEndTime": ended,
        "pipelineExecutionDescription": execution.description,
        "pipelineArn": pipeline,
        "pipelineExecutionArn": arn,
    });
    let kind = "SageMaker Model Building Pipeline Execution Status Change";
    world.emit("aws.sagemaker", kind, &[pipeline.clone(), arn.to_owned()], detail).await;
}

pub(crate) fn describe_execution(world: &World, input: Input<'_>) -> ApiResult {
    let execution = execution(world, input.need("PipelineExecutionArn")?)?;
    let mut response = json!({
        "PipelineArn": world.arn("sagemaker", &format!("pipeline/{}", execution.pipeline)),
        "PipelineExecutionArn": execution.arn,
        "PipelineExecutionStatus": execution.status,
        "CreationTime": time(execution.created),
        "LastModifiedTime": time(execution.modified),
    });
    let optional = [
        ("PipelineExecutionDisplayName", execution.display_name),
        ("PipelineExecutionDescription", execution.description),
        (
            "FailureReason",
            (execution.status == "Failed").then(|| "Step failure: One or multiple steps failed.".to_owned()),
        ),
    ];
    if let Some(fields) = response.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    }
    Ok(response)
}

pub(crate) fn list_executions(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("PipelineName")?;
    let state = lock(&world.sagemaker);
    if !state.pipelines.contains_key(name) {
        return Err(no_pipeline(world, name));
    }
    let after = input.time("CreatedAfter").unwrap_or(Timestamp::MIN);
    let before = input.time("CreatedBefore").unwrap_or(Timestamp::MAX);
    let mut found: Vec<&Execution> = state
        .executions
        .iter()
        .filter(|execution| execution.pipeline == name && execution.created >= after && execution.created <= before)
        .collect();
    if input.text("SortOrder") != Some("Ascending") {
        found.reverse();
    }
    let (found, next) = page(found, input, "MaxResults", "NextToken")?;
    let summary = |execution: &Execution| {
        let mut summary = json!({
            "PipelineExecutionArn": execution.arn,
            "PipelineExecutionStatus": execution.status,
            "StartTime": time(execution.created),
        });
        if let (Some(name), Some(fields)) = (&execution.display_name, summary.as_object_mut()) {
            fields.insert("PipelineExecutionDisplayName".to_owned(), json!(name));
        }
        summary
    };
    let mut response = json!({"PipelineExecutionSummaries": found.into_iter().map(summary).collect::<Vec<_>>()});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next));
    }
    Ok(response)
}

pub(crate) fn parameters(world: &World, input: Input<'_>) -> ApiResult {
    let execution = execution(world, input.need("PipelineExecutionArn")?)?;
    Ok(json!({"PipelineParameters": execution.parameters}))
}

pub(crate) fn stop(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let arn = input.need("PipelineExecutionArn")?;
    input.need("ClientRequestToken")?;
    if execution(world, arn)?.status != "Executing" {
        return Err(ApiError::validation(format!("Pipeline execution {arn} is not executing.")));
    }
    let (later, stopping) = (Arc::clone(world), arn.to_owned());
    world.later(async move {
        finish(&later, &stopping, "Executing", "Stopping").await;
        finish(&later, &stopping, "Stopping", "Stopped").await;
    });
    Ok(json!({"PipelineExecutionArn": arn}))
}

fn execution(world: &World, arn: &str) -> Result<Execution, ApiError> {
    let found = lock(&world.sagemaker).executions.iter().find(|execution| execution.arn == arn).cloned();
    found.ok_or_else(|| {
        ApiError::new("ResourceNotFound", format!("Pipeline execution with ARN '{arn}' does not exist."))
    })
}

fn no_pipeline(world: &World, name: &str) -> ApiError {
    let arn = world.arn("sagemaker", &format!("pipeline/{name}"));
    ApiError::new("ResourceNotFound", format!("Pipeline '{arn}' does not exist."))
}
