//! A commit's build, what the ledger keeps of it, and the facts about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{BranchName, BuildId, CommitId, ModelName, PullRequestId};
use trimtab_core::port::ml::{BuildRequest, CommentRequest};

/// The build's environment variable that names the model: a build that carries it is the suite's.
pub const MODEL_VARIABLE: &str = "TRIMTAB_MODEL";

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
        request: BuildRequest,
        /// The branch it was pushed to.
        branch: BranchName,
    },
    /// CodeBuild has it.
    Started {
        /// The build.
        build: BuildId,
        /// Since when.
        #[serde(default)]
        since: Option<Timestamp>,
        /// Whether a person was told that it takes too long.
        #[serde(default)]
        late: bool,
    },
    /// The build succeeded, and training is being asked for.
    Asking {
        /// The build.
        build: BuildId,
    },
    /// The build succeeded, and training has been asked for.
    Succeeded,
    /// It did not succeed.
    Failed,
    /// A pull request's build has ended, and is being told of there.
    Reporting {
        /// What is said.
        comment: CommentRequest,
    },
    /// A pull request's build has ended, and was told of there.
    Reviewed,
    /// No build, but what the suite keeps of the watched branches.
    Watching {
        /// Each branch's head, and what each pull request proposed, when the suite first looked: nobody
        /// asked it to build that.
        before: BTreeMap<String, Option<CommitId>>,
    },
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

/// A fact about a commit's build: the commit is its matter.
pub(crate) fn about(
    kind: FactKind,
    model: Option<ModelName>,
    commit: &CommitId,
    build: Option<&BuildId>,
    reasons: Vec<String>,
    at: Timestamp,
) -> Fact {
    let name = model.as_ref().map_or("unknown", ModelName::as_str);
    let fact = Fact {
        kind,
        version: fact::VERSION,
        matter: format!("build/{name}/{commit}"),
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
