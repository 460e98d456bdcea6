//! The ports to what is integrated: repositories, pull requests, builds.

use std::collections::BTreeMap;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::event::BuildStatus;
use crate::name::{BranchName, BuildId, CommitId, FilePath, ProjectName, PullRequestId, RepositoryName};
use crate::port::Answer;

/// CodeCommit, reading.
pub trait Repositories {
    /// The commit at the branch's head; `None` where the branch or the repository is not.
    fn head(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> impl Future<Output = Answer<Option<CommitId>>> + Send;
    /// What the file holds at this commit; `None` where there is no such file.
    fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;
}

/// A pull request as CodeCommit knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPullRequest {
    /// Whether it is open.
    pub open: bool,
    /// The commit that its merge made, where it was merged: `mergeMetadata.mergeCommitId`.
    pub merged: Option<CommitId>,
    /// The commit that is proposed.
    pub source: Option<CommitId>,
    /// The commit that it is compared with.
    pub target: Option<CommitId>,
    /// The branch that it is proposed for.
    pub destination: Option<BranchName>,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentRequest {
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub pull_request: PullRequestId,
    /// The commit that it is compared with.
    pub before: CommitId,
    /// The commit that the comment is about.
    pub after: CommitId,
    /// Markdown.
    pub content: String,
    /// CodeCommit's `clientRequestToken`: the same token gives the comment that is there.
    pub token: String,
}

/// CodeCommit's pull requests.
pub trait PullRequests {
    /// The repository's open ones, as far as one page goes.
    fn open(&self, repository: &RepositoryName) -> impl Future<Output = Answer<Vec<PullRequestId>>> + Send;
    /// What CodeCommit says of it; `None` where it knows none.
    fn pull_request(&self, id: &PullRequestId) -> impl Future<Output = Answer<Option<ObservedPullRequest>>> + Send;
    /// Comments on it.
    fn comment(&self, request: &CommentRequest) -> impl Future<Output = Answer<()>> + Send;
}

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
    fn find(&self, request: &BuildRequest) -> impl Future<Output = Answer<Option<BuildId>>> + Send;
    /// Starts it.
    fn start(&self, request: &BuildRequest) -> impl Future<Output = Answer<BuildId>> + Send;
    /// What CodeBuild says of it; `None` where it knows none.
    fn describe(&self, build: &BuildId) -> impl Future<Output = Answer<Option<ObservedBuild>>> + Send;
}
