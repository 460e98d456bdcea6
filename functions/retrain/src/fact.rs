//! The facts that `retrain` publishes and the requests that it reads. No other module builds or reads one.

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};
use trimtab_core::name::{CommitId, ModelName, RunId};
use trimtab_core::request::{self, MalformedRequest, Request, Retrain};
use trimtab_core::text::digest;

use crate::completion::RunOutcome;
use crate::rate_limits::Limit;
use crate::reason::Code;
use crate::state::{Incident, TrainingImage};
use crate::trigger::Trigger;

/// A request of another function or of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrainingRequest {
    /// Runs get this image from now on.
    AdoptImage(TrainingImage),
    /// Runs get this image from now on, and it gets a run.
    TrainImage(TrainingImage),
    /// A built commit gets a run.
    TrainCommit(CommitId),
    /// An operator gets a run.
    Operator { by: String, reason: Option<String>, id: String, over_budget: bool },
}

/// A request with missing or malformed details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub code: Code,
    pub text: String,
}

/// Whether the fact requests a reconcile.
pub(crate) fn requests_reconcile(fact: &Fact) -> bool {
    fact.kind == FactKind::ReconcileRequested
}

/// Reads a request; `None` if the fact is about something else.
pub(crate) fn read(fact: &Fact) -> Result<Option<TrainingRequest>, Malformed> {
    let request = match fact.kind {
        FactKind::ImageAdopted => {
            let image = request::TrainingImage::read(&fact.details);
            let missing = MalformedRequest::Missing("details.image, an image in ECR by its digest, and details.serial");
            TrainingRequest::AdoptImage(image.ok_or_else(|| malformed(fact, missing))?.into())
        }
        FactKind::TrainingRequested => training_request(fact)?,
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn training_request(fact: &Fact) -> Result<TrainingRequest, Malformed> {
    match Request::from_fact(fact).map_err(|error| malformed(fact, error))? {
        Request::TrainImage(image) => Ok(TrainingRequest::TrainImage(image.into())),
        Request::Retrain(Retrain { by, reason, id, over_budget }) => {
            let id = id.unwrap_or_else(|| fact.dedup_key());
            Ok(TrainingRequest::Operator { by, reason, id, over_budget })
        }
        Request::TrainCommit { commit, .. } => Ok(TrainingRequest::TrainCommit(commit)),
        _ => Err(malformed(fact, MalformedRequest::Missing("a request for a training run"))),
    }
}

fn malformed(fact: &Fact, error: MalformedRequest) -> Malformed {
    let code = if fact.details.text("image").is_some() { Code::NoImage } else { Code::NoCommit };
    Malformed { code, text: error.to_string() }
}

impl From<request::TrainingImage> for TrainingImage {
    fn from(image: request::TrainingImage) -> Self {
        Self { uri: image.image, serial: image.serial }
    }
}

/// Training Started.
pub(crate) fn started(incident: &Incident, run: &RunId, at: Timestamp) -> Fact {
    of_incident(FactKind::TrainingStarted, incident, Some(run), at, vec![incident.trigger.reason.clone()])
}

/// Training Succeeded or Training Failed.
pub(crate) fn ended(incident: &Incident, run: &RunId, outcome: RunOutcome, at: Timestamp, reason: &str) -> Fact {
    let kind = match outcome {
        RunOutcome::Succeeded => FactKind::TrainingSucceeded,
        RunOutcome::Failed => FactKind::TrainingFailed,
    };
    of_incident(kind, incident, Some(run), at, vec![reason.to_owned()])
}

/// Training Failed, because the engine refused to start the run. The refusal is a subject of its own: after a redrive the
/// run may fail too, which needs a message of its own.
pub(crate) fn start_refused(incident: &Incident, at: Timestamp, reason: &str) -> Fact {
    let fact = of_incident(FactKind::TrainingFailed, incident, None, at, vec![reason.to_owned()]);
    Fact { subject: FactSubject::TrainingStartRefused { incident: Token::of(&incident.id) }, ..fact }
}

/// Training Trigger Merged: a trigger arrived during the run of this incident. Each trigger is a subject of its own.
pub(crate) fn merged(incident: &Incident, trigger: &Trigger, at: Timestamp, reason: &str) -> Fact {
    let reasons = vec![trigger.reason.clone(), reason.to_owned()];
    let fact = of_incident(FactKind::TrainingTriggerMerged, incident, incident.run.as_ref(), at, reasons);
    let trigger = Token::of(&digest(&[&trigger.subject.to_string()], 8));
    Fact { subject: FactSubject::MergedTrigger { incident: Token::of(&incident.id), trigger }, ..fact }
}

/// Deadline Exceeded, with a subject of its own.
pub(crate) fn deadline_exceeded(incident: &Incident, at: Timestamp, reason: &str) -> Fact {
    let run = incident.run.as_ref();
    let fact = of_incident(FactKind::DeadlineExceeded, incident, run, at, vec![reason.to_owned()]);
    Fact { subject: FactSubject::Deadline(Box::new(fact.subject.clone())), ..fact }
}

/// Training Skipped, or Circuit Opened for the circuit breaker. The subject stays the same for as long as the same
/// limit applies: an alarm that fires all night leads to one message.
pub(crate) fn limited(model: &ModelName, limit: &Limit, trigger: &Trigger, at: Timestamp) -> Fact {
    let kind = match limit {
        Limit::CircuitOpen { .. } => FactKind::CircuitOpened,
        Limit::CoolDown { .. } | Limit::Budget { .. } => FactKind::TrainingSkipped,
    };
    let code = Token::of(limit.code().as_str());
    let since = limit.since().map(|since| since.to_string()).unwrap_or_default();
    let since = Token::of(&digest(&[&since], 16));
    let subject = FactSubject::Limit { model: model.clone(), limit: code.clone(), since };
    Fact::new(kind, subject, at)
        .of_model(model)
        .because(trigger.reason.clone())
        .because(limit.to_string())
        .with(Details::default().with_limit(code))
}

fn of_incident(kind: FactKind, incident: &Incident, run: Option<&RunId>, at: Timestamp, reasons: Vec<String>) -> Fact {
    let Incident { id, model, trigger, .. } = incident;
    let engine = &incident.request.engine;
    let features = (!trigger.features.is_empty()).then(|| trigger.feature_list());
    let details = Details::default()
        .with_incident(Token::of(id))
        .with_trigger(Token::of(trigger.kind().as_str()))
        .with_text(engine.kind(), Some(engine.name()))
        .with_run(run.cloned())
        .with_commit(trigger.commit().cloned())
        .with_features(features);
    let subject = FactSubject::Incident { incident: Token::of(id) };
    Fact { reasons, details, ..Fact::new(kind, subject, at).of_model(model) }
}
