//! The facts of `integrate`: every constructor and every reader.
//!
//! The subject of a build's facts is the commit, not the build: a build that an earlier attempt started twice leads
//! to one message.

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};
use trimtab_core::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ModelName, PipelineBuildId, PullRequestId, RepositoryName,
};
use trimtab_core::request::{self, Build, Request};
use trimtab_core::text::digest;

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
        let subject = FactSubject::build(self.model, self.commit);
        let build = self.build.map(|build| build.short().to_owned());
        let details = Details::default().with_commit(self.commit.clone()).with_build(build);
        let fact = Fact::new(kind, subject, self.at).because(reason).with(details);
        Fact { model: self.model.cloned(), ..fact }
    }

    pub(crate) fn started(self, branch: &BranchName) -> Fact {
        let fact = self.fact(FactKind::BuildStarted, &format!("commit {} is being built", self.commit));
        let details = fact.details.clone().with_branch(branch.clone());
        fact.with(details)
    }

    pub(crate) fn failed(self, reason: &str, logs: Option<&str>) -> Fact {
        let fact = self.fact(FactKind::BuildFailed, reason);
        let details = fact.details.clone().with_logs(logs.map(str::to_owned));
        fact.with(details)
    }

    /// A refused start is a subject of its own: after a redrive the build may fail too, which needs a message of its own.
    pub(crate) fn start_refused(self, reason: &str) -> Fact {
        let fact = self.fact(FactKind::BuildFailed, reason);
        let Some(model) = self.model.cloned() else { return fact };
        Fact { subject: FactSubject::BuildStartRefused { model, commit: self.commit.clone() }, ..fact }
    }

    /// The build succeeded, and its definition of the training pipeline was refused.
    pub(crate) fn definition_refused(self, model: &ModelName, reason: &str) -> Fact {
        let (model, commit) = (model.clone(), self.commit.clone());
        Fact { subject: FactSubject::DefinitionRefused { model, commit }, ..self.fact(FactKind::BuildFailed, reason) }
    }

    pub(crate) fn deadline_exceeded(self, reason: &str) -> Fact {
        let fact = self.fact(FactKind::DeadlineExceeded, reason);
        // The build's own facts are about the build: the message about the deadline must not replace theirs.
        Fact { subject: FactSubject::Deadline(Box::new(fact.subject.clone())), ..fact }
    }

    pub(crate) fn training_requested(self) -> Fact {
        self.fact(FactKind::TrainingRequested, &format!("the build of {} succeeded", self.commit))
    }
}

/// Requests of `integrate` itself that a commit's build is decided.
pub(crate) fn build_requested(
    model: &ModelName,
    commit: &CommitId,
    origin: CommitOrigin<'_>,
    reason: &str,
    at: Timestamp,
) -> Fact {
    let build = Build { commit: commit.clone(), branch: None, execution: None, pull_request: None, merged: None };
    let build = match origin {
        CommitOrigin::Branch(branch) => Build { branch: Some(branch.clone()), ..build },
        CommitOrigin::Execution(execution) => Build { execution: Some(execution.clone()), ..build },
        CommitOrigin::Merge { branch, pull_request } => {
            Build { branch: Some(branch.clone()), merged: Some(pull_request.clone()), ..build }
        }
        CommitOrigin::PullRequest { branch, pull_request } => {
            Build { branch: Some(branch.clone()), pull_request: Some(pull_request.clone()), ..build }
        }
    };
    Request::Build(build).into_fact(model, reason, at)
}

/// The origin of the commit that is requested.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CommitOrigin<'a> {
    Branch(&'a BranchName),
    /// The execution that built the commit.
    Execution(&'a PipelineBuildId),
    Merge {
        branch: &'a BranchName,
        pull_request: &'a PullRequestId,
    },
    PullRequest {
        branch: &'a BranchName,
        pull_request: &'a PullRequestId,
    },
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
        let details = Details::default()
            .with_branch(self.branch.clone())
            .with_repository(self.repository.clone())
            .with_commit(self.commit.cloned());
        let deletion = Token::of(&digest(&[self.branch.as_str(), &mark], 16));
        Fact::new(FactKind::BranchDeleted, FactSubject::BranchDeletion { model: self.model.clone(), deletion }, self.at)
            .of_model(self.model)
            .because(reason)
            .with(details)
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
    let image = request::TrainingImage { image: uri.clone(), tag: Some(tag.clone()), serial: *serial };
    let fact = Request::TrainImage(image).into_fact(model, reason, at);
    match kind {
        ImageUse::TrainNow => fact,
        ImageUse::NextRun => Fact { kind: FactKind::ImageAdopted, ..fact },
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
    let reason = format!("{tag} points at {digest}");
    Request::Image { tag: tag.clone(), digest: digest.clone() }.into_fact(model, reason, at)
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
    /// `None` if the request is malformed.
    pub(crate) fn read(fact: &Fact) -> Option<Self> {
        let Ok(Request::Build(build)) = Request::from_fact(fact) else { return None };
        let Build { commit, branch, execution, pull_request, merged } = build;
        match (pull_request, branch) {
            (Some(pull_request), Some(branch)) => Some(Self::PullRequest(Proposal { pull_request, branch, commit })),
            (_, branch) => Some(Self::Commit(CommitRequest { commit, branch, merged, execution })),
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
        match Request::from_fact(fact) {
            Ok(Request::Image { tag, digest }) => Some(Self { tag, digest }),
            _ => None,
        }
    }
}
