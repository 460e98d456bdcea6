//! Events of [CodeCommit](https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html).

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, lenient, read};
use crate::name::{BranchName, CommitId, PullRequestId, RepositoryName};

lenient::words! {
    /// The kind of change of a reference.
    ReferenceKind {
        /// Created.
        Created = "referenceCreated",
        /// Updated by a push.
        Updated = "referenceUpdated",
        /// Deleted.
        Deleted = "referenceDeleted",
    }
}

/// A branch or tag was created, updated or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The repository.
    pub repository: RepositoryName,
    /// The kind of change.
    pub kind: ReferenceKind,
    /// The branch; `None` for a tag, and for a branch name that Trimtab does not support.
    pub branch: Option<BranchName>,
    /// The new commit; `None` after a deletion, and for an ID that is not complete.
    pub commit: Option<CommitId>,
    /// The previous commit.
    pub before: Option<CommitId>,
}

impl Reference {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            event: ReferenceKind,
            repository_name: RepositoryName,
            #[serde(default, deserialize_with = "lenient::or_default")]
            reference_type: String,
            #[serde(default, deserialize_with = "lenient::or_default")]
            reference_name: String,
            commit_id: Option<String>,
            old_commit_id: Option<String>,
        }
        let detail: Detail = read(what, detail)?;
        let is_branch = detail.reference_type == "branch";
        Ok(Self {
            repository: detail.repository_name,
            kind: detail.event,
            branch: is_branch.then(|| BranchName::parse(&detail.reference_name).ok()).flatten(),
            commit: detail.commit_id.and_then(|id| CommitId::parse(&id).ok()),
            before: detail.old_commit_id.and_then(|id| CommitId::parse(&id).ok()),
        })
    }
}

/// A pull request was opened, changed or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The repository.
    pub repository: RepositoryName,
    /// The ID.
    pub id: PullRequestId,
    /// The change, such as `pullRequestCreated`.
    pub event: String,
    /// `Open` or `Closed`.
    pub status: String,
    /// Whether the pull request was merged.
    pub merged: bool,
    /// The head of the source branch.
    pub source_commit: Option<CommitId>,
    /// The destination branch.
    pub destination: Option<BranchName>,
}

impl PullRequest {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            repository_names: [RepositoryName; 1],
            pull_request_id: PullRequestId,
            #[serde(default, deserialize_with = "lenient::or_default")]
            event: String,
            #[serde(default, deserialize_with = "lenient::or_default")]
            pull_request_status: String,
            // `True` or `False`, as text.
            #[serde(default, deserialize_with = "lenient::or_default")]
            is_merged: String,
            source_commit: Option<String>,
            destination_reference: Option<String>,
        }
        let detail: Detail = read(what, detail)?;
        let [repository] = detail.repository_names;
        let branch = |name: String| BranchName::parse(name.strip_prefix("refs/heads/").unwrap_or(&name)).ok();
        Ok(Self {
            repository,
            id: detail.pull_request_id,
            event: detail.event,
            status: detail.pull_request_status,
            merged: detail.is_merged.eq_ignore_ascii_case("true"),
            source_commit: detail.source_commit.and_then(|id| CommitId::parse(&id).ok()),
            destination: detail.destination_reference.and_then(branch),
        })
    }
}
