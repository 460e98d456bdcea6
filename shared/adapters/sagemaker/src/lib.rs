//! SageMaker, over the SDK: pipelines in `definitions` and `runs`, the registry in `registry`,
//! endpoints in `endpoints` and `shape`, batch transform in `transforms`, versions that wait for a verdict in `candidates`, what the guard looks at in
//! `resources`, monitoring runs in `reports`, ML Lineage Tracking in `lineage`, what watches a live version in `monitoring`, `baselines`
//! and `job_definitions`.
//!
//! SageMaker's models declare almost no errors: it answers `ValidationException` with a sentence,
//! and what the sentence means is decided in `says`.

mod baselines;
mod candidates;
mod definitions;
mod endpoints;
mod job_definitions;
mod lineage;
mod monitoring;
mod registry;
mod reports;
mod resources;
mod runs;
mod says;
mod shape;
mod transforms;

use aws_config::SdkConfig;
use aws_sdk_sagemaker::Client;

/// SageMaker.
#[derive(Debug, Clone)]
pub struct SageMaker(Client);

impl SageMaker {
    /// A client with this configuration.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}
