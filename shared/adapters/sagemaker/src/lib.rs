//! SageMaker, over the SDK. Each module implements one port:
//!
//! - `definitions` and `pipeline_executions`: SageMaker Pipelines
//! - `registry` and `model_package_approval`: the Model Registry
//! - `endpoints` and `deployment_config`: endpoints, their configurations and updates
//! - `transforms`: batch transform
//! - `monitoring`, `baselines`, `job_definitions` and `monitoring_executions`: Model Monitor and Clarify
//! - `lineage`: ML Lineage Tracking
//! - `resources`: the resources that `guard` checks
//!
//! SageMaker's models declare almost no errors: it returns `ValidationException` with a sentence, which `error_messages`
//! classifies.

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

/// A client of SageMaker.
#[derive(Debug, Clone)]
pub struct SageMaker(Client);

impl SageMaker {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}
