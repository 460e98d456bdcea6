//! SageMaker over its SDK: one file for each port, or for a part of one.
//!
//! SageMaker's API models declare almost no errors. It returns `ValidationException` with a sentence, and
//! `error_messages` decides what the sentence means.

mod baselines;
mod definitions;
mod deployment_config;
mod endpoints;
mod error_messages;
mod job_definitions;
mod lineage;
mod model_package_approval;
mod monitoring;
mod monitoring_executions;
mod pipeline_executions;
mod registry;
mod resources;
mod transforms;

use aws_config::SdkConfig;
use aws_sdk_sagemaker::Client;

/// The ports of SageMaker.
#[derive(Debug, Clone)]
pub struct SageMaker(Client);

impl SageMaker {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}
