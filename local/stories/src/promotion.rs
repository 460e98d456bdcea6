//! Versions on trial: a state machine tests each, and the policy says what comes of it.

use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::policy::Policy;
use trimtab_core::policy::evaluate::OnPass;

use crate::chapters::serving;
use crate::stage::{ERRORS, ROLE, SERVING_METRICS, register};
use crate::story::{Story, StoryError, service};

/// The team's test suite: Step Functions runs it.
const SUITE: &str = "churn-tests";

/// What it gives for a version with this area under the curve.
fn result(auc: f64) -> Value {
    let report = format!("s3://churn-{ACCOUNT}/evaluation/bias/analysis.json");
    json!({"Type": "Pass", "End": true, "Result": {"metrics": {"auc": auc, "log_loss": 0.31}, "bias_report": report}})
}

/// The state machine that tests the model's versions: all are as good.
pub(crate) async fn tests(story: &Story) -> Result<(), StoryError> {
    let definition = json!({"StartAt": "Measure", "States": {"Measure": result(0.91)}});
    let call = story.aws.sfn.create_state_machine().name(SUITE).role_arn(ROLE).definition(definition.to_string());
    call.send().await.map(drop).map_err(service)
}

/// From now on version 2 is worse than the others.
async fn tests_that_differ(story: &Story) -> Result<(), StoryError> {
    let second = json!({"Variable": "$.version", "NumericEquals": 2, "Next": "Worse"});
    let definition = json!({"StartAt": "Which", "States": {
        "Which": {"Type": "Choice", "Choices": [second], "Default": "Measure"},
        "Measure": result(0.91), "Worse": result(0.88)}});
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{SUITE}");
    let call = story.aws.sfn.update_state_machine().state_machine_arn(machine).definition(definition.to_string());
    call.send().await.map(drop).map_err(service)
}

fn by_itself(policy: &mut Policy) {
    if let Some(rules) = &mut policy.evaluate {
        rules.on_pass = OnPass::Approve;
    }
}

/// One version passes and goes out, one is worse and does not, one is a person's to decide.
pub(crate) async fn by_policy(story: &mut Story) -> Result<(), StoryError> {
    tests_that_differ(story).await?;
    passes(story).await?;
    is_worse(story).await?;
    is_asked_about(story).await?;
    once(story).await
}

async fn passes(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A version is registered, and the policy approves what passes");
    story.apply(by_itself).await?;
    let package = register(story, "churn").await?;
    story.until("churn-prod serves version 1", serving(1)).await?;
    story.told("Evaluation Passed", "candidate/churn/1").await?;
    story.told("Rollout Succeeded", "rollout/churn/1/1").await?;
    let found = stamped(story, &package).await?;
    Story::expect("the version is", &found.model_approval_status(), &Some(&ModelApprovalStatus::Approved))?;
    says(&found, "auc is 0.91 (at least 0.85)")?;
    story.saw("Step Functions tested version 1; it is approved with its metrics on it, and in service").await
}

async fn is_worse(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A second version is above the threshold, and worse than the one that is live");
    let package = register(story, "churn").await?;
    story.told("Evaluation Failed", "candidate/churn/2").await?;
    let found = stamped(story, &package).await?;
    Story::expect("the version is", &found.model_approval_status(), &Some(&ModelApprovalStatus::Rejected))?;
    says(&found, "version 1, which is live, has 0.91, and the policy allows a margin of 0.01")?;
    Story::expect("churn-prod serves", &story.serves().await?, &Some(1))?;
    let reason = found.approval_description().unwrap_or_default().to_owned();
    story.saw(format!("version 2 is rejected, and says why: {reason}")).await
}

async fn is_asked_about(story: &mut Story) -> Result<(), StoryError> {
    story.begin("The policy asks a person from now on, and a third version is registered");
    story.apply(|_| {}).await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 0.0).await?;
    let watched = async |story: &Story| {
        Ok(story.alarm("churn-prod-5xx").await?.filter(|(state, _)| state.as_str() == "OK").map(|_| ()))
    };
    story.until("data on churn-prod-5xx", watched).await?;
    let package = register(story, "churn").await?;
    story.told("Approval Requested", "candidate/churn/3").await?;
    let message = story.message("Approval Requested", "candidate/churn/3");
    let command =
        format!("aws sagemaker update-model-package --model-package-arn {package} --model-approval-status Approved");
    for words in [command.as_str(), "metric auc: 0.91", "metric auc of version 1, which is live: 0.91"] {
        Story::expect(&format!("the message says {words:?}:"), &message.contains(words), &true)?;
    }
    let found = stamped(story, &package).await?;
    let pending = ModelApprovalStatus::PendingManualApproval;
    Story::expect("the version is", &found.model_approval_status(), &Some(&pending))?;
    story.saw("the message holds the metrics of both versions, and the command that approves").await?;
    // What the command does.
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    story.until("churn-prod serves version 3", serving(3)).await?;
    story.told("Rollout Succeeded", "rollout/churn/3/1").await?;
    story.saw("a person approved version 3, and it is in service").await
}

/// What the suite writes on a version does not wake it again.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.begin("The suite has written on three versions, and SageMaker told it so");
    for (effect, times) in
        [("StartExecution", 3), ("UpdateModelPackage", 4), ("CreateEndpoint", 1), ("UpdateEndpoint", 1)]
    {
        Story::expect(&format!("{effect}:"), &story.calls(effect).await?, &times)?;
    }
    story.saw("three test suites, three verdicts and a person's: nothing was tested, written or rolled out twice").await
}

/// The version, once the evaluation's metrics stand on it.
async fn stamped(story: &mut Story, package: &str) -> Result<DescribeModelPackageOutput, StoryError> {
    let look = async |story: &Story| {
        let call = story.aws.sagemaker.describe_model_package().model_package_name(package);
        let found = call.send().await.map_err(service)?;
        let properties = found.customer_metadata_properties();
        let known = properties.is_some_and(|properties| properties.contains_key("trimtab.metric.auc"));
        Ok(known.then_some(found))
    };
    story.until("the metrics on the version", look).await
}

fn says(found: &DescribeModelPackageOutput, words: &str) -> Result<(), StoryError> {
    let description = found.approval_description().unwrap_or_default();
    let holds = description.contains(words);
    Story::expect(&format!("the version says {words:?} (it says {description:?}):"), &holds, &true)
}
