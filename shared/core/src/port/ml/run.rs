//! The port to training runs.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::RunStatus;
use crate::name::{PipelineName, RunArn};
use crate::port::Answer;

/// A training run to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// The SageMaker pipeline.
    pub pipeline: PipelineName,
    /// The incident's id: `PipelineExecutionDisplayName`, by which the run is found again.
    pub display_name: String,
    /// `ClientRequestToken`, 32 to 128 characters, made of the incident.
    pub token: String,
    /// `PipelineParameters`, by the names that the policy gives them.
    pub parameters: BTreeMap<String, String>,
    /// When the incident was opened: no run of it is older.
    pub since: Timestamp,
}

/// SageMaker Pipelines.
pub trait Runs {
    /// The run that carries this request's display name.
    fn find(&self, request: &RunRequest) -> impl Future<Output = Answer<Option<RunArn>>> + Send;
    /// Starts it.
    fn start(&self, request: &RunRequest) -> impl Future<Output = Answer<RunArn>> + Send;
    /// What SageMaker says of it; `None` where it knows none.
    fn status(&self, run: &RunArn) -> impl Future<Output = Answer<Option<RunStatus>>> + Send;
}
