//! The state of AWS, as one decision needs it.

use trimtab_core::name::{BranchName, CommitId, ImageDigest, ImageTag, ImageUri, PullRequestId};
use trimtab_core::port::{ObservedBuild, ObservedPullRequest};

use crate::build::BuildRef;

/// The observed state, one variant for each kind of aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    /// The decision needs nothing.
    Nothing,
    /// For a commit's build.
    Commit(ObservedCommit),
    /// For a pull request's build.
    PullRequest(ObservedProposal),
    /// A pull request that an event reports as merged.
    Merge(Option<ObservedPullRequest>),
    /// An execution of the CodePipeline pipeline that builds.
    Execution(Option<ObservedBuild>),
    /// The image to which a configured tag points.
    Image(Option<ImageUri>),
    /// The head of a branch that an event reports as deleted.
    Branch(Option<CommitId>),
    /// For a reconcile.
    Snapshot(Snapshot),
}

/// The observed state of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCommit {
    /// The build, or the branch if there is no build to read.
    pub progress: ObservedProgress,
    /// The pull request that a request reports as merged.
    pub merged: Option<ObservedPullRequest>,
}

/// The build of a commit, or its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObservedProgress {
    /// The head of the branch; `None` if it does not exist or is not configured.
    Head(Option<CommitId>),
    /// A build.
    Build {
        /// Its ID.
        id: BuildRef,
        /// Its status; `None` if its builder does not know it.
        build: Option<ObservedBuild>,
        /// The heads of the configured branches, if the build succeeded and the policy names a definition.
        heads: Vec<CommitId>,
    },
}

impl ObservedProgress {
    /// Whether the commit was observed as a branch's head.
    pub(crate) fn is_head(&self, commit: &CommitId) -> bool {
        match self {
            Self::Head(head) => head.as_ref() == Some(commit),
            Self::Build { heads, .. } => heads.contains(commit),
        }
    }
}

/// The observed state of a pull request's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedProposal {
    /// The pull request; `None` if CodeCommit does not know it.
    pub pull_request: Option<ObservedPullRequest>,
    /// The build, if the decision is about its end; `None` if CodeBuild does not know it.
    pub build: Option<ObservedBuild>,
}

/// The observed state at a reconcile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The configured branches, and the open pull requests into them.
    pub heads: Vec<Head>,
    /// The pull requests that were merged since the last reconcile, and that their merge commit's build does not know.
    pub merged: Vec<MergedPullRequest>,
    /// The tags of the training image.
    pub tags: Vec<ObservedTag>,
}

/// A configured branch, or a pull request into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch.
    pub branch: BranchName,
    /// The pull request; `None` for the branch itself.
    pub pull_request: Option<PullRequestId>,
    /// The commit at its head; `None` if the branch does not exist.
    pub commit: Option<CommitId>,
    /// How far the ledger has that commit's build.
    pub build: RecordedBuild,
}

/// How far the ledger has a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedBuild {
    /// There is no record.
    Unknown,
    /// Something is left to do.
    Open,
    /// Nothing is left to do.
    Done,
}

/// A merged pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedPullRequest {
    /// The pull request.
    pub pull_request: PullRequestId,
    /// The branch into which it was merged.
    pub branch: BranchName,
    /// The merge commit.
    pub commit: CommitId,
}

/// A tag of the training image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTag {
    /// The tag.
    pub tag: ImageTag,
    /// The digest to which it points; `None` if there is no such tag.
    pub digest: Option<ImageDigest>,
    /// Whether the ledger has the digest as handled and published.
    pub handled: bool,
}
