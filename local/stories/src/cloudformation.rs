//! The story `cloudformation`: a stack serves a model. It is created, updated, rolled back, and recovered from a
//! failed rollback. The version is read from the parameters of the stack.

use aws_sdk_cloudformation::types::Stack;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::{Value, json};

use crate::setup::register;
use crate::story::{Story, StoryError, service};

const STACK: &str = "tariffs-prod";

/// From a failed creation to a stack that an operator has to repair.
pub(crate) async fn stack_updates(story: &mut Story) -> Result<(), StoryError> {
    let call = story.aws.sagemaker.create_model_package_group().model_package_group_name("tariffs");
    call.send().await.map_err(service)?;
    story.control("pace", json!({"stacks": 500})).await?;
    failed_creation(story).await?;
    updated(story).await?;
    rolled_back(story).await?;
    continued_rollback(story).await?;
    failed_rollback(story).await
}

async fn approved(story: &Story) -> Result<String, StoryError> {
    let package = register(story, "tariffs").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// Sets the final statuses of the stack's next operations.
async fn set_results(story: &Story, results: &[&str]) -> Result<(), StoryError> {
    for end in results {
        story.control("fate", json!({"phase": "stacks", "end": end})).await?;
    }
    Ok(())
}

async fn stack(story: &Story) -> Result<Option<Stack>, StoryError> {
    let found = story.aws.cloudformation.describe_stacks().stack_name(STACK).send().await;
    Ok(found.ok().and_then(|found| found.stacks.unwrap_or_default().into_iter().next()))
}

/// Waits until the stack has this status and version.
async fn has_version(story: &mut Story, status: &str, package: &str) -> Result<Stack, StoryError> {
    let probe = async |story: &Story| {
        let found = stack(story).await?;
        Ok(found.filter(|stack| {
            let is_version = |parameter: &aws_sdk_cloudformation::types::Parameter| {
                parameter.parameter_key() == Some("ModelPackageArn") && parameter.parameter_value() == Some(package)
            };
            stack.stack_status().map(|status| status.as_str()) == Some(status)
                && stack.parameters().iter().any(is_version)
        }))
    };
    story.until(&format!("stack {STACK} with status {status} and {package}"), probe).await
}

async fn failed_creation(story: &mut Story) -> Result<(), StoryError> {
    story.section("The creation of the tariffs stack fails with version 1 and succeeds with version 2");
    set_results(story, &["ROLLBACK_COMPLETE"]).await?;
    approved(story).await?;
    story.received("Rollout Rolled Back", "rollout/tariffs/1/1").await?;
    Story::expect("CreateStack calls:", &story.calls("CreateStack").await?, &1)?;
    story.observed("the stack is ROLLBACK_COMPLETE, and the on-call subscribers were notified").await?;
    let second = approved(story).await?;
    let stack = has_version(story, "CREATE_COMPLETE", &second).await?;
    story.received("Rollout Succeeded", "rollout/tariffs/2/1").await?;
    let calls = (story.calls("DeleteStack").await?, story.calls("CreateStack").await?);
    Story::expect("DeleteStack and CreateStack calls:", &calls, &(1, 2))?;
    Story::expect("role of the stack:", &stack.role_arn(), &Some("arn:aws:iam::123456789012:role/tariffs-stack"))?;
    story.observed("the failed stack was deleted, and the stack was created with version 2").await
}

async fn updated(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 3 is approved: the stack is updated");
    let third = approved(story).await?;
    has_version(story, "UPDATE_COMPLETE", &third).await?;
    story.received("Rollout Succeeded", "rollout/tariffs/3/1").await?;
    let events = story.events("CloudFormation Stack Status Change").await?;
    let end = events
        .iter()
        .rev()
        .find(|event| event.pointer("/detail/status-details/status") == Some(&json!("UPDATE_COMPLETE")));
    let token = end.and_then(|event| event.pointer("/detail/client-request-token")).and_then(Value::as_str);
    Story::expect("the update has Trimtab's token:", &token.is_some_and(|token| token.starts_with("trimtab-")), &true)?;
    let end = end.cloned().ok_or_else(|| StoryError::NotObserved("the end of the update".to_owned()))?;
    crate::main_loop::send(story, &end).await?;
    story.observed("the stack is UPDATE_COMPLETE with version 3").await
}

async fn rolled_back(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 4 is approved: CloudFormation rolls the update back");
    let third = package(story, 3).await?;
    set_results(story, &["UPDATE_ROLLBACK_COMPLETE"]).await?;
    approved(story).await?;
    story.received("Rollout Rolled Back", "rollout/tariffs/4/1").await?;
    has_version(story, "UPDATE_ROLLBACK_COMPLETE", &third).await?;
    Story::expect("UpdateStack calls:", &story.calls("UpdateStack").await?, &2)?;
    story
        .observed("the stack has version 3 again, version 4 is not retried, and the on-call subscribers were notified")
        .await
}

async fn package(story: &Story, number: u32) -> Result<String, StoryError> {
    let found = story.versions("tariffs").await?.into_iter().find(|arn| crate::queries::version(arn) == number);
    found.ok_or_else(|| StoryError::NotObserved(format!("version {number} of tariffs")))
}

async fn continued_rollback(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 5 is approved: the update and its rollback fail");
    let third = package(story, 3).await?;
    set_results(story, &["UPDATE_ROLLBACK_FAILED"]).await?;
    approved(story).await?;
    story.received("Rollout Rolled Back", "rollout/tariffs/5/1").await?;
    has_version(story, "UPDATE_ROLLBACK_COMPLETE", &third).await?;
    Story::expect("ContinueUpdateRollback calls:", &story.calls("ContinueUpdateRollback").await?, &1)?;
    story.observed("the stack was UPDATE_ROLLBACK_FAILED; one ContinueUpdateRollback returned it to version 3").await
}

async fn failed_rollback(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 6 is approved: the rollback fails twice");
    set_results(story, &["UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"]).await?;
    approved(story).await?;
    story.received("Rollout Failed", "rollout/tariffs/6/1").await?;
    Story::expect("ContinueUpdateRollback calls:", &story.calls("ContinueUpdateRollback").await?, &2)?;
    let status = stack(story).await?.and_then(|stack| stack.stack_status);
    let status = status.as_ref().map(|status| status.as_str());
    Story::expect("status of the stack:", &status, &Some("UPDATE_ROLLBACK_FAILED"))?;
    approved(story).await?;
    story.received("Rollout Queued", "rollout/tariffs/7/1").await?;
    Story::expect("UpdateStack calls:", &story.calls("UpdateStack").await?, &4)?;
    story
        .observed("the rollback is not tried a third time: the subscribers were notified, and version 7 is queued until the stack is repaired")
        .await
}
