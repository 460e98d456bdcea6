//! SDK clients for the services, as an operator uses them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use trimtab_cloud::{Cloud, REGION};

/// Clients for all services that the stories use.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) autoscaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) codebuild: aws_sdk_codebuild::Client,
    pub(crate) codecommit: aws_sdk_codecommit::Client,
    pub(crate) codepipeline: aws_sdk_codepipeline::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sagemaker: aws_sdk_sagemaker::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    /// Directly to MiniStack, so that the story's own reads stay out of the emulator's journal.
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl Aws {
    /// Creates the clients for a local cloud.
    #[must_use]
    pub fn of(cloud: &Cloud) -> Self {
        let sdk = config(&cloud.endpoint());
        Self {
            autoscaling: aws_sdk_applicationautoscaling::Client::new(&sdk),
            cloudformation: aws_sdk_cloudformation::Client::new(&sdk),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&sdk),
            codebuild: aws_sdk_codebuild::Client::new(&sdk),
            codecommit: aws_sdk_codecommit::Client::new(&sdk),
            codepipeline: aws_sdk_codepipeline::Client::new(&sdk),
            ecr: aws_sdk_ecr::Client::new(&sdk),
            events: aws_sdk_eventbridge::Client::new(&sdk),
            lambda: aws_sdk_lambda::Client::new(&sdk),
            sagemaker: aws_sdk_sagemaker::Client::new(&sdk),
            secrets: aws_sdk_secretsmanager::Client::new(&sdk),
            sfn: aws_sdk_sfn::Client::new(&sdk),
            sns: aws_sdk_sns::Client::new(&sdk),
            sqs: aws_sdk_sqs::Client::new(&config(&cloud.ministack())),
        }
    }
}

/// The SDK configuration for one endpoint of the local cloud.
#[must_use]
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::from_keys("local", "local", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(trimtab_runtime::http_client())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
