//! The aggregates of `integrate`, as the ledger stores them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::name::{BranchName, CommitId, ImageDigest, ImageTag, ImageUri, PullRequestId, RepositoryName};
use trimtab_core::port::CommentRequest;

use crate::build::{BuildRef, BuilderRequest};

/// The state of one aggregate. Each record names its aggregate, so that none is read as another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "aggregate", rename_all = "snake_case")]
pub enum State {
    /// No state is recorded.
    #[default]
    Empty,
    /// The build of a branch's commit.
    CommitBuild(CommitBuild),
    /// The build of a commit that a pull request proposes.
    PullRequestBuild(PullRequestBuild),
    /// The image that training runs use.
    TrainingImage(TrainingImage),
    /// The branches, pull requests and tags at the last reconcile.
    BranchSnapshot(BranchSnapshot),
}

impl State {
    /// The aggregate's name in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "no record",
            Self::CommitBuild(_) => "a commit's build",
            Self::PullRequestBuild(_) => "a pull request's build",
            Self::TrainingImage(_) => "a training image",
            Self::BranchSnapshot(_) => "a branch snapshot",
        }
    }
}

/// The build of a branch's commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitBuild {
    /// The commit.
    pub commit: CommitId,
    /// The pull request whose merge made the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    /// How far the build is.
    #[serde(flatten)]
    pub phase: BuildPhase,
}

/// How far a commit's build is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum BuildPhase {
    /// The start is claimed; the builder may not have received it.
    Starting {
        /// The start.
        request: BuilderRequest,
        /// The branch to which the commit was pushed.
        branch: BranchName,
    },
    /// The builder has it.
    Running {
        /// The build.
        build: BuildRef,
        /// The time of its start.
        #[serde(default)]
        started_at: Option<Timestamp>,
        /// Whether Deadline Exceeded was published.
        #[serde(default)]
        deadline_reported: bool,
    },
    /// The build succeeded, and the training pipeline gets the commit's definition. Training is requested after that.
    UpdatingPipeline {
        /// The build.
        build: BuildRef,
    },
    /// The build succeeded, and training is requested.
    Succeeded,
    /// The build or the update of the pipeline failed.
    Failed,
    /// The builder refused to start the build. The event that requested it starts it when it is redriven.
    StartRefused,
}

/// A merged pull request that gets a comment with the result of the merge commit's build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The pull request.
    pub pull_request: PullRequestId,
    /// The commit that it was compared with.
    pub before: CommitId,
    /// The commit that it proposed.
    pub after: CommitId,
    /// Whether the comment was posted.
    pub commented: bool,
}

/// The build of a commit that a pull request proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PullRequestBuild {
    /// The start is claimed; CodeBuild may not have received it.
    Starting {
        /// The start.
        request: BuilderRequest,
    },
    /// CodeBuild has it.
    Running {
        /// The build.
        build: BuildRef,
    },
    /// The build ended, and the comment is claimed.
    Commenting {
        /// The comment.
        comment: CommentRequest,
    },
    /// The comment is posted.
    Commented,
    /// CodeBuild refused to start it. The event that requested it starts it when it is redriven.
    StartRefused,
    /// The pull request was closed without a merge: no comment follows.
    Closed,
}

/// The image that training runs use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingImage {
    /// The image, by its digest.
    pub uri: ImageUri,
    /// The tag under which it was pushed.
    pub tag: ImageTag,
    /// Counts the images from 1; `retrain` uses the image with the highest serial.
    pub serial: u32,
    /// Whether its fact was published.
    pub published: bool,
    /// The last digest of each tag that was handled.
    pub handled: BTreeMap<ImageTag, ImageDigest>,
}

/// The branches, pull requests and tags at the last reconcile.
///
/// Its size is bounded by the policy's branches and tags, by the first reconcile, and by one page of pull requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchSnapshot {
    /// The head of each branch, and the commit of each pull request (`:41`), at the first reconcile. They are not
    /// built: they are older than Trimtab.
    pub before: BTreeMap<String, Option<CommitId>>,
    /// The digest of each tag at the first reconcile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageTag, Option<ImageDigest>>,
    /// The repository; `None` before the first reconcile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryName>,
    /// The branches that a reconcile observed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<BranchName, BranchRecord>,
    /// The pull requests that were open at the last reconcile.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pull_requests: BTreeSet<PullRequestId>,
}

/// A branch at the last reconcile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchRecord {
    /// Its head; `None` if its deletion was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
    /// The time since which it exists or is deleted, as far as Trimtab knows.
    pub since: Timestamp,
}
