//! The story `promotion`: a state machine tests each version, and the policy decides about its approval.

use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::policy::Policy;
use trimtab_core::policy::evaluate::OnPass;

use crate::main_loop::serving;
use crate::setup::{ERRORS, ROLE, SERVING_METRICS, register};
use crate::story::{Story, StoryError, service};

/// The state machine that tests versions.
const TESTS: &str = "churn-tests";

/// The test result of a version with this area under the curve.
fn result(auc: f64) -> Value {
    let report = format!("s3://churn-{ACCOUNT}/evaluation/bias/analysis.json");
    json!({"Type": "Pass", "End": true, "Result": {"metrics": {"auc": auc, "log_loss": 0.31}, "bias_report": report}})
}

/// Creates the state machine; all versions have the same result.
pub(crate) async fn tests(story: &Story) -> Result<(), StoryError> {
    let definition = json!({"StartAt": "Measure", "States": {"Measure": result(0.91)}});
    let call = story.aws.sfn.create_state_machine().name(TESTS).role_arn(ROLE).definition(definition.to_string());
    call.send().await.map(drop).map_err(service)
}

/// Changes the state machine so that version 2 has a worse result.
async fn tests_that_differ(story: &Story) -> Result<(), StoryError> {
    let second = json!({"Variable": "$.version", "NumericEquals": 2, "Next": "Worse"});
    let definition = json!({"StartAt": "Which", "States": {
        "Which": {"Type": "Choice", "Choices": [second], "Default": "Measure"},
        "Measure": result(0.91), "Worse": result(0.88)}});
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{TESTS}");
    let call = story.aws.sfn.update_state_machine().state_machine_arn(machine).definition(definition.to_string());
    call.send().await.map(drop).map_err(service)
}

fn approve_automatically(policy: &mut Policy) {
    if let Some(rules) = &mut policy.evaluate {
        rules.on_pass = OnPass::Approve;
    }
}

/// One version is approved by policy, one is rejected as worse, one waits for manual approval.
pub(crate) async fn by_policy(story: &mut Story) -> Result<(), StoryError> {
    tests_that_differ(story).await?;
    passes(story).await?;
    is_worse(story).await?;
    needs_manual_approval(story).await?;
    once(story).await
}

async fn passes(story: &mut Story) -> Result<(), StoryError> {
    story.section("A version is registered; the policy approves versions that pass");
    story.apply(approve_automatically).await?;
    let package = register(story, "churn").await?;
    story.until("churn-prod serves version 1", serving(1)).await?;
    story.received("Evaluation Passed", "evaluation/churn/1").await?;
    story.received("Rollout Succeeded", "rollout/churn/1/1").await?;
    let found = with_metrics(story, &package).await?;
    Story::expect("approval status:", &found.model_approval_status(), &Some(&ModelApprovalStatus::Approved))?;
    expect_description(&found, "auc is 0.91 (at least 0.85)")?;
    story.observed("Step Functions tested version 1; it has its metrics, is approved and in service").await
}

async fn is_worse(story: &mut Story) -> Result<(), StoryError> {
    story.section("A second version meets the threshold and is worse than the live version");
    let package = register(story, "churn").await?;
    story.received("Evaluation Failed", "evaluation/churn/2").await?;
    let found = with_metrics(story, &package).await?;
    Story::expect("approval status:", &found.model_approval_status(), &Some(&ModelApprovalStatus::Rejected))?;
    expect_description(&found, "the live version 1 has 0.91, and the policy allows a margin of 0.01")?;
    Story::expect("churn-prod serves", &story.serves().await?, &Some(1))?;
    let reason = found.approval_description().unwrap_or_default().to_owned();
    story.observed(format!("version 2 is rejected; its approval description: {reason}")).await
}

async fn needs_manual_approval(story: &mut Story) -> Result<(), StoryError> {
    story.section("The policy now requires manual approval, and a third version is registered");
    story.apply(|_| {}).await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 0.0).await?;
    let has_data = async |story: &Story| {
        Ok(story.alarm("churn-prod-5xx").await?.filter(|(state, _)| state.as_str() == "OK").map(|_| ()))
    };
    story.until("data for alarm churn-prod-5xx", has_data).await?;
    let package = register(story, "churn").await?;
    story.received("Approval Requested", "evaluation/churn/3").await?;
    let message = story.message("Approval Requested", "evaluation/churn/3");
    let command =
        format!("aws sagemaker update-model-package --model-package-arn {package} --model-approval-status Approved");
    for words in [command.as_str(), "metric auc: 0.91", "metric auc of version 1, which is live: 0.91"] {
        Story::expect(&format!("the message contains {words:?}:"), &message.contains(words), &true)?;
    }
    let found = with_metrics(story, &package).await?;
    let pending = ModelApprovalStatus::PendingManualApproval;
    Story::expect("approval status:", &found.model_approval_status(), &Some(&pending))?;
    story.observed("the message contains the metrics of both versions and the approval command").await?;
    // The effect of the command in the message.
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    story.until("churn-prod serves version 3", serving(3)).await?;
    story.received("Rollout Succeeded", "rollout/churn/3/1").await?;
    story.observed("version 3 was approved manually and is in service").await
}

/// Trimtab's own writes to a version have no further effect.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.section("SageMaker sends events for Trimtab's own writes to three versions");
    for (effect, times) in
        [("StartExecution", 3), ("UpdateModelPackage", 4), ("CreateEndpoint", 1), ("UpdateEndpoint", 1)]
    {
        Story::expect(&format!("{effect}:"), &story.calls(effect).await?, &times)?;
    }
    story.observed("three test runs and four status changes: nothing was tested, written or rolled out twice").await
}

/// Waits until the evaluation's metrics are written to the version.
async fn with_metrics(story: &mut Story, package: &str) -> Result<DescribeModelPackageOutput, StoryError> {
    let probe = async |story: &Story| {
        let call = story.aws.sagemaker.describe_model_package().model_package_name(package);
        let found = call.send().await.map_err(service)?;
        let properties = found.customer_metadata_properties();
        let known = properties.is_some_and(|properties| properties.contains_key("trimtab.metric.auc"));
        Ok(known.then_some(found))
    };
    story.until("the metrics on the version", probe).await
}

fn expect_description(found: &DescribeModelPackageOutput, words: &str) -> Result<(), StoryError> {
    let description = found.approval_description().unwrap_or_default();
    let matches = description.contains(words);
    Story::expect(&format!("the approval description contains {words:?} (it is {description:?}):"), &matches, &true)
}
