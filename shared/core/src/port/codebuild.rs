//! CodeBuild.

use std::collections::BTreeMap;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::BuildStatus;
use crate::name::{BuildId, CommitId, ProjectName};

/// What is built, and how the build is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRequest {
    /// The CodeBuild project.
    pub project: ProjectName,
    /// Exactly this commit: CodeBuild's `sourceVersion`.
    pub commit: CommitId,
    /// Environment variables; they come from policy, never from an event.
    pub variables: BTreeMap<String, String>,
    /// CodeBuild's `idempotencyToken`; remembered for 5 minutes only, hence [`Builds::find`].
    pub token: String,
}

/// A build as CodeBuild knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedBuild {
    /// Its status.
    pub status: BuildStatus,
    /// The commit it was started for, where that is a full commit id.
    pub commit: Option<CommitId>,
    /// Its environment variables.
    pub variables: BTreeMap<String, String>,
}

/// CodeBuild.
pub trait Builds {
    /// The newest build that carries this request's commit and variables, among the project's
    /// latest; so that a lost answer does not build twice.
    fn find(&self, request: &BuildRequest) -> impl Future<Output = PortResult<Option<BuildId>>> + Send;
    /// Starts it.
    fn start(&self, request: &BuildRequest) -> impl Future<Output = PortResult<BuildId>> + Send;
    /// What CodeBuild says of it; `None` where it knows none.
    fn describe(&self, build: &BuildId) -> impl Future<Output = PortResult<Option<ObservedBuild>>> + Send;
}
