//! The facts of `integrate`: every constructor and every reader.
//!
//! The dedup key of a build's facts has the commit, not the build: a build that an earlier attempt started twice leads
//! to one message.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ModelName, PipelineBuildId, PullRequestId, RepositoryName,
};
use trimtab_core::text::{digest, one_line};

use crate::build::BuildRef;
use crate::state::TrainingImage;

/// The commit's build that a fact is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AboutBuild<'a> {
    /// `None` if the build's variables name no model.
    pub(crate) model: Option<&'a ModelName>,
    pub(crate) commit: &'a CommitId,
    /// `None` before the builder has it.
    pub(crate) build: Option<&'a BuildRef>,
    pub(crate) at: Timestamp,
}

impl AboutBuild<'_> {
    fn fact(self, kind: FactKind, reason: &str) -> Fact {
        let name = self.model.map_or("unknown", ModelName::as_str);
        let fact = Fact {
            kind,
            version: fact::VERSION,
            dedup_key: format!("build/{name}/{}", self.commit),
            model: self.model.cloned(),
            at: self.at,
            reasons: vec![reason.to_owned()],
            details: BTreeMap::from([("commit".to_owned(), self.commit.to_string())]),
        };
        with(fact, "build", self.build.map(BuildRef::short))
    }

    pub(crate) fn started(self, branch: &BranchName) -> Fact {
        let fact = self.fact(FactKind::BuildStarted, &format!("commit {} is being built", self.commit));
        with(fact, "branch", Some(branch.as_str()))
    }

    pub(crate) fn failed(self, reason: &str, logs: Option<&str>) -> Fact {
        with(self.fact(FactKind::BuildFailed, reason), "logs", logs)
    }

    pub(crate) fn deadline_exceeded(self, reason: &str) -> Fact {
        let mut fact = self.fact(FactKind::DeadlineExceeded, reason);
        // The build's own facts have the same subject: the message about the deadline must not replace theirs.
        fact.dedup_key = format!("late/{}", fact.dedup_key);
        fact
    }

    pub(crate) fn training_requested(self) -> Fact {
        self.fact(FactKind::TrainingRequested, &format!("the build of {} succeeded", self.commit))
    }

    /// Requests of `integrate` itself that the commit's build is decided.
    pub(crate) fn requested(self, reason: &str, subject: RequestSubject<'_>) -> Fact {
        let fact = self.fact(FactKind::BuildRequested, reason);
        match subject {
            RequestSubject::Branch(branch) => with(fact, "branch", Some(branch.as_str())),
            RequestSubject::Execution(execution) => with(fact, "execution", Some(execution)),
            RequestSubject::Merge { branch, pull_request } => {
                with(with(fact, "branch", Some(branch.as_str())), "merged", Some(pull_request.as_str()))
            }
            RequestSubject::PullRequest { branch, pull_request } => {
                with(with(fact, "branch", Some(branch.as_str())), "pull-request", Some(pull_request.as_str()))
            }
        }
    }
}

/// The origin of the commit that is requested.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestSubject<'a> {
    Branch(&'a BranchName),
    /// The execution that built the commit.
    Execution(&'a str),
    Merge {
        branch: &'a BranchName,
        pull_request: &'a PullRequestId,
    },
    PullRequest {
        branch: &'a BranchName,
        pull_request: &'a PullRequestId,
    },
}

fn with(mut fact: Fact, name: &str, value: Option<&str>) -> Fact {
    fact.details.extend(value.map(|value| (name.to_owned(), one_line(value, 400))));
    fact
}

/// A branch that was deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AboutBranch<'a> {
    pub(crate) model: &'a ModelName,
    pub(crate) repository: &'a RepositoryName,
    pub(crate) branch: &'a BranchName,
    /// Its last commit, if known.
    pub(crate) commit: Option<&'a CommitId>,
    /// The time since which the snapshot has the branch.
    pub(crate) since: Option<Timestamp>,
    pub(crate) at: Timestamp,
}

