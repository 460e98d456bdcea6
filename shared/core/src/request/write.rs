//! Writes a request into the fact that carries it.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{Build, ID, NAME, Promote, Promoter, REASON, Request, Retrain, StageReconcile};
use crate::fact::{Details, Fact, FactKind, FactSubject, Token};
use crate::name::{ModelName, StageName};
use crate::text::{digest, one_line};

type Parts = (FactKind, FactSubject, Details);

impl Request {
    /// The fact that carries the request. `reason` is a sentence for operators.
    #[must_use]
    pub fn into_fact(self, model: &ModelName, reason: impl Into<String>, at: Timestamp) -> Fact {
        let (kind, subject, details) = self.parts(model.clone(), at);
        Fact::new(kind, subject, at).of_model(model).because(reason).with(details)
    }

    fn parts(self, model: ModelName, at: Timestamp) -> Parts {
        let details = Details::default();
        match self {
            Self::Build(request) => build(request, model),
            Self::Image { tag, digest } => {
                let subject = FactSubject::ImagePush { model, tag: tag.clone(), digest: digest.clone() };
                (FactKind::ImageRequested, subject, details.with_tag(tag).with_digest(digest))
            }
            Self::TrainCommit { commit, build } => {
                let subject = FactSubject::Build { model, commit: commit.clone() };
                (FactKind::TrainingRequested, subject, details.with_commit(commit).with_build(build))
            }
            Self::TrainImage(image) => {
                let subject = FactSubject::Image { model, serial: image.serial };
                (FactKind::TrainingRequested, subject, image.details())
            }
            Self::Retrain(request) => retrain(request, model, at),
            Self::Evaluate { package } => {
                let version = package.version();
                let subject = FactSubject::EvaluationRequest { model, version, at };
                (FactKind::EvaluationRequested, subject, details.with_package(package).with_version(version))
            }
            Self::Promote(request) => promote(request, model, at),
            Self::Withdraw { stage, package, attempt } => {
                let version = package.version();
                let details = details.with_stage(stage.clone()).with_version(version).with_package(package);
                (FactKind::WithdrawalRequested, FactSubject::Withdrawal { model, stage, version, attempt }, details)
            }
            Self::RollBack(request) => {
                let by = one_line(&request.by, NAME);
                let details = details.with_stage(request.stage).with_version(request.version).with_by(by);
                (FactKind::RollbackRequested, FactSubject::Rollback { model, at }, details)
            }
            Self::Monitor { kind, package } => {
                let subject = FactSubject::MonitoringRequest { model, kind, at };
                (FactKind::MonitoringRequested, subject, details.with_kind(kind).with_package(package))
            }
            Self::Reconcile => (FactKind::ReconcileRequested, FactSubject::Reconcile { model, at }, details),
            Self::ReconcileStage { stage, cause } => reconcile_stage(stage, &cause, model),
        }
    }
}

fn build(request: Build, model: ModelName) -> Parts {
    let origin = match (&request.pull_request, &request.merged, &request.execution, &request.branch) {
        (Some(id), ..) => format!("pull-request:{id}"),
        (_, Some(id), ..) => format!("merge:{id}"),
        (_, _, Some(id), _) => format!("execution:{id}"),
        (.., branch) => format!("branch:{}", branch.as_ref().map_or("", |branch| branch.as_str())),
    };
    let subject = FactSubject::BuildRequest { model, commit: request.commit.clone(), origin: Token::of(&origin) };
    let details = Details::default()
        .with_commit(request.commit)
        .with_branch(request.branch)
        .with_execution(request.execution)
        .with_pull_request(request.pull_request)
        .with_merged(request.merged);
    (FactKind::BuildRequested, subject, details)
}

fn retrain(request: Retrain, model: ModelName, at: Timestamp) -> Parts {
    let minute = TimestampRound::new().smallest(Unit::Minute).mode(RoundMode::Trunc);
    let id = request.id.unwrap_or_else(|| at.round(minute).unwrap_or(at).to_string());
    let id = one_line(&id, ID);
    let subject = FactSubject::TrainingRequest { model, request: Token::of(&digest(&[&id], 16)) };
    let details = Details::default()
        .with_by(one_line(&request.by, NAME))
        .with_reason(request.reason.map(|reason| one_line(&reason, REASON)))
        .with_request(id)
        .with_over_budget(request.over_budget.then_some(true));
    (FactKind::TrainingRequested, subject, details)
}

fn promote(request: Promote, model: ModelName, at: Timestamp) -> Parts {
    let Promote { stage, version, by } = request;
    let details = Details::default().with_stage(stage.clone()).with_version(version);
    let (request, details) = match by {
        Promoter::PreviousStage { package, attempt } => (attempt.to_string(), details.with_package(package)),
        Promoter::Operator(by) => (at.to_string(), details.with_by(one_line(&by, NAME))),
    };
    let request = Token::of(&request);
    (FactKind::PromotionRequested, FactSubject::Promotion { model, stage, version, request }, details)
}

fn reconcile_stage(stage: StageName, cause: &StageReconcile, model: ModelName) -> Parts {
    let details = Details::default().with_stage(stage.clone());
    let subject = match *cause {
        StageReconcile::OfModel(at) => FactSubject::StageReconcile { model, stage, at },
        StageReconcile::OfRollout { version, since } => FactSubject::RolloutReconcile { model, stage, version, since },
    };
    (FactKind::StageReconcileRequested, subject, details)
}
