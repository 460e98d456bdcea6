//! The story `guard`: training jobs outside the pipelines are checked against the organization's rules.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::create_training_job::builders::CreateTrainingJobFluentBuilder;
use aws_sdk_sagemaker::types::builders::ResourceConfigBuilder;
use aws_sdk_sagemaker::types::{
    AlgorithmSpecification, OutputDataConfig, ResourceConfig, StoppingCondition, Tag, TrainingInputMode,
    TrainingInstanceType, VpcConfig,
};
use serde_json::json;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::plan::Decision;

use crate::main_loop::send;
use crate::setup::{IMAGE, ROLE};
use crate::story::{Story, StoryError, service};

/// The access key of maya, by which the emulator identifies the caller in CloudTrail events.
const MAYA: &str = "maya";

const KEY: &str = "alias/ml";

/// A job that violates every rule, a compliant job, and a job whose missing tags are added.
pub(crate) async fn training_outside_pipelines(story: &mut Story) -> Result<(), StoryError> {
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/data-science/{MAYA}");
    story.control("principal", json!({"principal": MAYA, "arn": arn})).await?;
    let config = crate::aws::config(&story.endpoint);
    let credentials = SharedCredentialsProvider::new(Credentials::from_keys(MAYA, MAYA, None));
    let maya = Client::new(&config.to_builder().credentials_provider(credentials).build());
    violates_every_rule(story, &maya).await?;
    duplicate_event(story).await?;
    complies(story, &maya).await?;
    adds_missing_tags(story, &maya).await
}

/// A job without tags, with a public image and a large instance is reported with its owner and stopped.
async fn violates_every_rule(story: &mut Story, maya: &Client) -> Result<(), StoryError> {
    story.section("maya starts a training job: no tags, a public image, a large instance");
    let resources = ResourceConfig::builder().instance_type(TrainingInstanceType::MlP4D24Xlarge);
    let call = job(maya, "churn-by-hand", "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:2.5", resources);
    call.output_data_config(output(None)).send().await.map_err(service)?;
    stopped(story, "churn-by-hand").await?;
    story.received("Finding Reported", "finding/").await?;
    story.received("Job Stopped", "finding/").await?;
    let found = async |story: &Story| story.recorded("guard", Decision::Acted, "churn-by-hand of maya violates").await;
    let record = story.until("guard's record of the finding", found).await?;
    let contains = |words: &str| record.reasons.iter().any(|reason| reason.contains(words));
    let all = [
        "tag owner is missing",
        "tag model is missing",
        "KMS key",
        "VPC",
        "network",
        "ml.p4d.24xlarge",
        "not on the list",
        "digest",
    ];
    let missing: Vec<&str> = all.into_iter().filter(|words| !contains(words)).collect();
    Story::expect("missing reasons:", &missing, &vec![])?;
    story.observed("the job is stopped; the subscribers were notified of the violations and of the owner, maya").await
}

/// The event of the same call is delivered again.
async fn duplicate_event(story: &mut Story) -> Result<(), StoryError> {
    story.section("The event of the call is delivered twice");
    let events = story.events("AWS API Call via CloudTrail").await?;
    let event = events.last().ok_or_else(|| StoryError::NotObserved("a call to redeliver".to_owned()))?.clone();
    send(story, &event).await?;
    let known = async |story: &Story| story.recorded("guard", Decision::Skipped, "was reported").await;
    story.until("guard's record: it was reported", known).await?;
    Story::expect("stops so far:", &story.calls("StopTrainingJob").await?, &1)?;
    story.observed("no second message was sent, and no second stop was made").await
}

/// A compliant job is not stopped.
async fn complies(story: &mut Story, maya: &Client) -> Result<(), StoryError> {
    story.section("maya starts a training job that complies with the organization's rules");
    let mut call = compliant(maya, "churn-trial-7");
    for tag in tags() {
        call = call.tags(tag);
    }
    call.send().await.map_err(service)?;
    let fine = async |story: &Story| story.recorded("guard", Decision::Skipped, "churn-trial-7 violates no rule").await;
    story.until("guard's record that the job complies", fine).await?;
    Story::expect("the job's status:", &status(story, "churn-trial-7").await?.as_str(), &"InProgress")?;
    story.observed("the job continues, and no message was sent").await
}

/// A job that lacks only its tags is stopped; adding the tags closes the finding.
async fn adds_missing_tags(story: &mut Story, maya: &Client) -> Result<(), StoryError> {
    story.section("maya forgets the tags, then adds them");
    let made = compliant(maya, "churn-trial-8").send().await.map_err(service)?;
    stopped(story, "churn-trial-8").await?;
    let mut call = maya.add_tags().resource_arn(made.training_job_arn().unwrap_or_default());
    for tag in tags() {
        call = call.tags(tag);
    }
    call.send().await.map_err(service)?;
    story.received("Finding Closed", "finding/").await?;
    Story::expect("stops so far:", &story.calls("StopTrainingJob").await?, &2)?;
    story.observed("the tags closed the finding; the job stays stopped").await
}

fn job(maya: &Client, name: &str, image: &str, resources: ResourceConfigBuilder) -> CreateTrainingJobFluentBuilder {
    let algorithm =
        AlgorithmSpecification::builder().training_image(image).training_input_mode(TrainingInputMode::File).build();
    maya.create_training_job()
        .training_job_name(name)
        .role_arn(ROLE)
        .algorithm_specification(algorithm)
        .resource_config(resources.instance_count(1).volume_size_in_gb(50).build())
        .stopping_condition(StoppingCondition::builder().max_runtime_in_seconds(3600).build())
}

/// A job that complies with every rule except the one on tags.
fn compliant(maya: &Client, name: &str) -> CreateTrainingJobFluentBuilder {
    let resources = ResourceConfig::builder().instance_type(TrainingInstanceType::MlM5Xlarge).volume_kms_key_id(KEY);
    let vpc = VpcConfig::builder().subnets("subnet-0a1b2c3d").security_group_ids("sg-0a1b2c3d").build();
    job(maya, name, IMAGE, resources)
        .output_data_config(output(Some(KEY)))
        .vpc_config(vpc)
        .enable_network_isolation(true)
}

fn output(key: Option<&str>) -> OutputDataConfig {
    let output = OutputDataConfig::builder().s3_output_path(format!("s3://churn-{ACCOUNT}-{REGION}/by-hand"));
    output.set_kms_key_id(key.map(str::to_owned)).build()
}

fn tags() -> Vec<Tag> {
    let tag = |(key, value): (&str, &str)| Tag::builder().key(key).value(value).build();
    [("owner", "maya@example.com"), ("model", "churn")].into_iter().map(tag).collect()
}

async fn status(story: &Story, name: &str) -> Result<String, StoryError> {
    let found = story.aws.sagemaker.describe_training_job().training_job_name(name).send().await.map_err(service)?;
    Ok(found.training_job_status().map(|status| status.as_str().to_owned()).unwrap_or_default())
}

async fn stopped(story: &mut Story, name: &str) -> Result<(), StoryError> {
    let probe = async |story: &Story| Ok((status(story, name).await? == "Stopped").then_some(()));
    story.until(&format!("status Stopped of job {name}"), probe).await
}
