//! Processing and transform jobs with a status over time and an event at the end. In moto a job completes immediately and
//! without an event.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{Phase, World, lock};

/// The kind of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Processing,
    Transform,
}

impl Kind {
    /// The prefix of SageMaker's fields.
    fn word(self) -> &'static str {
        match self {
            Self::Processing => "Processing",
            Self::Transform => "Transform",
        }
    }

    /// Required fields of the request, which the description repeats.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Processing => &["RoleArn", "ProcessingResources", "AppSpecification"],
            Self::Transform => &["ModelName", "TransformInput", "TransformOutput", "TransformResources"],
        }
    }

    fn field(self, field: &str) -> String {
        format!("{}Job{field}", self.word())
    }

    fn name(self, input: Input<'_>) -> Result<String, ApiError> {
        input.need(&self.field("Name")).map(str::to_owned)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(super) request: Value,
    pub(super) tags: Vec<Value>,
    pub(super) status: String,
    pub(super) exit: Option<String>,
    pub(super) failure: Option<String>,
    /// The monitoring schedule, if the job is an execution of one.
    pub(super) schedule: Option<String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

pub(crate) fn create(world: &Arc<World>, kind: Kind, input: Input<'_>) -> ApiResult {
    let name = kind.name(input)?;
    if let Some(field) = kind.required().iter().find(|field| input.get(field).is_none()) {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
        )));
    }
    let arn = arn(world, kind, &name);
    let mut request = input.0.clone();
    let tags = request.as_object_mut().and_then(|fields| fields.remove("Tags"));
    let tags = tags.and_then(|tags| tags.as_array().cloned()).unwrap_or_default();
    let now = Timestamp::now();
    let (status, exit, failure, schedule) = ("InProgress".to_owned(), None, None, None);
    let job = Job { request, tags, status, exit, failure, schedule, created: now, modified: now };
    {
        let jobs = &mut lock(&world.sagemaker).batch;
        if jobs.contains_key(&(kind, name.clone())) {
            return Err(ApiError::new(
                "ResourceInUse",
                format!(
                    "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
                ),
            ));
        }
        jobs.insert((kind, name.clone()), job);
    }
    let later = Arc::clone(world);
    world.later(async move {
        send_event(&later, kind, &name).await;
        later.over(Phase::Jobs).await;
        let end = later.fate(Phase::Jobs, "Completed");
        let failure = (end == "Failed").then(|| "AlgorithmError: See job logs for more information".to_owned());
        if finish(&later, kind, &name, &end, None, failure) {
            send_event(&later, kind, &name).await;
        }
    });
    Ok(json!({kind.field("Arn"): arn}))
}

/// Ends the job, unless it has ended already.
pub(super) fn finish(
    world: &World,
    kind: Kind,
    name: &str,
    end: &str,
    exit: Option<String>,
    failure: Option<String>,
) -> bool {
    let jobs = &mut lock(&world.sagemaker).batch;
    let job = jobs.get_mut(&(kind, name.to_owned()));
    let Some(job) = job.filter(|job| matches!(job.status.as_str(), "InProgress" | "Stopping")) else {
        return false;
    };
    let end = if job.status == "Stopping" { "Stopped" } else { end };
    (job.status, job.exit, job.failure, job.modified) = (end.to_owned(), exit, failure, Timestamp::now());
    true
}

pub(crate) fn describe(world: &World, kind: Kind, input: Input<'_>) -> ApiResult {
    let name = kind.name(input)?;
    let job = lock(&world.sagemaker).batch.get(&(kind, name.clone())).cloned().ok_or_else(missing)?;
    let mut found = job.request.clone();
    let Some(fields) = found.as_object_mut() else { return Ok(found) };
    fields.insert(kind.field("Arn"), json!(arn(world, kind, &name)));
    fields.insert(kind.field("Status"), json!(job.status));
    fields.insert("CreationTime".to_owned(), time(job.created));
    fields.insert("LastModifiedTime".to_owned(), time(job.modified));
    let optional = [("ExitMessage", job.exit), ("FailureReason", job.failure), ("MonitoringScheduleArn", job.schedule)];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    Ok(found)
}

pub(crate) fn list(world: &World, kind: Kind, input: Input<'_>) -> ApiResult {
    let state = lock(&world.sagemaker);
    let wanted = input.text("NameContains").unwrap_or_default();
    let of_kind = state.batch.iter().filter(|((of, name), _)| *of == kind && name.contains(wanted));
    let mut all: Vec<(&String, &Job)> = of_kind.map(|((_, name), job)| (name, job)).collect();
    all.sort_by_key(|(_, job)| std::cmp::Reverse(job.created));
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    let summary = |(name, job): (&String, &Job)| {
        json!({kind.field("Name"): name, kind.field("Arn"): arn(world, kind, name), kind.field("Status"): job.status,
            "CreationTime": time(job.created), "LastModifiedTime": time(job.modified)})
    };
    let mut response = json!({kind.field("Summaries"): all.into_iter().map(summary).collect::<Vec<_>>()});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next));
    }
    Ok(response)
}

pub(crate) fn stop(world: &Arc<World>, kind: Kind, input: Input<'_>) -> ApiResult {
    let name = kind.name(input)?;
    let jobs = &mut lock(&world.sagemaker).batch;
    let job = jobs.get_mut(&(kind, name)).ok_or_else(missing)?;
    if job.status != "InProgress" {
        let (word, status) = (kind.word().to_lowercase(), &job.status);
        return Err(ApiError::validation(format!(
            "The request was rejected because the {word} job is in status {status}."
        )));
    }
    (job.status, job.modified) = ("Stopping".to_owned(), Timestamp::now());
    Ok(json!({}))
}

/// The tags of a job; `None` if the ARN belongs to no emulated job.
pub(crate) fn tags(world: &World, input: Input<'_>) -> Option<ApiResult> {
    let wanted = input.text("ResourceArn")?;
    let state = lock(&world.sagemaker);
    let mut jobs = state.batch.iter();
    jobs.find(|((kind, name), _)| arn(world, *kind, name) == wanted).map(|(_, job)| Ok(json!({"Tags": job.tags})))
}

pub(super) async fn send_event(world: &World, kind: Kind, name: &str) {
    let Some(job) = lock(&world.sagemaker).batch.get(&(kind, name.to_owned())).cloned() else { return };
    let arn = arn(world, kind, name);
    let mut detail = json!({
        kind.field("Name"): name,
        kind.field("Arn"): arn,
        kind.field("Status"): job.status,
        "CreationTime": job.created.as_millisecond(),
        "LastModifiedTime": job.modified.as_millisecond(),
        "Tags": {},
    });
    if let Some(fields) = detail.as_object_mut() {
        let optional = [("ExitMessage", job.exit), ("FailureReason", job.failure)];
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    }
    world.emit("aws.sagemaker", &format!("SageMaker {} Job State Change", kind.word()), &[arn], detail).await;
}

pub(super) fn arn(world: &World, kind: Kind, name: &str) -> String {
    world.arn("sagemaker", &format!("{}-job/{}", kind.word(), name).to_lowercase())
}

fn missing() -> ApiError {
    ApiError::validation("Requested resource not found.")
}
