//! Reads a request from the fact that carries it.

use super::{
    Build, ID, MalformedRequest, NAME, Promote, Promoter, REASON, Request, Retrain, RollBack, StageReconcile,
    TrainingImage,
};
use crate::event::{Body, Event};
use crate::fact::{Details, Fact, FactKind, FactSubject};
use crate::text::one_line;

/// Details that a request leaves out if they have their default.
const DEFAULTS: [&str; 2] = ["over_budget", "reason"];

impl Request {
    /// Reads the request that a fact carries.
    ///
    /// # Errors
    /// The fact is no request, or lacks what its request needs.
    pub fn from_fact(fact: &Fact) -> Result<Self, MalformedRequest> {
        let request = Self::read(fact)?;
        // Each request has a closed set of details: those that it is written with.
        let Some(model) = &fact.model else { return Ok(request) };
        let written = request.clone().into_fact(model, "", fact.at).details;
        let is_known = |name: &str| written.text(name).is_some() || DEFAULTS.contains(&name);
        if fact.details.iter().any(|(name, _)| !is_known(name)) {
            return Err(MalformedRequest::Unknown);
        }
        Ok(request)
    }

    /// The problem of a request of this kind; `None` if the event is a well-formed one, or something else.
    #[must_use]
    pub fn problem(event: &Event, kind: FactKind) -> Option<MalformedRequest> {
        match &event.body {
            Body::Fact(fact) if fact.kind == kind => Self::from_fact(fact).err(),
            _ => None,
        }
    }

    fn read(fact: &Fact) -> Result<Self, MalformedRequest> {
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
                match &fact.subject {
                    FactSubject::Withdrawal { stage: of, version, attempt, .. }
                        if *of == stage && *version == package.version() =>
                    {
                        Ok(Self::Withdraw { stage, package, attempt: *attempt })
                    }
                    _ => Err(MalformedRequest::Mismatch),
                }
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
            id: Some(one_line(&id, ID)),
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
    let version = package.version();
    let attempt = match &fact.subject {
        FactSubject::Promotion { stage: of, version: subject, request, .. } if *of == stage && *subject == version => {
            request.as_str().parse().map_err(|_| MalformedRequest::Mismatch)?
        }
        _ => return Err(MalformedRequest::Mismatch),
    };
    Ok(Request::Promote(Promote { stage, version, by: Promoter::PreviousStage { package, attempt } }))
}
