//! Setup of a story: the AWS resources of the model's team, and the policies.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_codebuild::types::{
    ArtifactsType, ComputeType, EnvironmentType, ProjectArtifacts, ProjectEnvironment, ProjectSource, SourceType,
};
use aws_sdk_sagemaker::types::{
    DriftCheckBaselines, InferenceSpecification, ModelApprovalStatus, ModelPackageContainerDefinition,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};

use crate::lost_events;
use crate::promotion;
use crate::story::{Story, StoryError, service};

/// The execution role of the team's resources.
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/churn-endpoint";

/// The serving image of the model.
pub(crate) const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-serving@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/// A cool-down short enough for a story; the policy's own is one day.
pub(crate) const SHORT_COOL_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// Creates the resources of the team, applies the policies and waits for the first reconcile.
pub(crate) async fn prepare(story: &mut Story) -> Result<(), StoryError> {
    story.section("Setup: the team's repository, pipeline and alarms; Trimtab and its policies");
    // Long enough to observe work in progress, short enough for a story.
    story.control("pace", json!({"builds": 700, "runs": 900, "fleets": 900, "bakes": 900, "codepipelines": 700, "jobs": 700, "schedules": 400})).await?;
    subscribe(story).await?;
    code(story).await?;
    training(story).await?;
    promotion::tests(story).await?;
    alarms(story).await?;
    story
        .apply(|policy| {
            if let Some(retrain) = &mut policy.retrain {
                retrain.cool_down = SHORT_COOL_DOWN;
            }
        })
        .await?;
    story
        .observed("the policies of policies/ are in the ledger; the cool-down of churn is shortened to one second")
        .await?;
    lost_events::first_reconcile(story).await
}

/// Subscribes a queue to the topic, in the place of an on-call subscriber's mailbox.
async fn subscribe(story: &mut Story) -> Result<(), StoryError> {
    let aws = &story.aws;
    let made = aws.sqs.create_queue().queue_name("on-call").send().await.map_err(service)?;
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:trimtab-notices");
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:on-call");
    aws.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send().await.map_err(service)?;
    story.inbox = made.queue_url.unwrap_or_default();
    Ok(())
}

async fn code(story: &Story) -> Result<(), StoryError> {
    let aws = &story.aws;
    aws.codecommit.create_repository().repository_name("churn-model").send().await.map_err(service)?;
    for project in ["churn-build", "churn-review"] {
        let location = format!("https://git-codecommit.{REGION}.amazonaws.com/v1/repos/churn-model");
        let source = ProjectSource::builder().r#type(SourceType::Codecommit).location(location).build();
        let artifacts = ProjectArtifacts::builder().r#type(ArtifactsType::NoArtifacts).build();
        let environment = ProjectEnvironment::builder()
            .r#type(EnvironmentType::LinuxContainer)
            .image("aws/codebuild/amazonlinux-x86_64-standard:5.0")
            .compute_type(ComputeType::BuildGeneral1Small)
            .build();
        aws.codebuild
            .create_project()
            .name(project)
            .source(source.map_err(service)?)
            .artifacts(artifacts.map_err(service)?)
            .environment(environment.map_err(service)?)
            .service_role(ROLE)
            .send()
            .await
            .map_err(service)?;
    }
    Ok(())
}

async fn training(story: &Story) -> Result<(), StoryError> {
    let sagemaker = &story.aws.sagemaker;
    for group in ["churn", "segments", "loans"] {
        sagemaker.create_model_package_group().model_package_group_name(group).send().await.map_err(service)?;
    }
    sagemaker
        .create_pipeline()
        .pipeline_name("churn-training")
        .pipeline_definition(definition("none").to_string())
        .role_arn(ROLE)
        .client_request_token("story-creates-churn-training-once")
        .send()
        .await
        .map_err(service)?;
    Ok(())
}

/// A pipeline definition whose only step registers a version; `after` makes it unique.
pub(crate) fn definition(after: &str) -> Value {
    let parameter = |name: &str| json!({"Name": name, "Type": "String", "DefaultValue": "none"});
    let parameters = ["Commit", "Incident", "Reason", "Features", "Experiment", "Trial", "Image"].map(parameter);
    let container = json!({"Image": IMAGE, "ModelDataUrl": "s3://churn-123456789012/model.tar.gz"});
    json!({
        "Version": "2020-12-01",
        "Metadata": {"After": after},
        "Parameters": parameters,
        "Steps": [{
            "Name": "Register",
            "Type": "RegisterModel",
            "Arguments": {
                "ModelPackageGroupName": "churn",
                "InferenceSpecification": {
                    "Containers": [container],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
            },
        }],
    })
}

/// Creates the alarms of the policy: two on drift, one on canary errors.
async fn alarms(story: &Story) -> Result<(), StoryError> {
    let monitor =
        |schedule: &str| vec![("Endpoint", "churn-prod".to_owned()), ("MonitoringSchedule", schedule.to_owned())];
    let variant = vec![("EndpointName", "churn-prod".to_owned()), ("VariantName", "AllTraffic".to_owned())];
    let alarms = [
        ("churn-prod-data-drift", DATA_METRICS, TENURE, monitor("churn-prod-data-quality"), Statistic::Maximum, 0.2),
        ("churn-prod-bias-drift", BIAS_METRICS, DPPL, monitor("churn-prod-bias"), Statistic::Maximum, 0.1),
        ("churn-prod-5xx", SERVING_METRICS, ERRORS, variant, Statistic::Sum, 5.0),
    ];
    for (name, namespace, metric, dimensions, statistic, threshold) in alarms {
        let dimension = |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value).build();
        let call = story
            .aws
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(name)
            .namespace(namespace)
            .metric_name(metric)
            .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
            .statistic(statistic)
            .period(60)
            .evaluation_periods(1)
            .threshold(threshold)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold);
        call.send().await.map_err(service)?;
    }
    Ok(())
}

pub(crate) const DATA_METRICS: &str = "aws/sagemaker/Endpoints/data-metrics";
pub(crate) const BIAS_METRICS: &str = "aws/sagemaker/Endpoints/bias-metrics";
pub(crate) const SERVING_METRICS: &str = "AWS/SageMaker";
pub(crate) const TENURE: &str = "feature_baseline_drift_tenure";
pub(crate) const DPPL: &str = "bias_metric_DPPL";
pub(crate) const ERRORS: &str = "Invocation5XXErrors";

/// Registers a version, as a data scientist does; returns its ARN.
pub(crate) async fn register(story: &Story, group: &str) -> Result<String, StoryError> {
    register_as(story, group, None).await
}

/// Registers a version with drift baselines; returns its ARN.
pub(crate) async fn register_as(
    story: &Story,
    group: &str,
    baselines: Option<DriftCheckBaselines>,
) -> Result<String, StoryError> {
    let container = ModelPackageContainerDefinition::builder()
        .image(IMAGE)
        .model_data_url(format!("s3://{group}-{ACCOUNT}/model.tar.gz"))
        .build();
    let specification = InferenceSpecification::builder()
        .containers(container)
        .supported_content_types("text/csv")
        .supported_response_mime_types("text/csv")
        .build();
    let call = story
        .aws
        .sagemaker
        .create_model_package()
        .model_package_group_name(group)
        .inference_specification(specification)
        .set_drift_check_baselines(baselines)
        .model_approval_status(ModelApprovalStatus::PendingManualApproval);
    let made = call.send().await.map_err(service)?;
    made.model_package_arn.ok_or_else(|| StoryError::Service("CreateModelPackage returned no ARN".to_owned()))
}
