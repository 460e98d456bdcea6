//! Definitions of SageMaker pipelines.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::name::{CommitId, FilePath, PipelineName, RepositoryName, RoleArn};

/// The most that SageMaker takes as a definition, in bytes.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdatePipeline.html>
pub const MAX_DEFINITION_BYTES: usize = 1_048_576;

/// The definition that a pipeline is to have. The request does not contain its text, which is read from the repository at
/// the call, so that it appears in no record and no message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionRequest {
    /// The SageMaker pipeline.
    pub pipeline: PipelineName,
    /// The repository that holds the definition.
    pub repository: RepositoryName,
    /// The file.
    pub path: FilePath,
    /// Exactly this commit's.
    pub commit: CommitId,
    /// The role that its runs have; a pipeline that is there keeps its own where this is absent.
    pub role: Option<RoleArn>,
    /// `CreatePipeline`'s `ClientRequestToken`.
    pub token: String,
}

/// A pipeline as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDefinition {
    /// The commit of the definition, which Trimtab stores in the pipeline's description; `None` for a definition that
    /// another principal wrote.
    pub commit: Option<CommitId>,
}

/// SageMaker Pipelines, their definitions. A pipeline carries the commit of its definition, written
/// with it in one call.
pub trait Definitions {
    /// What SageMaker says of the pipeline; `None` where there is none.
    fn describe(&self, pipeline: &PipelineName) -> impl Future<Output = PortResult<Option<ObservedDefinition>>> + Send;
    /// `CreatePipeline`; the request needs a role.
    fn create(&self, request: &DefinitionRequest, text: &str) -> impl Future<Output = PortResult<()>> + Send;
    /// `UpdatePipeline`.
    fn update(&self, request: &DefinitionRequest, text: &str) -> impl Future<Output = PortResult<()>> + Send;
}
