//! Training jobs that run until they are stopped. In moto a job completes immediately and cannot be stopped.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input, time};
use crate::world::{Phase, World, lock};

#[derive(Debug, Clone)]
pub(crate) struct Job {
    request: Value,
    tags: Vec<Value>,
    status: &'static str,
    created: Timestamp,
    modified: Timestamp,
}

/// Required fields of the request, which the description repeats.
const REQUIRED: [&str; 3] = ["AlgorithmSpecification", "ResourceConfig", "StoppingCondition"];

pub(crate) fn create(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("TrainingJobName")?;
    input.need("RoleArn")?;
    for field in REQUIRED {
        if input.get(field).is_none() {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
            )));
        }
    }
    let arn = arn(world, name);
    let now = Timestamp::now();
    let mut request = input.0.clone();
    let tags = request.as_object_mut().and_then(|fields| fields.remove("Tags"));
    let tags = tags.and_then(|tags| tags.as_array().cloned()).unwrap_or_default();
    let jobs = &mut lock(&world.sagemaker).jobs;
    if jobs.contains_key(&arn) {
        return Err(ApiError::new(
            "ResourceInUse",
            format!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
            ),
        ));
    }
    let response = json!({"TrainingJobArn": arn});
    jobs.insert(arn, Job { request, tags, status: "InProgress", created: now, modified: now });
    Ok(response)
}

pub(crate) fn describe(world: &World, input: Input<'_>) -> ApiResult {
    let arn = arn(world, input.need("TrainingJobName")?);
    let jobs = &lock(&world.sagemaker).jobs;
    let job = jobs.get(&arn).ok_or_else(missing)?;
    let mut found = job.request.clone();
    let secondary = if job.status == "InProgress" { "Training" } else { job.status };
    let own = json!({
        "TrainingJobArn": arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": secondary,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "CreationTime": time(job.created),
        "LastModifiedTime": time(job.modified),
    });
    if let (Some(fields), Value::Object(own)) = (found.as_object_mut(), own) {
        fields.extend(own);
    }
    Ok(found)
}

pub(crate) fn stop(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let arn = arn(world, input.need("TrainingJobName")?);
    {
        let jobs = &mut lock(&world.sagemaker).jobs;
        let job = jobs.get_mut(&arn).ok_or_else(missing)?;
        if job.status != "InProgress" {
            let status = job.status;
            return Err(ApiError::validation(format!(
                "The request was rejected because the training job is in status {status}."
            )));
        }
        (job.status, job.modified) = ("Stopping", Timestamp::now());
    }
    let later = Arc::clone(world);
    world.later(async move {
        later.over(Phase::Runs).await;
        if let Some(job) = lock(&later.sagemaker).jobs.get_mut(&arn) {
            (job.status, job.modified) = ("Stopped", Timestamp::now());
        }
    });
    Ok(json!({}))
}

/// The tags of a job; `None` if the ARN belongs to no emulated job.
pub(crate) fn tags(world: &World, input: Input<'_>) -> Option<ApiResult> {
    let arn = input.text("ResourceArn")?;
    let jobs = &lock(&world.sagemaker).jobs;
    jobs.get(arn).map(|job| Ok(json!({"Tags": job.tags})))
}

/// Adds or replaces tags of a job; `None` if the ARN belongs to no emulated job.
pub(crate) fn add_tags(world: &World, input: Input<'_>) -> Option<ApiResult> {
    let arn = input.text("ResourceArn")?;
    let jobs = &mut lock(&world.sagemaker).jobs;
    let job = jobs.get_mut(arn)?;
    for tag in input.list("Tags") {
        job.tags.retain(|known| known.get("Key") != tag.0.get("Key"));
        job.tags.push(tag.0.clone());
    }
    Some(Ok(json!({"Tags": job.tags})))
}

/// The ARN of a job, in which the name is in lower case.
fn arn(world: &World, name: &str) -> String {
    world.arn("sagemaker", &format!("training-job/{}", name.to_lowercase()))
}

fn missing() -> ApiError {
    ApiError::validation("Requested resource not found.")
}
