//! CodePipeline, which deploys a version or builds a commit.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::CodePipelineState;
use crate::name::{ActionName, CodePipelineName, CommitId, ModelName, PackageArn, PipelineBuildId};

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
    fn find(&self, request: &CodePipelineRequest) -> impl Future<Output = PortResult<Option<String>>> + Send;
    /// Starts an execution; gives its id.
    fn start(&self, request: &CodePipelineRequest) -> impl Future<Output = PortResult<String>> + Send;
    /// The state of an execution; `None` where CodePipeline knows none.
    fn state(
        &self,
        pipeline: &CodePipelineName,
        execution: &str,
    ) -> impl Future<Output = PortResult<Option<CodePipelineState>>> + Send;
}

/// A commit to build by a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineBuildRequest {
    /// The model that it is built for.
    pub model: ModelName,
    /// The pipeline (V2).
    pub pipeline: CodePipelineName,
    /// The source action whose revision the commit takes the place of.
    pub source: ActionName,
    /// The pipeline variable that takes the commit: by it the execution is known again.
    pub variable: String,
    /// Exactly this commit, and nothing else of the push.
    pub commit: CommitId,
    /// `clientRequestToken`; not relied upon, hence [`BuildPipelines::find`].
    pub token: String,
    /// When the build was decided: no execution of it is older.
    pub since: Timestamp,
}

/// An execution as CodePipeline knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPipelineBuild {
    /// Its state.
    pub state: CodePipelineState,
    /// The commit that its variable carries.
    pub commit: Option<CommitId>,
}

/// CodePipeline, as a builder.
pub trait BuildPipelines {
    /// The execution since then that carries this commit in this variable.
    fn find(&self, request: &PipelineBuildRequest) -> impl Future<Output = PortResult<Option<PipelineBuildId>>> + Send;
    /// Starts it, with the commit as the source action's revision.
    fn start(&self, request: &PipelineBuildRequest) -> impl Future<Output = PortResult<PipelineBuildId>> + Send;
    /// What CodePipeline says of an execution; `None` where it knows none.
    fn describe(
        &self,
        pipeline: &CodePipelineName,
        variable: &str,
        execution: &PipelineBuildId,
    ) -> impl Future<Output = PortResult<Option<ObservedPipelineBuild>>> + Send;
}
