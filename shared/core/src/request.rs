//! Requests: the facts with which an operator or a function makes another function act. Each is defined here, once: the
//! sender builds it with [`Request::into_fact`], the receiver reads it with [`Request::from_fact`].

use jiff::{Timestamp, Unit};

use crate::event::DriftKind;
use crate::fact::{Details, Fact, FactKind, FactSubject, Token};
use crate::name::{
    BranchName, CommitId, ImageDigest, ImageTag, ImageUri, ModelName, PackageArn, PipelineBuildId, PullRequestId,
    StageName,
};
use crate::text::{digest, one_line};

/// The longest name of an operator, in characters.
const NAME: usize = 80;

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
    /// A detail of this name is present, and not of its type. It does not count as absent: a rollback to an unreadable
    /// version must not become a rollback to the previous version.
    #[error("details.{0} is malformed")]
    Malformed(&'static str),
}

impl Request {
    /// The fact that carries the request. `reason` is a sentence for operators.
    #[must_use]
    pub fn into_fact(self, model: &ModelName, reason: impl Into<String>, at: Timestamp) -> Fact {
        let details = Details::default();
        let m = || model.clone();
        let (kind, subject, details) = match self {
            Self::Build(Build { commit, branch, execution, pull_request, merged }) => (
                FactKind::BuildRequested,
                FactSubject::Build { model: m(), commit: commit.clone() },
                details
                    .with_commit(commit)
                    .with_branch(branch)
                    .with_execution(execution)
                    .with_pull_request(pull_request)
                    .with_merged(merged),
            ),
            Self::Image { tag, digest } => (
                FactKind::ImageRequested,
                FactSubject::ImagePush { model: m(), tag: tag.clone(), digest: digest.clone() },
                details.with_tag(tag).with_digest(digest),
            ),
            Self::TrainCommit { commit, build } => (
                FactKind::TrainingRequested,
                FactSubject::Build { model: m(), commit: commit.clone() },
                details.with_commit(commit).with_build(build),
            ),
            Self::TrainImage(image) => {
                (FactKind::TrainingRequested, FactSubject::Image { model: m(), serial: image.serial }, image.details())
            }
            Self::Retrain(Retrain { by, reason, id, over_budget }) => {
                let id = id.unwrap_or_else(|| at.round(Unit::Minute).unwrap_or(at).to_string());
                let id = one_line(&id, NAME);
                (
                    FactKind::TrainingRequested,
                    FactSubject::TrainingRequest { model: m(), request: Token::of(&digest(&[&id], 16)) },
                    details
                        .with_by(one_line(&by, NAME))
                        .with_reason(reason.map(|reason| one_line(&reason, REASON)))
                        .with_request(id)
                        .with_over_budget(over_budget.then_some(true)),
                )
            }
            Self::Evaluate { package } => (
                FactKind::EvaluationRequested,
                FactSubject::EvaluationRequest { model: m(), version: package.version(), at },
                details.with_package(package),
            ),
            Self::Promote(Promote { stage, version, by }) => {
                let details = details.with_stage(stage.clone()).with_version(version);
                let (request, details) = match by {
                    Promoter::PreviousStage { package, attempt } => {
                        (attempt.to_string(), details.with_package(package))
                    }
                    Promoter::Operator(by) => (at.to_string(), details.with_by(one_line(&by, NAME))),
                };
                let request = Token::of(&request);
                (FactKind::PromotionRequested, FactSubject::Promotion { model: m(), stage, version, request }, details)
            }
            Self::Withdraw { stage, package, attempt } => {
                let version = package.version();
                let details = details.with_stage(stage.clone()).with_version(version).with_package(package);
                (
                    FactKind::WithdrawalRequested,
                    FactSubject::Withdrawal { model: m(), stage, version, attempt },
                    details,
                )
            }
            Self::RollBack(RollBack { stage, version, by }) => (
                FactKind::RollbackRequested,
                FactSubject::Rollback { model: m(), at },
                details.with_stage(stage).with_version(version).with_by(one_line(&by, NAME)),
            ),
            Self::Monitor { kind, package } => (
                FactKind::MonitoringRequested,
                FactSubject::MonitoringRequest { model: m(), kind, at },
                details.with_kind(kind).with_package(package),
            ),
            Self::Reconcile => (FactKind::ReconcileRequested, FactSubject::Reconcile { model: m(), at }, details),
            Self::ReconcileStage { stage, cause } => {
                let details = details.with_stage(stage.clone());
                let subject = match cause {
                    StageReconcile::OfModel(at) => FactSubject::StageReconcile { model: m(), stage, at },
                    StageReconcile::OfRollout { version, since } => {
                        FactSubject::RolloutReconcile { model: m(), stage, version, since }
                    }
                };
                (FactKind::StageReconcileRequested, subject, details)
            }
        };
        Fact::new(kind, subject, at).of_model(model).because(reason).with(details)
    }

