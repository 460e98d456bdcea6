//! The port to deliveries by CodePipeline.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::CodePipelineState;
use crate::name::{CodePipelineName, PackageArn};
use crate::port::Answer;

/// A delivery by CodePipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodePipelineRequest {
    /// The pipeline (V2).
    pub pipeline: CodePipelineName,
    /// The pipeline variable that takes the package's ARN.
    pub variable: String,
    /// The package version.
    pub package: PackageArn,
    /// `clientRequestToken`; not relied upon.
    pub token: String,
    /// When the rollout was decided: no execution of it is older.
    pub since: Timestamp,
}

/// CodePipeline.
pub trait CodePipelines {
    /// The execution since then that carries this package in this variable.
    fn find(&self, request: &CodePipelineRequest) -> impl Future<Output = Answer<Option<String>>> + Send;
    /// Starts an execution; gives its id.
    fn start(&self, request: &CodePipelineRequest) -> impl Future<Output = Answer<String>> + Send;
    /// The state of an execution; `None` where CodePipeline knows none.
    fn state(
        &self,
        pipeline: &CodePipelineName,
        execution: &str,
    ) -> impl Future<Output = Answer<Option<CodePipelineState>>> + Send;
}
