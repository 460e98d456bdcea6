//! The meaning of an event for `integrate`, read once: it selects the aggregate, the observation and the decision.

use std::fmt;

use trimtab_core::event::{Body, CodePipelineExecution, Event, Image, PullRequest, Reference, ReferenceKind};
use trimtab_core::fact::FactKind;
use trimtab_core::name::{CommitId, PullRequestId};

use crate::build::Completion;
use crate::builders::codebuild;
use crate::fact::{BuildRequested, CommitRequest, Proposal, TaggedImage};

/// An event, by its meaning for `integrate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// A branch or a tag was created or moved.
    Push(&'a Reference),
    BranchDeleted(&'a Reference),
    /// A pull request was opened, updated or closed.
    PullRequestChanged(&'a PullRequest),
    PullRequestMerged(&'a PullRequest),
    /// A build of a branch's commit changed its status.
    CommitBuild(Completion<'a>),
    /// A build of a pull request changed its status.
    PullRequestBuild(Completion<'a>, PullRequestId),
    Execution(&'a CodePipelineExecution),
    ImagePushed(&'a Image),
    /// `None` if the request is malformed.
    ImageRequested(Option<TaggedImage>),
    CommitRequested(CommitRequest),
    ProposalRequested(Proposal),
    MalformedRequest,
    Reconcile,
    /// The event neither starts a build nor ends one.
    Unrelated,
}

impl<'a> Incoming<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        if event.is_reconcile_request() {
            return Self::Reconcile;
        }
        match &event.body {
            Body::Reference(reference) if reference.kind == ReferenceKind::Deleted => Self::BranchDeleted(reference),
            Body::Reference(reference) => Self::Push(reference),
            Body::PullRequest(pull_request) if pull_request.merged => Self::PullRequestMerged(pull_request),
            Body::PullRequest(pull_request) => Self::PullRequestChanged(pull_request),
            Body::Build(build) => match codebuild::pull_request(&build.variables) {
                Some(pull_request) => Self::PullRequestBuild(codebuild::completion(build), pull_request),
                None => Self::CommitBuild(codebuild::completion(build)),
            },
            Body::CodePipelineExecution(execution) => Self::Execution(execution),
            Body::Image(image) => Self::ImagePushed(image),
            Body::Fact(fact) if fact.kind == FactKind::ImageRequested => Self::ImageRequested(TaggedImage::read(fact)),
            Body::Fact(fact) if fact.kind == FactKind::BuildRequested => match BuildRequested::read(fact) {
                Some(BuildRequested::Commit(request)) => Self::CommitRequested(request),
                Some(BuildRequested::PullRequest(proposal)) => Self::ProposalRequested(proposal),
                None => Self::MalformedRequest,
            },
            _ => Self::Unrelated,
        }
    }

    pub(crate) fn aggregate(&self) -> Aggregate {
        match self {
            Self::Push(push) => Aggregate::CommitBuild(push.commit.clone()),
            Self::CommitBuild(completion) => Aggregate::CommitBuild(completion.commit.cloned()),
            Self::CommitRequested(request) => Aggregate::CommitBuild(Some(request.commit.clone())),
            Self::PullRequestChanged(pull_request) => {
                Aggregate::PullRequestBuild(pull_request.id.clone(), pull_request.source_commit.clone())
            }
            Self::PullRequestBuild(completion, pull_request) => {
                Aggregate::PullRequestBuild(pull_request.clone(), completion.commit.cloned())
            }
            Self::ProposalRequested(proposal) => {
                Aggregate::PullRequestBuild(proposal.pull_request.clone(), Some(proposal.commit.clone()))
            }
            Self::PullRequestMerged(pull_request) => Aggregate::Merge(pull_request.id.clone()),
            Self::Execution(execution) => Aggregate::Execution(execution.execution.clone()),
            Self::ImagePushed(_) | Self::ImageRequested(_) => Aggregate::TrainingImage,
            Self::BranchDeleted(_) | Self::Reconcile => Aggregate::BranchSnapshot,
            Self::MalformedRequest | Self::Unrelated => Aggregate::CommitBuild(None),
        }
    }
}

/// An aggregate of one model. Its text is the name in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aggregate {
    CommitBuild(Option<CommitId>),
    PullRequestBuild(PullRequestId, Option<CommitId>),
    TrainingImage,
    BranchSnapshot,
    /// An execution of the pipeline that builds; it has history and no state.
    Execution(String),
    /// A merged pull request; it has history and no state.
    Merge(PullRequestId),
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |commit: &Option<CommitId>| commit.as_ref().map_or_else(|| "none".to_owned(), CommitId::to_string);
        match self {
            Self::CommitBuild(commit) => write!(f, "build#{}", name(commit)),
            Self::PullRequestBuild(pull_request, commit) => {
                write!(f, "build#pull-request-{pull_request}#{}", name(commit))
            }
            Self::TrainingImage => f.write_str("image"),
            Self::BranchSnapshot => f.write_str("branches"),
            Self::Execution(execution) => write!(f, "execution#{execution}"),
            Self::Merge(pull_request) => write!(f, "merge#{pull_request}"),
        }
    }
}
