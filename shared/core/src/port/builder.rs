//! The port to builds by CodePipeline: a pipeline (V2) builds exactly one commit.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::event::CodePipelineState;
use crate::name::{ActionName, CodePipelineName, CommitId, ModelName, PipelineBuildId};

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
    fn find(&self, request: &PipelineBuildRequest) -> impl Future<Output = Answer<Option<PipelineBuildId>>> + Send;
    /// Starts it, with the commit as the source action's revision.
    fn start(&self, request: &PipelineBuildRequest) -> impl Future<Output = Answer<PipelineBuildId>> + Send;
    /// What CodePipeline says of an execution; `None` where it knows none.
    fn describe(
        &self,
        pipeline: &CodePipelineName,
        variable: &str,
        execution: &PipelineBuildId,
    ) -> impl Future<Output = Answer<Option<ObservedPipelineBuild>>> + Send;
}
