//! CodeCommit: repositories and pull requests.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::name::{BranchName, CommitId, FilePath, PullRequestId, RepositoryName};

/// CodeCommit, reading.
pub trait Repositories {
    /// The commit at the branch's head; `None` where the branch or the repository is not.
    fn head(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> impl Future<Output = PortResult<Option<CommitId>>> + Send;
    /// What the file holds at this commit; `None` where there is no such file.
    fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> impl Future<Output = PortResult<Option<Vec<u8>>>> + Send;
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
    fn open(&self, repository: &RepositoryName) -> impl Future<Output = PortResult<Vec<PullRequestId>>> + Send;
    /// What CodeCommit says of it; `None` where it knows none.
    fn pull_request(&self, id: &PullRequestId) -> impl Future<Output = PortResult<Option<ObservedPullRequest>>> + Send;
    /// Comments on it.
    fn comment(&self, request: &CommentRequest) -> impl Future<Output = PortResult<()>> + Send;
}
