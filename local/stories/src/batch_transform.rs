//! A model for offline inference: each approved version gets a batch transform job.

use aws_sdk_sagemaker::operation::describe_transform_job::DescribeTransformJobOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::json;

use crate::queries::version;
use crate::setup::register;
use crate::story::{Story, StoryError, service};
use crate::strategies::model_of;

/// A job succeeds, a job fails, and a rejection starts another job of the previous version.
pub(crate) async fn in_batches(story: &mut Story) -> Result<(), StoryError> {
    story.section("leads has no endpoint: each version scores all leads in one job");
    let first = approved(story).await?;
    let job = ended(story, 1, "Completed").await?;
    Story::expect("jobs of version 1:", &jobs(story, 1).await?.len(), &1)?;
    let name = job.transform_job_name().unwrap_or_default().to_owned();
    let output = job.transform_output().and_then(|output| output.s3_output_path()).unwrap_or_default().to_owned();
    Story::expect("output path:", &output, &format!("s3://leads-123456789012/scores/{name}/"))?;
    let used = model_of(story, job.model_name().unwrap_or_default()).await?;
    Story::expect("version in the job:", &used, &version(&first))?;
    story.received("Rollout Succeeded", "rollout/leads/1/1").await?;
    story.observed(format!("job {name} scored all leads with version 1; its output has a folder of its own")).await?;

    story.section("The job of version 2 fails; version 3 is approved, then rejected");
    story.control("fate", json!({"phase": "jobs", "end": "Failed"})).await?;
    approved(story).await?;
    story.received("Rollout Failed", "rollout/leads/2/1").await?;
    ended(story, 2, "Failed").await?;
    story
        .observed("the job of version 2 failed: this was reported and not retried; the output of version 1 remains")
        .await?;
    let third = approved(story).await?;
    ended(story, 3, "Completed").await?;
    story.received("Rollout Succeeded", "rollout/leads/3/1").await?;
    story.judge(&third, ModelApprovalStatus::Rejected).await?;
    let second = async |story: &Story| Ok(Some(jobs(story, 1).await?).filter(|jobs| jobs.len() == 2));
    story.until("another job of version 1", second).await?;
    story.received("Rollout Succeeded", "rollout/leads/1/2").await?;
    story.observed("version 3 was rejected: a second job with another name scored all leads with version 1").await
}

async fn approved(story: &Story) -> Result<String, StoryError> {
    let package = register(story, "leads").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// The names of the jobs of this version.
async fn jobs(story: &Story, number: u32) -> Result<Vec<String>, StoryError> {
    let call = story.aws.sagemaker.list_transform_jobs().name_contains(format!("trimtab-leads-v{number}-"));
    let found = call.send().await.map_err(service)?.transform_job_summaries.unwrap_or_default();
    Ok(found.into_iter().filter_map(|job| job.transform_job_name).collect())
}

/// Waits until the version's newest job has this status.
async fn ended(story: &mut Story, number: u32, status: &str) -> Result<DescribeTransformJobOutput, StoryError> {
    let probe = async |story: &Story| {
        let Some(name) = jobs(story, number).await?.pop() else { return Ok(None) };
        let call = story.aws.sagemaker.describe_transform_job().transform_job_name(name);
        let found = call.send().await.map_err(service)?;
        let has_ended = found.transform_job_status().map(|found| found.as_str()) == Some(status);
        Ok(has_ended.then_some(found))
    };
    story.until(&format!("a job of version {number} with status {status}"), probe).await
}
