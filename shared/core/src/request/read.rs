//! Reads a request from the fact that carries it.

use super::{
    Build, MalformedRequest, NAME, Promote, Promoter, REASON, Request, Retrain, RollBack, StageReconcile, TrainingImage,
};
use crate::fact::{Details, Fact, FactKind, FactSubject};
use crate::text::one_line;

impl Request {
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
