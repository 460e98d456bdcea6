//! A commit's build, what the ledger keeps of it, and the facts about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{
    BranchName, BuildId, CommitId, ImageDigest, ImageTag, ImageUri, ModelName, PipelineBuildId, PullRequestId,
};
use trimtab_core::port::PipelineBuildRequest;
use trimtab_core::port::{BuildRequest, CommentRequest};

use crate::branch_snapshot::Watching;

/// The build's environment variable that names the model: a build that carries it is the suite's.
pub const MODEL_VARIABLE: &str = "TRIMTAB_MODEL";

/// What is asked for: CodeBuild or CodePipeline builds, as the policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "each holds its port's request")]
pub enum Request {
    Project(BuildRequest),
    Pipeline(PipelineBuildRequest),
}

impl Request {
    /// The commit.
    pub(crate) fn commit(&self) -> &CommitId {
        match self {
            Self::Project(request) => &request.commit,
            Self::Pipeline(request) => &request.commit,
        }
    }
}

/// What builds: a build of CodeBuild, or an execution of CodePipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "each holds its service's name for it")]
pub enum Built {
    Project(BuildId),
    Pipeline(PipelineBuildId),
}

impl Built {
    /// The id as people know it.
    #[must_use]
    pub fn short(&self) -> &str {
        match self {
            Self::Project(build) => build.short(),
            Self::Pipeline(execution) => execution.as_str(),
        }
    }
}

/// A pull request whose merge made the commit: it reads how the build ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The pull request.
    pub pull: PullRequestId,
    /// The commit that it was compared with.
    pub before: CommitId,
    /// The commit that was proposed.
    pub after: CommitId,
    /// Whether it was told.
    pub told: bool,
}

/// What the ledger keeps of one commit's build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// A build was decided; whether CodeBuild has heard of it is not on record.
    Intended {
        /// What was decided.
        request: Request,
        /// The branch it was pushed to.
        branch: BranchName,
        /// The pull request that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged: Option<Merge>,
    },
    /// The builder has it.
    Started {
        /// The build.
        build: Built,
        /// Since when.
        #[serde(default)]
        since: Option<Timestamp>,
        /// Whether a person was told that it takes too long.
        #[serde(default)]
        late: bool,
        /// The pull request that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged: Option<Merge>,
    },
    /// The build succeeded, and training is being asked for.
    Asking {
        /// The build.
        build: Built,
        /// The pull request that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged: Option<Merge>,
    },
    /// The build succeeded, and training has been asked for.
    Succeeded {
        /// The pull request that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged: Option<Merge>,
    },
    /// It did not succeed.
    Failed {
        /// The pull request that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged: Option<Merge>,
    },
    /// A pull request's build has ended, and is being told of there.
    Reporting {
        /// What is said.
        comment: CommentRequest,
    },
    /// A pull request's build has ended, and was told of there.
    Reviewed,
    /// The pull request was closed without a merge: how its build ends is told to nobody.
    Closed,
    /// No build, but the image that training runs in.
    Image {
        /// The image.
        uri: ImageUri,
        /// The tag under which it was pushed.
        tag: ImageTag,
        /// Which it is, counted from 1: a higher one is newer.
        serial: u32,
        /// Whether it was handed on.
        told: bool,
        /// What each tag pointed at when it was last answered for.
        observed: BTreeMap<ImageTag, ImageDigest>,
    },
    /// No build, but what the suite keeps of the watched branches.
    Watching(Watching),
}

impl State {
    /// The place for the pull request that the commit comes from, where this state has one.
    pub(crate) fn merge(&mut self) -> Option<&mut Option<Merge>> {
        match self {
            Self::Intended { merged, .. }
            | Self::Started { merged, .. }
            | Self::Asking { merged, .. }
            | Self::Succeeded { merged }
            | Self::Failed { merged } => Some(merged),
            _ => None,
        }
    }

    /// The same, taken out of it.
    pub(crate) fn take_merge(&mut self) -> Option<Merge> {
        self.merge().and_then(Option::take)
    }
}

/// What a look sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The watched branches, and the open pull requests for them.
    pub heads: Vec<Head>,
    /// The pull requests that are open no more and were merged, as far as their merge's build does not
    /// know of them.
    pub merged: Vec<Merged>,
    /// The tags of the training image.
    pub tags: Vec<Tagged>,
}

/// A pull request, and what its merge has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The pull request.
    pub pull: PullRequestId,
    /// The branch that it was merged into.
    pub branch: BranchName,
    /// The commit.
    pub commit: CommitId,
}

/// A tag of the training image, as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The tag.
    pub tag: ImageTag,
    /// What it points at; `None` where there is no such tag.
    pub digest: Option<ImageDigest>,
    /// Whether that has had its answer.
    pub answered: bool,
}

/// A watched branch, or a pull request for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch.
    pub branch: BranchName,
    /// The pull request.
    pub pull: Option<PullRequestId>,
    /// The commit at its head; `None` where there is no such branch.
    pub commit: Option<CommitId>,
    /// How far that commit's build is, by the ledger.
    pub build: Standing,
}

/// How far a commit's build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known of it.
    Unknown,
    /// It was begun.
    Open,
    /// It has had its last answer.
    Done,
}

/// The aggregate of a commit's build.
pub(crate) fn build_of(commit: Option<&CommitId>) -> String {
    format!("build#{}", commit.map_or("none", CommitId::as_str))
}

/// The model that a build is for.
pub(crate) fn model_of(request: &BuildRequest) -> Option<ModelName> {
    request.variables.get(MODEL_VARIABLE).and_then(|name| ModelName::parse(name).ok())
}

/// A fact about a commit's build: the commit is its dedup key.
pub(crate) fn about(
    kind: FactKind,
    model: Option<ModelName>,
    commit: &CommitId,
    build: Option<&Built>,
    reasons: Vec<String>,
    at: Timestamp,
) -> Fact {
    let name = model.as_ref().map_or("unknown", ModelName::as_str);
    let fact = Fact {
        kind,
        version: fact::VERSION,
        dedup_key: format!("build/{name}/{commit}"),
        model,
        at,
        reasons,
        details: [("commit".to_owned(), commit.to_string())].into(),
    };
    with(fact, "build", build.map(|build| build.short().to_owned()))
}

/// The fact with one more detail, if there is one.
pub(crate) fn with(mut fact: Fact, name: &str, value: Option<String>) -> Fact {
    fact.details.extend(value.map(|value| (name.to_owned(), trimtab_core::text::one_line(&value, 400))));
    fact
}
