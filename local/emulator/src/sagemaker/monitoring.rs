//! Monitoring schedules and their executions, which moto lacks; moto serves the job definitions. A schedule runs nothing by
//! itself: `/_trimtab/monitoring` runs an execution.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::batch::{self, Job, Kind};
use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{Phase, World, lock};

#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    name: String,
    config: Value,
    endpoint: Option<String>,
    output: Option<String>,
    status: &'static str,
    failure: Option<String>,
    created: Timestamp,
    modified: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Execution {
    schedule: String,
    definition: String,
    kind: String,
    endpoint: Option<String>,
    status: String,
    job: String,
    created: Timestamp,
}

impl Schedule {
    fn text(&self, field: &str) -> String {
        self.config.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Rejects a second definition of the same name, which moto would overwrite.
pub(crate) async fn define(world: &World, action: &str, input: Input<'_>) -> ApiResult {
    let name = input.need("JobDefinitionName")?;
    let describe = action.replacen("Create", "Describe", 1);
    if world.backends.sagemaker(&describe, &json!({"JobDefinitionName": name})).await.is_ok() {
        return Err(ApiError::new("ResourceInUse", format!("Job definition {name} already exists")));
    }
    world.backends.sagemaker(action, input.0).await
}

pub(crate) async fn create(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let name = input.need("MonitoringScheduleName")?.to_owned();
    let (config, endpoint, output) = config(world, input).await?;
    let now = Timestamp::now();
    {
        let schedules = &mut lock(&world.sagemaker).schedules;
        if schedules.contains_key(&name) {
            let arn = arn(world, &name);
            return Err(ApiError::new("ResourceInUse", format!("Monitoring Schedule {arn} already exists")));
        }
        let schedule = Schedule {
            name: name.clone(),
            config,
            endpoint,
            output,
            status: "Pending",
            failure: None,
            created: now,
            modified: now,
        };
        schedules.insert(name.clone(), schedule);
    }
    world.later(finish_change(Arc::clone(world), name.clone()));
    Ok(json!({"MonitoringScheduleArn": arn(world, &name)}))
}

pub(crate) async fn update(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let name = input.need("MonitoringScheduleName")?.to_owned();
    found(world, &name)?;
    let (config, endpoint, output) = config(world, input).await?;
    {
        let schedules = &mut lock(&world.sagemaker).schedules;
        let schedule = schedules.get_mut(&name).ok_or_else(|| missing(world, &name))?;
        if schedule.status == "Pending" {
            return Err(ApiError::validation(format!(
                "Monitoring Schedule {name} is in Pending status and cannot be updated."
            )));
        }
        (schedule.config, schedule.endpoint, schedule.output) = (config, endpoint, output);
        (schedule.status, schedule.failure, schedule.modified) = ("Pending", None, Timestamp::now());
    }
    world.later(finish_change(Arc::clone(world), name.clone()));
    Ok(json!({"MonitoringScheduleArn": arn(world, &name)}))
}

/// Ends the pending status of a schedule.
async fn finish_change(world: Arc<World>, name: String) {
    world.over(Phase::Schedules).await;
    let end = world.fate(Phase::Schedules, "Scheduled");
    if let Some(schedule) = lock(&world.sagemaker).schedules.get_mut(&name) {
        let failed = end == "Failed";
        schedule.status = if failed { "Failed" } else { "Scheduled" };
        schedule.failure = failed.then(|| "The monitoring job definition could not be used.".to_owned());
        schedule.modified = Timestamp::now();
    }
}

pub(crate) fn delete(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("MonitoringScheduleName")?;
    let state = &mut lock(&world.sagemaker);
    if state.schedules.contains_key(name)
        && state.executions_of_schedules.iter().any(|run| run.schedule == name && run.status == "InProgress")
    {
        return Err(ApiError::validation(format!("Monitoring Schedule {name} has in-progress executions.")));
    }
    state.schedules.remove(name).map(|_| json!({})).ok_or_else(|| missing(world, name))
}

/// Stops or starts a schedule.
pub(crate) fn switch(world: &World, input: Input<'_>, status: &'static str) -> ApiResult {
    let name = input.need("MonitoringScheduleName")?;
    let schedules = &mut lock(&world.sagemaker).schedules;
    let schedule = schedules.get_mut(name).ok_or_else(|| missing(world, name))?;
    (schedule.status, schedule.modified) = (status, Timestamp::now());
    Ok(json!({}))
}

pub(crate) fn describe(world: &World, input: Input<'_>) -> ApiResult {
    let schedule = found(world, input.need("MonitoringScheduleName")?)?;
    let mut response = json!({
        "MonitoringScheduleArn": arn(world, &schedule.name),
        "MonitoringScheduleName": schedule.name,
        "MonitoringScheduleStatus": schedule.status,
        "MonitoringType": schedule.text("MonitoringType"),
        "CreationTime": time(schedule.created),
        "LastModifiedTime": time(schedule.modified),
        "MonitoringScheduleConfig": schedule.config,
    });
    let last = lock(&world.sagemaker)
        .executions_of_schedules
        .iter()
        .rev()
        .find(|run| run.schedule == schedule.name)
        .map(|run| summary(world, run));
    if let Some(fields) = response.as_object_mut() {
        let optional = [
            ("FailureReason", schedule.failure.map(Value::String)),
            ("EndpointName", schedule.endpoint.map(Value::String)),
            ("LastMonitoringExecutionSummary", last),
        ];
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    Ok(response)
}

pub(crate) fn list(world: &World, input: Input<'_>) -> ApiResult {
    let state = lock(&world.sagemaker);
    let fits = |schedule: &&Schedule| {
        input.text("NameContains").is_none_or(|part| schedule.name.contains(part))
            && input.text("EndpointName").is_none_or(|name| schedule.endpoint.as_deref() == Some(name))
    };
    let mut all: Vec<&Schedule> = state.schedules.values().filter(fits).collect();
    all.sort_by_key(|schedule| std::cmp::Reverse(schedule.created));
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    let summary = |schedule: &Schedule| {
        json!({
            "MonitoringScheduleName": schedule.name,
            "MonitoringScheduleArn": arn(world, &schedule.name),
            "CreationTime": time(schedule.created),
            "LastModifiedTime": time(schedule.modified),
            "MonitoringScheduleStatus": schedule.status,
            "MonitoringJobDefinitionName": schedule.text("MonitoringJobDefinitionName"),
            "MonitoringType": schedule.text("MonitoringType"),
        })
    };
    Ok(paged("MonitoringScheduleSummaries", &all.into_iter().map(summary).collect::<Vec<_>>(), next))
}

pub(crate) fn list_executions(world: &World, input: Input<'_>) -> ApiResult {
    let state = lock(&world.sagemaker);
    let fits = |run: &&Execution| {
        input.text("MonitoringScheduleName").is_none_or(|name| run.schedule == name)
            && input.text("EndpointName").is_none_or(|name| run.endpoint.as_deref() == Some(name))
            && input.text("StatusEquals").is_none_or(|status| run.status == status)
            && input.text("MonitoringTypeEquals").is_none_or(|kind| run.kind == kind)
            && input.time("CreationTimeAfter").is_none_or(|after| run.created > after)
            && input.time("ScheduledTimeAfter").is_none_or(|after| run.created > after)
    };
    let mut all: Vec<&Execution> = state.executions_of_schedules.iter().filter(fits).collect();
    if input.text("SortOrder") != Some("Ascending") {
        all.reverse();
    }
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    let all: Vec<Value> = all.into_iter().map(|run| summary(world, run)).collect();
    Ok(paged("MonitoringExecutionSummaries", &all, next))
}

/// Runs an execution of a schedule to this status: `Completed`, `CompletedWithViolations` or `Failed`.
pub(crate) async fn execute(world: &Arc<World>, name: &str, status: &str, message: Option<String>) -> ApiResult {
    let schedule = found(world, name)?;
    let now = Timestamp::now();
    let (job, number) = {
        let state = &mut lock(&world.sagemaker);
        let number = state.executions_of_schedules.len();
        let job = format!("model-monitoring-{}-{number:08x}", now.strftime("%Y%m%d%H%M"));
        // In AWS the name continues with the endpoint, the schedule and the hour.
        let output =
            json!({"S3Uri": schedule.output, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"});
        let request = json!({
            "ProcessingJobName": job,
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": output}]},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}},
            "AppSpecification": {"ImageUri": "model-monitor"},
        });
        let made = Job {
            request,
            tags: Vec::new(),
            status: "InProgress".to_owned(),
            exit: None,
            failure: None,
            schedule: Some(arn(world, name)),
            created: now,
            modified: now,
        };
        state.batch.insert((Kind::Processing, job.clone()), made);
        let run = Execution {
            schedule: name.to_owned(),
            definition: schedule.text("MonitoringJobDefinitionName"),
            kind: schedule.text("MonitoringType"),
            endpoint: schedule.endpoint.clone(),
            status: "InProgress".to_owned(),
            job: job.clone(),
            created: now,
        };
        state.executions_of_schedules.push(run);
        (job, number)
    };
    batch::send_event(world, Kind::Processing, &job).await;
    world.over(Phase::Jobs).await;
    if let Some(run) = lock(&world.sagemaker).executions_of_schedules.get_mut(number) {
        status.clone_into(&mut run.status);
    }
    // The analyzer's exit message contains whether constraints were violated.
    let exit = match status {
        "CompletedWithViolations" => message
            .or_else(|| Some("CompletedWithViolations: Job completed successfully with 2 violations.".to_owned())),
        "Completed" => message.or_else(|| Some("Completed: Job completed successfully with no violations.".to_owned())),
        _ => message,
    };
    let end = if status.starts_with("Completed") { "Completed" } else { status };
    batch::finish(world, Kind::Processing, &job, end, exit, None);
    batch::send_event(world, Kind::Processing, &job).await;
    Ok(json!({"ProcessingJobName": job}))
}

fn summary(world: &World, run: &Execution) -> Value {
    let mut found = json!({
        "MonitoringScheduleName": run.schedule,
        "ScheduledTime": time(run.created),
        "CreationTime": time(run.created),
        "LastModifiedTime": time(run.created),
        "MonitoringExecutionStatus": run.status,
        "ProcessingJobArn": batch::arn(world, Kind::Processing, &run.job),
        "MonitoringJobDefinitionName": run.definition,
        "MonitoringType": run.kind,
    });
    if let (Some(endpoint), Some(fields)) = (&run.endpoint, found.as_object_mut()) {
        fields.insert("EndpointName".to_owned(), json!(endpoint));
    }
    found
}

fn paged(list: &str, all: &[Value], next: Option<String>) -> Value {
    let mut response = json!({(list): all});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next));
    }
    response
}

/// The configuration, with the endpoint and the output of its job definition, which must exist.
async fn config(world: &World, input: Input<'_>) -> Result<(Value, Option<String>, Option<String>), ApiError> {
    let null = |field: &str| {
        ApiError::validation(format!(
            "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
        ))
    };
    let config = input.get("MonitoringScheduleConfig").ok_or_else(|| null("monitoringScheduleConfig"))?;
    let definition = Input(config).need("MonitoringJobDefinitionName")?;
    let kind = Input(config).need("MonitoringType")?;
    let cron = config.pointer("/ScheduleConfig/ScheduleExpression").and_then(Value::as_str);
    if cron.is_some_and(|cron| cron != "NOW" && !cron.starts_with("cron(0 ")) {
        return Err(ApiError::validation("Schedule expression is not supported."));
    }
    let describe = format!("Describe{kind}JobDefinition");
    let known = world.backends.sagemaker(&describe, &json!({"JobDefinitionName": definition})).await;
    let known = known.map_err(|error| {
        if error.code == "InternalFailure" {
            return error;
        }
        ApiError::validation(format!("Could not find {kind} job definition \"{definition}\"."))
    })?;
    let endpoint = known.pointer(&format!("/{kind}JobInput/EndpointInput/EndpointName")).and_then(Value::as_str);
    let output = known.pointer(&format!("/{kind}JobOutputConfig/MonitoringOutputs/0/S3Output/S3Uri"));
    let output = output.and_then(Value::as_str);
    Ok((config.clone(), endpoint.map(str::to_owned), output.map(str::to_owned)))
}

fn found(world: &World, name: &str) -> Result<Schedule, ApiError> {
    lock(&world.sagemaker).schedules.get(name).cloned().ok_or_else(|| missing(world, name))
}

/// The ARN of a schedule, in which the name is in lower case.
fn arn(world: &World, name: &str) -> String {
    world.arn("sagemaker", &format!("monitoring-schedule/{}", name.to_lowercase()))
}

fn missing(world: &World, name: &str) -> ApiError {
    ApiError::new("ResourceNotFound", format!("Monitoring Schedule {} does not exist", arn(world, name)))
}