    /// Reads the request that a fact carries.
    ///
    /// # Errors
    /// The fact is no request, or lacks what its request needs.
    pub fn from_fact(fact: &Fact) -> Result<Self, MalformedRequest> {
        let details = &fact.details;
        if let Some(name) = details.malformed() {
            return Err(MalformedRequest::Malformed(name));
        }
        match fact.kind {
            FactKind::BuildRequested => build(details),
            FactKind::ImageRequested => {
                let both = details.tag().zip(details.digest());
                let (tag, digest) = both.ok_or(MalformedRequest::Missing("details.tag and details.digest"))?;
                Ok(Self::Image { tag, digest })
            }
            FactKind::TrainingRequested => training(fact),
            FactKind::EvaluationRequested => {
                Ok(Self::Evaluate { package: details.package().ok_or(MalformedRequest::Missing("details.package"))? })
            }
            FactKind::PromotionRequested => promotion(fact),
            FactKind::WithdrawalRequested => {
                let both = details.stage().zip(details.package());
                let (stage, package) = both.ok_or(MalformedRequest::Missing("details.stage and details.package"))?;
                let FactSubject::Withdrawal { attempt, .. } = fact.subject else {
                    return Err(MalformedRequest::Missing("a withdrawal as its subject"));
                };
                Ok(Self::Withdraw { stage, package, attempt })
            }
            FactKind::RollbackRequested => {
                let by = not_empty(details.by()).ok_or(MalformedRequest::Missing("details.by, the operator"))?;
                Ok(Self::RollBack(RollBack { stage: details.stage(), version: details.version(), by }))
            }
            FactKind::MonitoringRequested => {
                let kind = details.kind().ok_or(MalformedRequest::Missing("details.kind, a kind of drift"))?;
                Ok(Self::Monitor { kind, package: details.package() })
            }
            FactKind::ReconcileRequested => Ok(Self::Reconcile),
            FactKind::StageReconcileRequested => {
                let stage = details.stage().ok_or(MalformedRequest::Missing("details.stage"))?;
                let cause = match &fact.subject {
                    FactSubject::RolloutReconcile { version, since, .. } => {
                        StageReconcile::OfRollout { version: *version, since: *since }
                    }
                    FactSubject::StageReconcile { at, .. } => StageReconcile::OfModel(*at),
                    _ => StageReconcile::OfModel(fact.at),
                };
                Ok(Self::ReconcileStage { stage, cause })
            }
            _ => Err(MalformedRequest::Missing("a kind of fact that is a request")),
        }
    }
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

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn build(details: &Details) -> Result<Request, MalformedRequest> {
    let (branch, execution) = (details.branch(), details.execution());
    if branch.is_none() && execution.is_none() {
        return Err(MalformedRequest::Missing("details.branch, or details.execution"));
    }
    let commit = details.commit().ok_or(MalformedRequest::Missing("details.commit, 40 hexadecimal digits"))?;
    let (pull_request, merged) = (details.pull_request(), details.merged());
    if pull_request.is_some() && branch.is_none() {
        return Err(MalformedRequest::Missing("details.branch, into which the pull request is to be merged"));
    }
    Ok(Request::Build(Build { commit, branch, execution, pull_request, merged }))
}

fn training(fact: &Fact) -> Result<Request, MalformedRequest> {
    let details = &fact.details;
    if details.text("image").is_some() {
        let image = TrainingImage::read(details);
        return image
            .map(Request::TrainImage)
            .ok_or(MalformedRequest::Missing("details.image by its digest, and details.serial"));
    }
    if let Some(by) = not_empty(details.by()) {
        let reason = not_empty(details.reason()).map(|reason| one_line(&reason, REASON));
        let id = not_empty(details.request()).unwrap_or_else(|| fact.dedup_key());
        return Ok(Request::Retrain(Retrain {
            by: one_line(&by, NAME),
            reason,
            id: Some(one_line(&id, NAME)),
            over_budget: details.over_budget().unwrap_or(false),
        }));
    }
    match details.commit() {
        Some(commit) => Ok(Request::TrainCommit { commit, build: details.build() }),
        None => Err(MalformedRequest::Missing("details.by (an operator), details.image, or details.commit")),
    }
}

fn promotion(fact: &Fact) -> Result<Request, MalformedRequest> {
    let details = &fact.details;
    let stage = details.stage().ok_or(MalformedRequest::Missing("details.stage"))?;
    if let Some(by) = not_empty(details.by()) {
        let version = details.version().ok_or(MalformedRequest::Missing("details.version"))?;
        return Ok(Request::Promote(Promote { stage, version, by: Promoter::Operator(one_line(&by, NAME)) }));
    }
    let package = details.package().ok_or(MalformedRequest::Missing("details.by (an operator), or details.package"))?;
    let FactSubject::Promotion { request, .. } = &fact.subject else {
        return Err(MalformedRequest::Missing("a promotion as its subject"));
    };
    let attempt = request.as_str().parse().map_err(|_| MalformedRequest::Missing("an attempt in its subject"))?;
    let version = package.version();
    Ok(Request::Promote(Promote { stage, version, by: Promoter::PreviousStage { package, attempt } }))
}

#[cfg(test)]
mod tests;
