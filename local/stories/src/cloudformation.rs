//! A model that a CloudFormation stack serves: made, updated, taken back, and helped out of a rollback
//! that failed. What the stack holds is seen in CloudFormation.

use aws_sdk_cloudformation::types::Stack;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::{Value, json};

use crate::stage::register;
use crate::story::{Story, StoryError, service};

const STACK: &str = "tariffs-prod";

/// From a stack that cannot be made to one that a person has to mend.
pub(crate) async fn there_and_back(story: &mut Story) -> Result<(), StoryError> {
    let call = story.aws.sagemaker.create_model_package_group().model_package_group_name("tariffs");
    call.send().await.map_err(service)?;
    story.control("pace", json!({"stacks": 500})).await?;
    never_made(story).await?;
    updated(story).await?;
    taken_back(story).await?;
    helped_back(story).await?;
    given_up(story).await
}

async fn approved(story: &Story) -> Result<String, StoryError> {
    let package = register(story, "tariffs").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// How the next of the stack's works end.
async fn ends(story: &Story, ends: &[&str]) -> Result<(), StoryError> {
    for end in ends {
        story.control("fate", json!({"phase": "stacks", "end": end})).await?;
    }
    Ok(())
}

async fn stack(story: &Story) -> Result<Option<Stack>, StoryError> {
    let found = story.aws.cloudformation.describe_stacks().stack_name(STACK).send().await;
    Ok(found.ok().and_then(|found| found.stacks.unwrap_or_default().into_iter().next()))
}

/// Waits until the stack rests so, with this version.
async fn holds(story: &mut Story, status: &str, package: &str) -> Result<Stack, StoryError> {
    let look = async |story: &Story| {
        let found = stack(story).await?;
        Ok(found.filter(|stack| {
            let holds = |parameter: &aws_sdk_cloudformation::types::Parameter| {
                parameter.parameter_key() == Some("ModelPackageArn") && parameter.parameter_value() == Some(package)
            };
            stack.stack_status().map(|status| status.as_str()) == Some(status) && stack.parameters().iter().any(holds)
        }))
    };
    story.until(&format!("stack {STACK} is {status} with {package}"), look).await
}

async fn never_made(story: &mut Story) -> Result<(), StoryError> {
    story.begin("tariffs's stack cannot be made with version 1, and is made with version 2");
    ends(story, &["ROLLBACK_COMPLETE"]).await?;
    approved(story).await?;
    story.told("Rollout Rolled Back", "rollout/tariffs/1/1").await?;
    Story::expect("stacks asked for:", &story.calls("CreateStack").await?, &1)?;
    story.saw("the stack went to ROLLBACK_COMPLETE, and the people on call know").await?;
    let second = approved(story).await?;
    let made = holds(story, "CREATE_COMPLETE", &second).await?;
    story.told("Rollout Succeeded", "rollout/tariffs/2/1").await?;
    let calls = (story.calls("DeleteStack").await?, story.calls("CreateStack").await?);
    Story::expect("deleted and made:", &calls, &(1, 2))?;
    Story::expect("it works as", &made.role_arn(), &Some("arn:aws:iam::123456789012:role/tariffs-stack"))?;
    story.saw("what was left of it was deleted, and the stack was made with version 2").await
}

async fn updated(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 3 is approved: the stack takes it");
    let third = approved(story).await?;
    holds(story, "UPDATE_COMPLETE", &third).await?;
    story.told("Rollout Succeeded", "rollout/tariffs/3/1").await?;
    let events = story.events("CloudFormation Stack Status Change").await?;
    let end = events
        .iter()
        .rev()
        .find(|event| event.pointer("/detail/status-details/status") == Some(&json!("UPDATE_COMPLETE")));
    let token = end.and_then(|event| event.pointer("/detail/client-request-token")).and_then(Value::as_str);
    Story::expect(
        "the update carries the suite's token:",
        &token.is_some_and(|token| token.starts_with("trimtab-")),
        &true,
    )?;
    let end = end.cloned().ok_or_else(|| StoryError::NotSeen("the update's end".to_owned()))?;
    crate::chapters::send(story, &end).await?;
    story.saw("the stack is UPDATE_COMPLETE with version 3").await
}

async fn taken_back(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 4 is approved: CloudFormation takes the update back");
    let third = package(story, 3).await?;
    ends(story, &["UPDATE_ROLLBACK_COMPLETE"]).await?;
    approved(story).await?;
    story.told("Rollout Rolled Back", "rollout/tariffs/4/1").await?;
    holds(story, "UPDATE_ROLLBACK_COMPLETE", &third).await?;
    Story::expect("updates:", &story.calls("UpdateStack").await?, &2)?;
    story.saw("the stack holds version 3 again, version 4 is not tried twice, and the people on call know").await
}

async fn package(story: &Story, number: u32) -> Result<String, StoryError> {
    let found = story.versions("tariffs").await?.into_iter().find(|arn| crate::look::version(arn) == number);
    found.ok_or_else(|| StoryError::NotSeen(format!("version {number} of tariffs")))
}

async fn helped_back(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 5 is approved: the update fails, and so does going back");
    let third = package(story, 3).await?;
    ends(story, &["UPDATE_ROLLBACK_FAILED"]).await?;
    approved(story).await?;
    story.told("Rollout Rolled Back", "rollout/tariffs/5/1").await?;
    holds(story, "UPDATE_ROLLBACK_COMPLETE", &third).await?;
    Story::expect("told to try again:", &story.calls("ContinueUpdateRollback").await?, &1)?;
    story.saw("the stack was UPDATE_ROLLBACK_FAILED; told once to try again, it went back to version 3").await
}

async fn given_up(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 6 is approved: going back fails twice");
    ends(story, &["UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"]).await?;
    approved(story).await?;
    story.told("Rollout Failed", "rollout/tariffs/6/1").await?;
    Story::expect("told to try again:", &story.calls("ContinueUpdateRollback").await?, &2)?;
    let status = stack(story).await?.and_then(|stack| stack.stack_status);
    let status = status.as_ref().map(|status| status.as_str());
    Story::expect("the stack is", &status, &Some("UPDATE_ROLLBACK_FAILED"))?;
    approved(story).await?;
    story.told("Rollout Queued", "rollout/tariffs/7/1").await?;
    Story::expect("updates:", &story.calls("UpdateStack").await?, &4)?;
    story.saw("it is not tried a third time: a person is told, and version 7 waits until the stack is mended").await
}
