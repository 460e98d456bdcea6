//! Requests: the facts with which an operator or a function makes another function act. Each is defined here, once: the
//! sender builds it with [`Request::into_fact`], the receiver reads it with [`Request::from_fact`].

mod read;
mod write;

use jiff::Timestamp;

use crate::event::DriftKind;
use crate::fact::Details;
use crate::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ImageUri, PackageArn, PipelineBuildId, PullRequestId, StageName,
};

/// The longest name of an operator, in characters.
const NAME: usize = 80;

/// The longest idempotency key of an operator's request, in characters.
pub const ID: usize = 80;

/// The longest reason of an operator, in characters.
const REASON: usize = 200;

/// A request about one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `integrate` builds the head of a branch, handles the missed end of a build, or reports a missed merge.
    Build(Build),
    /// `integrate` handles the missed push of an image.
    Image {
        /// The tag.
        tag: ImageTag,
        /// The digest that the tag points to.
        digest: ImageDigest,
    },
    /// `retrain` starts a training run for a built commit.
    TrainCommit {
        /// The commit.
        commit: CommitId,
        /// The build, as CodeBuild or CodePipeline names it.
        build: Option<String>,
    },
    /// `retrain` uses an image in all runs from now on, and starts a run.
    TrainImage(TrainingImage),
    /// `retrain` starts a training run for an operator.
    Retrain(Retrain),
    /// `evaluate` evaluates a version.
    Evaluate {
        /// The version.
        package: PackageArn,
    },
    /// `deploy` lets a version into a stage.
    Promote(Promote),
    /// `deploy` takes a rejected version out of a stage.
    Withdraw {
        /// The stage.
        stage: StageName,
        /// The version.
        package: PackageArn,
        /// The version's attempt in the first stage.
        attempt: u32,
    },
    /// `deploy` rolls a stage back.
    RollBack(RollBack),
    /// `monitor` compares the monitoring of one kind of drift with the policy.
    Monitor {
        /// The kind of drift.
        kind: DriftKind,
        /// The version that the endpoint serves, if it is one of the Model Registry.
        package: Option<PackageArn>,
    },
    /// Every function reconciles the model.
    Reconcile,
    /// `deploy` reconciles a stage.
    ReconcileStage {
        /// The stage.
        stage: StageName,
        /// The origin of the request.
        cause: StageReconcile,
    },
}

/// The origin of a [`Request::ReconcileStage`], which is its identity: a repeated decision leads to the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageReconcile {
    /// The model is reconciled, by the request of this time.
    OfModel(Timestamp),
    /// A rollout for whose progress AWS sends no event.
    OfRollout {
        /// The version.
        version: u32,
        /// The rollout's start.
        since: Timestamp,
    },
}

/// [`Request::Build`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The commit.
    pub commit: CommitId,
    /// The branch that it is the head of.
    pub branch: Option<BranchName>,
    /// The CodePipeline execution that built it and has ended.
    pub execution: Option<PipelineBuildId>,
    /// The pull request that proposes it.
    pub pull_request: Option<PullRequestId>,
    /// The pull request whose merge made it.
    pub merged: Option<PullRequestId>,
}

/// The image that training runs use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingImage {
    /// The image, by its digest.
    pub image: ImageUri,
    /// Its tag.
    pub tag: Option<ImageTag>,
    /// Its serial number: a higher one replaces a lower one.
    pub serial: u32,
}

/// [`Request::Retrain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrain {
    /// The operator.
    pub by: String,
    /// The reason that the operator gave.
    pub reason: Option<String>,
    /// The idempotency key: requests with one key start one run. The current minute if absent.
    pub id: Option<String>,
    /// Whether the run starts although the budget is spent.
    pub over_budget: bool,
}

/// [`Request::Promote`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promote {
    /// The stage that the version enters.
    pub stage: StageName,
    /// The version.
    pub version: u32,
    /// Who requests it.
    pub by: Promoter,
}

/// Who promotes a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promoter {
    /// The stage before, in which the version is live.
    PreviousStage {
        /// The version.
        package: PackageArn,
        /// Its attempt in that stage.
        attempt: u32,
    },
    /// An operator.
    Operator(String),
}

/// [`Request::RollBack`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollBack {
    /// The stage; the last one if absent.
    pub stage: Option<StageName>,
    /// The version to return to; the previous one if absent.
    pub version: Option<u32>,
    /// The operator.
    pub by: String,
}

/// A fact that is no request, or whose details are not the ones of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRequest {
    /// A detail is missing.
    #[error("expected {0}")]
    Missing(&'static str),
    /// A detail of this name is unknown to the request. A misspelled `version` must not roll back to the previous version.
    #[error("a detail is unknown to this request, or empty")]
    Unknown,
    /// The subject is of another stage or version than the details.
    #[error("the dedup key does not match the details")]
    Mismatch,
    /// A detail of this name is present, and not of its type. It does not count as absent: a rollback to an unreadable
    /// version must not become a rollback to the previous version.
    #[error("details.{0} is malformed")]
    Malformed(&'static str),
}

impl TrainingImage {
    /// The details of facts about the image.
    #[must_use]
    pub fn details(self) -> Details {
        let digest = ImageDigest::parse(self.image.digest()).ok();
        Details::default().with_image(self.image).with_digest(digest).with_tag(self.tag).with_serial(self.serial)
    }

    /// Reads the image that the details name.
    #[must_use]
    pub fn read(details: &Details) -> Option<Self> {
        Some(Self { image: details.image()?, tag: details.tag(), serial: details.serial()? })
    }
}

#[cfg(test)]
mod tests;
