//! The facts that `retrain` publishes and the facts that it reads. No other module builds or reads one.

use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{CommitId, ImageUri, ModelName, RunId};
use trimtab_core::text::{digest, one_line};

use crate::completion::RunOutcome;
use crate::rate_limits::Limit;
use crate::reason::Code;
use crate::state::{Incident, TrainingImage};
use crate::trigger::Trigger;

/// Longest name of an operator or request, and longest reason, in characters.
const MAX_NAME: usize = 80;
const MAX_REASON: usize = 200;

/// An operator's request for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRequest {
    /// The model.
    pub model: ModelName,
    /// The operator.
    pub by: String,
    /// The operator's reason.
    pub reason: String,
    /// The identity of the request: one id gets one run. The current minute if absent.
    pub id: Option<String>,
    /// Whether the run may exceed the budget.
    pub over_budget: bool,
}

impl OperatorRequest {
    /// The fact that requests the run.
    #[must_use]
    pub fn to_fact(&self, now: Timestamp) -> Fact {
        let id = match &self.id {
            Some(id) => one_line(id, MAX_NAME),
            None => now.round(Unit::Minute).unwrap_or(now).to_string(),
        };
        let by = one_line(&self.by, MAX_NAME);
        let reason = one_line(&self.reason, MAX_REASON);
        let mut details = BTreeMap::from([
            ("by".to_owned(), by.clone()),
            ("reason".to_owned(), reason.clone()),
            ("request".to_owned(), id.clone()),
        ]);
        if self.over_budget {
            details.insert("over_budget".to_owned(), "true".to_owned());
        }
        Fact {
            kind: FactKind::TrainingRequested,
            version: fact::VERSION,
            model: Some(self.model.clone()),
            dedup_key: format!("request/{}/{}", self.model, digest(&[&id], 16)),
            at: now,
            reasons: vec![format!("requested by {by}: {reason}")],
            details,
        }
    }
}

/// A request of another function or of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedRequest {
    pub code: Code,
    pub expected: &'static str,
}

/// Whether the fact requests a reconcile.
pub(crate) fn requests_reconcile(fact: &Fact) -> bool {
    fact.kind == FactKind::ReconcileRequested
}

/// Reads a request; `None` if the fact is about something else.
pub(crate) fn read(fact: &Fact) -> Result<Option<Request>, MalformedRequest> {
    let request = match fact.kind {
        FactKind::ImageAdopted => Request::AdoptImage(image(fact)?),
        FactKind::TrainingRequested => training_request(fact)?,
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn training_request(fact: &Fact) -> Result<Request, MalformedRequest> {
    if fact.details.contains_key("image") {
        return image(fact).map(Request::TrainImage);
    }
    let text = |name: &str| fact.details.get(name).filter(|text| !text.is_empty());
    if let Some(by) = text("by") {
        return Ok(Request::Operator {
            by: one_line(by, MAX_NAME),
            reason: text("reason").map(|reason| one_line(reason, MAX_REASON)),
            id: one_line(text("request").unwrap_or(&fact.dedup_key), MAX_NAME),
            over_budget: text("over_budget").is_some_and(|word| word == "true"),
        });
    }
    let commit = fact.details.get("commit").and_then(|text| CommitId::parse(text).ok());
    commit.map(Request::TrainCommit).ok_or(MalformedRequest {
        code: Code::NoCommit,
        expected: "expected details.by, the operator, or details.commit, a full commit id of 40 hexadecimal digits",
    })
}

fn image(fact: &Fact) -> Result<TrainingImage, MalformedRequest> {
    let uri = fact.details.get("image").and_then(|text| ImageUri::parse(text).ok());
    let serial = fact.details.get("serial").and_then(|text| text.parse().ok());
    uri.zip(serial).map(|(uri, serial)| TrainingImage { uri, serial }).ok_or(MalformedRequest {
        code: Code::NoImage,
        expected: "expected details.image, an image in ECR by its digest, and details.serial, its number",
    })
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

/// Training Failed, because the engine refused to start the run.
pub(crate) fn start_refused(incident: &Incident, at: Timestamp, reason: &str) -> Fact {
    of_incident(FactKind::TrainingFailed, incident, None, at, vec![reason.to_owned()])
}

/// Training Trigger Merged: a trigger arrived during the run of this incident. Each trigger has its own dedup key.
pub(crate) fn merged(incident: &Incident, trigger: &Trigger, at: Timestamp, reason: &str) -> Fact {
    let reasons = vec![trigger.reason.clone(), reason.to_owned()];
    let fact = of_incident(FactKind::TrainingTriggerMerged, incident, incident.run.as_ref(), at, reasons);
    let trigger = digest(&[&trigger.subject.to_string()], 8);
    Fact { dedup_key: format!("{}/{trigger}", fact.dedup_key), ..fact }
}

/// Deadline Exceeded, with a dedup key of its own.
pub(crate) fn deadline_exceeded(incident: &Incident, at: Timestamp, reason: &str) -> Fact {
    let run = incident.run.as_ref();
    let fact = of_incident(FactKind::DeadlineExceeded, incident, run, at, vec![reason.to_owned()]);
    Fact { dedup_key: format!("late/{}", fact.dedup_key), ..fact }
}

/// Training Skipped, or Circuit Opened for the circuit breaker. The dedup key stays the same for as long as the same
/// limit applies: an alarm that fires all night leads to one message.
pub(crate) fn limited(model: &ModelName, limit: &Limit, trigger: &Trigger, at: Timestamp) -> Fact {
    let kind = match limit {
        Limit::CircuitOpen { .. } => FactKind::CircuitOpened,
        Limit::CoolDown { .. } | Limit::Budget { .. } => FactKind::TrainingSkipped,
    };
    let code = limit.code().as_str();
    let since = limit.since().map(|since| since.to_string()).unwrap_or_default();
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("held/{model}/{code}/{}", digest(&[&since], 16)),
        at,
        reasons: vec![trigger.reason.clone(), limit.to_string()],
        details: [("limit".to_owned(), code.to_owned())].into(),
    }
}

fn of_incident(kind: FactKind, incident: &Incident, run: Option<&RunId>, at: Timestamp, reasons: Vec<String>) -> Fact {
    let engine = &incident.request.engine;
    let mut details = BTreeMap::from([
        ("incident".to_owned(), incident.id.clone()),
        ("trigger".to_owned(), incident.trigger.kind().as_str().to_owned()),
        (engine.kind().to_owned(), engine.name()),
    ]);
    if let Some(run) = run {
        details.insert("run".to_owned(), run.to_string());
    }
    if let Some(commit) = incident.trigger.commit() {
        details.insert("commit".to_owned(), commit.to_string());
    }
    if !incident.trigger.features.is_empty() {
        details.insert("features".to_owned(), incident.trigger.feature_list());
    }
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(incident.model.clone()),
        dedup_key: format!("incident/{}", incident.id),
        at,
        reasons,
        details,
    }
}
