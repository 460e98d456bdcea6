//! Training jobs: moto's are over as soon as they are made, and cannot be stopped. Here a job goes on
//! until somebody stops it, and is described as it was asked for.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Answer, Input, Refusal, time};
use crate::world::{Phase, World, lock};

#[derive(Debug, Clone)]
pub(crate) struct Job {
    request: Value,
    tags: Vec<Value>,
    status: &'static str,
    created: Timestamp,
    modified: Timestamp,
}

/// What a request must have, and a description has.
const REQUIRED: [&str; 3] = ["AlgorithmSpecification", "ResourceConfig", "StoppingCondition"];

pub(crate) fn create(world: &World, input: Input<'_>) -> Answer {
    let name = input.need("TrainingJobName")?;
    input.need("RoleArn")?;
    for field in REQUIRED {
        if input.get(field).is_none() {
            return Err(Refusal::validation(format!(
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
        return Err(Refusal::new(
            "ResourceInUse",
            format!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
            ),
        ));
    }
    let answer = json!({"TrainingJobArn": arn});
    jobs.insert(arn, Job { request, tags, status: "InProgress", created: now, modified: now });
    Ok(answer)
}

pub(crate) fn describe(world: &World, input: Input<'_>) -> Answer {
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

pub(crate) fn stop(world: &Arc<World>, input: Input<'_>) -> Answer {
    let arn = arn(world, input.need("TrainingJobName")?);
    {
        let jobs = &mut lock(&world.sagemaker).jobs;
        let job = jobs.get_mut(&arn).ok_or_else(missing)?;
        if job.status != "InProgress" {
            let status = job.status;
            return Err(Refusal::validation(format!(
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

/// The tags of a job; `None` for what is not played here.
pub(crate) fn tags(world: &World, input: Input<'_>) -> Option<Answer> {
    let arn = input.text("ResourceArn")?;
    let jobs = &lock(&world.sagemaker).jobs;
    jobs.get(arn).map(|job| Ok(json!({"Tags": job.tags})))
}

/// Gives a job more tags, or others; `None` for what is not played here.
pub(crate) fn add_tags(world: &World, input: Input<'_>) -> Option<Answer> {
    let arn = input.text("ResourceArn")?;
    let jobs = &mut lock(&world.sagemaker).jobs;
    let job = jobs.get_mut(arn)?;
    for tag in input.list("Tags") {
        job.tags.retain(|known| known.get("Key") != tag.0.get("Key"));
        job.tags.push(tag.0.clone());
    }
    Some(Ok(json!({"Tags": job.tags})))
}

/// SageMaker writes names small in ARNs.
fn arn(world: &World, name: &str) -> String {
    world.arn("sagemaker", &format!("training-job/{}", name.to_lowercase()))
}

fn missing() -> Refusal {
    Refusal::validation("Requested resource not found.")
}
