//! A model that nobody waits for: batch transform jobs ask its versions.

use aws_sdk_sagemaker::operation::describe_transform_job::DescribeTransformJobOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::json;

use crate::look::version;
use crate::stage::register;
use crate::story::{Story, StoryError, service};
use crate::strategies::model_of;

/// Asked, asked by a version that fails, and asked again by the one before.
pub(crate) async fn in_batches(story: &mut Story) -> Result<(), StoryError> {
    story.begin("leads has no endpoint: each version is given all leads once");
    let first = approved(story).await?;
    let job = ended(story, 1, "Completed").await?;
    Story::expect("the jobs of version 1", &jobs(story, 1).await?.len(), &1)?;
    let name = job.transform_job_name().unwrap_or_default().to_owned();
    let output = job.transform_output().and_then(|output| output.s3_output_path()).unwrap_or_default().to_owned();
    Story::expect("its answers go to", &output, &format!("s3://leads-123456789012/scores/{name}/"))?;
    let asked = model_of(story, job.model_name().unwrap_or_default()).await?;
    Story::expect("it asks", &asked, &version(&first))?;
    story.told("Rollout Succeeded", "rollout/leads/1/1").await?;
    story.saw(format!("job {name} has given all leads to version 1; its answers are in a folder of their own")).await?;

    story.begin("The job of leads's second version fails; the third is asked, and rejected");
    story.control("fate", json!({"phase": "jobs", "end": "Failed"})).await?;
    approved(story).await?;
    story.told("Rollout Failed", "rollout/leads/2/1").await?;
    ended(story, 2, "Failed").await?;
    story.saw("version 2's job failed: it is told, and not tried again; version 1's answers stay").await?;
    let third = approved(story).await?;
    ended(story, 3, "Completed").await?;
    story.told("Rollout Succeeded", "rollout/leads/3/1").await?;
    story.judge(&third, ModelApprovalStatus::Rejected).await?;
    let again = async |story: &Story| Ok(Some(jobs(story, 1).await?).filter(|jobs| jobs.len() == 2));
    story.until("another job of version 1", again).await?;
    story.told("Rollout Succeeded", "rollout/leads/1/2").await?;
    story.saw("version 3 was rejected: version 1 was given all leads again, by a job of another name").await
}

async fn approved(story: &Story) -> Result<String, StoryError> {
    let package = register(story, "leads").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// The jobs of this version, by name.
async fn jobs(story: &Story, number: u32) -> Result<Vec<String>, StoryError> {
    let call = story.aws.sagemaker.list_transform_jobs().name_contains(format!("trimtab-leads-v{number}-"));
    let found = call.send().await.map_err(service)?.transform_job_summaries.unwrap_or_default();
    Ok(found.into_iter().filter_map(|job| job.transform_job_name).collect())
}

/// The version's job, when it has ended so.
async fn ended(story: &mut Story, number: u32, status: &str) -> Result<DescribeTransformJobOutput, StoryError> {
    let look = async |story: &Story| {
        let Some(name) = jobs(story, number).await?.pop() else { return Ok(None) };
        let call = story.aws.sagemaker.describe_transform_job().transform_job_name(name);
        let found = call.send().await.map_err(service)?;
        let at = found.transform_job_status().map(|found| found.as_str()) == Some(status);
        Ok(at.then_some(found))
    };
    story.until(&format!("a job of version {number} that is {status}"), look).await
}
