//! CodeCommit: repositories and pull requests.

use std::collections::BTreeMap;

use trimtab_core::name::{BranchName, CommitId, FilePath, PullRequestId, RepositoryName};
use trimtab_core::port::{CommentRequest, ObservedPullRequest, PortResult, PullRequests, Repositories};

use crate::services::Services;

/// The repositories and their pull requests.
#[derive(Debug, Default)]
pub struct State {
    /// The heads, by repository and branch, as in `churn-model main`.
    pub heads: BTreeMap<String, CommitId>,
    /// The content of every file at every commit; without it, each commit has [`definition_of`] it.
    pub file: Option<Option<Vec<u8>>>,
    /// By ID.
    pub pulls: BTreeMap<String, ObservedPullRequest>,
    /// The comments, in order.
    pub comments: Vec<CommentRequest>,
}

/// The definition of a pipeline that names its commit.
#[must_use]
pub fn definition_of(commit: &CommitId) -> String {
    format!(r#"{{"Version": "2020-12-01", "Steps": [], "Metadata": {{"Commit": "{commit}"}}}}"#)
}

impl Repositories for Services {
    async fn head(&self, repository: &RepositoryName, branch: &BranchName) -> PortResult<Option<CommitId>> {
        let branch = format!("{repository} {branch}");
        self.query("repositories.head", &branch, || self.codecommit().heads.get(&branch).cloned())
    }

    async fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> PortResult<Option<Vec<u8>>> {
        self.query("repositories.file", &format!("{repository} {commit} {path}"), || {
            let file = self.codecommit().file.clone();
            file.unwrap_or_else(|| Some(definition_of(commit).into_bytes()))
        })
    }
}

impl PullRequests for Services {
    async fn open(&self, repository: &RepositoryName) -> PortResult<Vec<PullRequestId>> {
        self.query("pulls.open", repository.as_str(), || {
            let state = self.codecommit();
            let open = state.pulls.iter().filter(|(_, pull)| pull.open);
            open.map(|(id, _)| PullRequestId::parse(id).unwrap()).collect()
        })
    }

    async fn pull_request(&self, id: &PullRequestId) -> PortResult<Option<ObservedPullRequest>> {
        self.query("pulls.pull_request", id.as_str(), || self.codecommit().pulls.get(id.as_str()).cloned())
    }

    /// The same token returns the existing comment, as CodeCommit promises.
    async fn comment(&self, request: &CommentRequest) -> PortResult<()> {
        let CommentRequest { repository, pull_request, before, after, .. } = request;
        self.effect("pulls.comment", &format!("{repository} {pull_request} {before} {after}"), || {
            let mut state = self.codecommit();
            if !state.comments.iter().any(|known| known.token == request.token) {
                state.comments.push(request.clone());
            }
        })
    }
}