impl AboutBranch<'_> {
    pub(crate) fn deleted(self, reason: &str) -> Fact {
        let commit = self.commit.map_or("unknown", CommitId::as_str);
        // The event and a reconcile may know different last commits of one deletion. They know the same snapshot, so
        // that its time is the identity; without a snapshot only the event reports the deletion.
        let mark = self.since.map_or_else(|| commit.to_owned(), |since| since.to_string());
        let details = [
            ("branch", self.branch.to_string()),
            ("repository", self.repository.to_string()),
            ("commit", commit.to_owned()),
        ];
        Fact {
            kind: FactKind::BranchDeleted,
            version: fact::VERSION,
            model: Some(self.model.clone()),
            dedup_key: format!("branch/{}/{}", self.model, digest(&[self.branch.as_str(), &mark], 16)),
            at: self.at,
            reasons: vec![reason.to_owned()],
            details: named(details),
        }
    }
}

/// Gives an image to `retrain`: with a training run if the policy has `train`, otherwise for the next run.
pub(crate) fn image_adopted(
    model: &ModelName,
    image: &TrainingImage,
    kind: ImageUse,
    reason: &str,
    at: Timestamp,
) -> Fact {
    let TrainingImage { uri, tag, serial, .. } = image;
    let details = [
        ("image", uri.to_string()),
        ("digest", uri.digest().to_owned()),
        ("tag", tag.to_string()),
        ("serial", serial.to_string()),
    ];
    Fact {
        kind: match kind {
            ImageUse::TrainNow => FactKind::TrainingRequested,
            ImageUse::NextRun => FactKind::ImageAdopted,
        },
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("image/{model}/{serial}"),
        at,
        reasons: vec![reason.to_owned()],
        details: named(details),
    }
}

/// When training uses a new image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageUse {
    TrainNow,
    NextRun,
}

/// Requests of `integrate` itself that the image under a tag is decided.
pub(crate) fn image_requested(model: &ModelName, tag: &ImageTag, digest: &ImageDigest, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::ImageRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("image/{model}/{tag}/{digest}"),
        at,
        reasons: vec![format!("{tag} points at {digest}")],
        details: named([("tag", tag.to_string()), ("digest", digest.to_string())]),
    }
}

fn named<const N: usize>(details: [(&str, String); N]) -> BTreeMap<String, String> {
    details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A Build Requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BuildRequested {
    Commit(CommitRequest),
    PullRequest(Proposal),
}

/// A request that the build of a branch's commit is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitRequest {
    pub(crate) commit: CommitId,
    /// The commit was observed as the head of this branch.
    pub(crate) branch: Option<BranchName>,
    /// The pull request whose merge made the commit.
    pub(crate) merged: Option<PullRequestId>,
    /// The execution that built the commit, and ended.
    pub(crate) execution: Option<PipelineBuildId>,
}

/// A commit that a pull request proposes for a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) pull_request: PullRequestId,
    pub(crate) branch: BranchName,
    pub(crate) commit: CommitId,
}

impl BuildRequested {
    /// `None` if a detail is malformed, or if the request names no commit, or neither branch nor execution.
    pub(crate) fn read(fact: &Fact) -> Option<Self> {
        let detail = |name: &str| fact.details.get(name).map(String::as_str);
        let commit = CommitId::parse(detail("commit")?).ok()?;
        let branch = detail("branch").map(BranchName::parse).transpose().ok()?;
        let execution = detail("execution").map(PipelineBuildId::parse).transpose().ok()?;
        let merged = detail("merged").map(PullRequestId::parse).transpose().ok()?;
        let pull_request = detail("pull-request").map(PullRequestId::parse).transpose().ok()?;
        match (pull_request, branch) {
            (Some(pull_request), Some(branch)) => Some(Self::PullRequest(Proposal { pull_request, branch, commit })),
            (Some(_), None) => None,
            (None, branch) if branch.is_some() || execution.is_some() => {
                Some(Self::Commit(CommitRequest { commit, branch, merged, execution }))
            }
            (None, _) => None,
        }
    }
}

/// An image under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaggedImage {
    pub(crate) tag: ImageTag,
    pub(crate) digest: ImageDigest,
}

impl TaggedImage {
    /// Reads an Image Requested; `None` if the tag or the digest is missing or malformed.
    pub(crate) fn read(fact: &Fact) -> Option<Self> {
        let tag = ImageTag::parse(fact.details.get("tag")?).ok()?;
        let digest = ImageDigest::parse(fact.details.get("digest")?).ok()?;
        Some(Self { tag, digest })
    }
}
