//! The control flow: whether an event gets a run, and what the end of a run leads to.
//!
//! [`admit`] is the one way to a run for triggers that arrive as events; `reconcile.rs` uses it for missed ones.

use jiff::Timestamp;
use trimtab_core::event::{Alarm, DriftKind, Object, RunStatus};
use trimtab_core::name::{CommitId, RunId};
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::reactor::ActionOutcome;

use crate::action::Action;
use crate::completion::{RunOutcome, RunStatusChange};
use crate::ctx::Ctx;
use crate::data_debounce::{self, ObjectEffect};
use crate::drift::{self, AlarmFinding};
use crate::fact::{self, TrainingRequest};
use crate::rate_limits::{self, Limit};
use crate::reason::Code;
use crate::state::{Incident, Outcome, State, TrainingImage};
use crate::trigger::{Trigger, TriggerKind, TriggerSubject};
use crate::violations::{self, RunFinding};
use crate::{engines, image, run_request};

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// Decides on the state change of an alarm.
pub(crate) fn on_alarm(ctx: &Ctx<'_>, alarm: &Alarm) -> Plan {
    let name = &alarm.name;
    let observed = ctx.observed.alarm.as_ref();
    match drift::check_event(alarm, observed, &ctx.observed.children, &ctx.retrain.drift) {
        AlarmFinding::NotDrift => {
            let text = format!("alarm {name} monitors no metric of SageMaker's monitoring, so it reports no drift");
            Plan::skip(Code::NotDrift, text)
        }
        AlarmFinding::NotInAlarm => Plan::skip(Code::NotInAlarm, format!("alarm {name} is not in ALARM")),
        AlarmFinding::NoSuchAlarm => {
            let text = format!("CloudWatch has no alarm {name}: the event is forged, or the alarm was deleted");
            Plan::fail(Code::NoSuchAlarm, text)
        }
        AlarmFinding::Recovered => Plan::skip(Code::Recovered, format!("alarm {name} has returned to OK since")),
        AlarmFinding::Suppressed => {
            let text = format!(
                "the actions of alarm {name} are suppressed; CloudWatch sends another event when the suppression ends"
            );
            Plan::skip(Code::Suppressed, text)
        }
        AlarmFinding::Ignored(kind) => ignored(ctx, kind),
        AlarmFinding::Drift(trigger) => admit(ctx, trigger),
    }
}

/// Decides on the end of a monitoring run.
pub(crate) fn on_monitoring_run(ctx: &Ctx<'_>) -> Plan {
    match violations::check_run(ctx.observed.monitoring_runs.first(), ctx.retrain) {
        RunFinding::NoSuchJob => {
            let text = "SageMaker has no such monitoring run: the event is forged, or the job was deleted";
            Plan::fail(Code::NoSuchJob, text)
        }
        RunFinding::NotConfigured(schedule) => {
            let text = format!("retrain.monitors of the policy does not name schedule {schedule}");
            Plan::skip(Code::NotConfigured, text)
        }
        RunFinding::NoViolations(schedule) => {
            Plan::skip(Code::NoViolations, format!("the run of schedule {schedule} found no violations"))
        }
        RunFinding::Ignored(kind) => ignored(ctx, kind),
        RunFinding::Drift(trigger) => admit(ctx, trigger),
    }
}

fn ignored(ctx: &Ctx<'_>, kind: DriftKind) -> Plan {
    let text = format!("retrain.drift of the policy of {} does not contain {kind} drift", ctx.policy.model);
    Plan::skip(Code::DriftIgnored, text)
}

/// Decides on a new object in S3.
pub(crate) fn on_object(ctx: &Ctx<'_>, object: &Object) -> Plan {
    match data_debounce::receive(ctx.state, ctx.retrain, object, ctx.event.envelope.time, ctx.now) {
        ObjectEffect::NotConfigured => {
            Plan::skip(Code::NotConfigured, "the policy names neither the object's folder nor its feature group")
        }
        ObjectEffect::Covered => {
            Plan::skip(Code::Covered, "a run was started after the object was created, and covers it")
        }
        ObjectEffect::Unchanged => Plan::skip(Code::Batched, "the object belongs to the batch of new data"),
        ObjectEffect::Batch(batch) => {
            let reason = Reason::new(Code::BatchUpdated, "new data: its batch gets a run when no more objects arrive");
            let state = State { batch: Some(batch), ..ctx.state.clone() };
            // Not `acted`: an object must not lead to a history entry.
            Plan::only(Decision::Skipped, reason).with_state(state)
        }
    }
}

/// Decides on a request of another function or of an operator.
pub(crate) fn on_request(ctx: &Ctx<'_>, request: TrainingRequest) -> Plan {
    match request {
        TrainingRequest::AdoptImage(image) => adopt_image(ctx, &image),
        TrainingRequest::TrainImage(image) => train_image(ctx, &image),
        TrainingRequest::TrainCommit(commit) => train_commit(ctx, commit),
        TrainingRequest::Operator { by, reason, id, over_budget } => {
            let allowance = if over_budget { ", over the budget" } else { "" };
            let reason = reason.as_deref().unwrap_or("no reason given");
            let text = format!("requested by {by}{allowance}: {reason}");
            let trigger = Trigger::new(TriggerSubject::Operator(id), text);
            admit(ctx, Trigger { over_budget, ..trigger })
        }
    }
}

fn train_commit(ctx: &Ctx<'_>, commit: CommitId) -> Plan {
    let text = format!("commit {commit} was built");
    admit(ctx, Trigger::new(TriggerSubject::Commit(commit), text))
}

fn adopt_image(ctx: &Ctx<'_>, image: &TrainingImage) -> Plan {
    if !image::is_own(image, ctx.policy, &ctx.event.envelope.account) {
        return foreign_image();
    }
    if !image::is_newer(image, ctx.state.image.as_ref()) {
        return Plan::skip(Code::ImageKnown, "this image or a newer one is already recorded");
    }
    let state = State { image: Some(image.clone()), ..ctx.state.clone() };
    Plan::update(state, Code::ImageAdopted, format!("runs get image {} from now on", image.uri.digest()))
}

fn train_image(ctx: &Ctx<'_>, image: &TrainingImage) -> Plan {
    if !image::is_own(image, ctx.policy, &ctx.event.envelope.account) {
        return foreign_image();
    }
    if image::is_superseded(image, ctx.state.image.as_ref()) {
        return Plan::skip(Code::ImageSuperseded, "a newer image is recorded, and has its own request");
    }
    let state = State { image: Some(image.clone()), ..ctx.state.clone() };
    let mut plan = admit(&Ctx { state: &state, ..*ctx }, image::trigger(image));
    // The next run gets the image, even if this request is too old to get a run of its own.
    let newer = image::is_newer(image, ctx.state.image.as_ref());
    if newer && plan.state.is_none() && plan.decision != Decision::Failed {
        plan.state = Some(state);
    }
    plan
}

fn foreign_image() -> Plan {
    let text = "the image is not in the account's own registry under the policy's integrate.image.repository";
    Plan::fail(Code::ForeignImage, text)
}

/// Decides on a trigger: whether it was handled before, whether a run is in progress, whether a limit refuses it.
pub(crate) fn admit(ctx: &Ctx<'_>, trigger: Trigger) -> Plan {
    if let Some(handled) = ctx.state.handled(&trigger.subject) {
        let outcome = match &handled.outcome {
            Outcome::Started(incident) => format!("it started {incident}"),
            Outcome::Merged(incident) => format!("it was merged into {incident}"),
            Outcome::Refused(code) => format!("it was refused by {code}"),
        };
        return Plan::skip(Code::AlreadyHandled, format!("this trigger was handled at {}: {outcome}", handled.at));
    }
    // Its record may have been forgotten. A second run of one trigger is worse than none: the next trigger starts one.
    if ctx.state.may_have_forgotten(ctx.event.envelope.time) {
        return Plan::skip(Code::TooOld, "the event is older than the remembered triggers, and may have been handled");
    }
    let mut state = ctx.state.clone();
    // Before the limits, because a new drift closes the circuit breaker.
    if trigger.kind() == TriggerKind::Drift {
        state.record_drift(&ctx.retrain.budget, ctx.now);
    }
    if let Some(incident) = &ctx.state.incident {
        return merge(ctx, state, incident, trigger);
    }
    match rate_limits::limit(&state, ctx.retrain, &trigger, ctx.now) {
        Some(limit) => refuse(ctx, state, trigger, &limit),
        None => open(ctx, state, trigger),
    }
}

/// Merges a trigger into the run in progress. The run covers drift; other triggers get the next run.
fn merge(ctx: &Ctx<'_>, mut state: State, incident: &Incident, trigger: Trigger) -> Plan {
    state.remember(&trigger, Outcome::Merged(incident.id.clone()), ctx.now);
    let id = &incident.id;
    let text = match trigger.kind() {
        TriggerKind::Build => format!("run of {id} is in progress; this commit gets the next run"),
        TriggerKind::Image => format!("run of {id} is in progress; this image gets the next run"),
        TriggerKind::Operator => format!("run of {id} is in progress; this request gets the next run"),
        _ => format!("run of {id} is in progress, and covers this trigger"),
    };
    let fact = fact::merged(incident, &trigger, ctx.now, &text);
    let reason = Reason::new(Code::RunInProgress, text);
    let mut decision = Decision::Skipped;
    if trigger.kind().needs_own_run() {
        state.queue(trigger);
        decision = Decision::Deferred;
    }
    Plan::only(decision, reason).with_state(state).with_fact(fact)
}

/// Records that a limit refused the trigger, and reports it.
fn refuse(ctx: &Ctx<'_>, mut state: State, trigger: Trigger, limit: &Limit) -> Plan {
    state.remember(&trigger, Outcome::Refused(limit.code().as_str().to_owned()), ctx.now);
    let fact = fact::limited(&ctx.policy.model, limit, &trigger, ctx.now);
    // An alarm can be read again when the limit ends. Other drift needs no record: if it continues, the next
    // monitoring run reports it again.
    if trigger.alarm().is_some() {
        state.defer_drift(trigger, ctx.now);
    }
    Plan::only(Decision::Skipped, limited(limit)).with_state(state).with_fact(fact)
}

pub(crate) fn limited(limit: &Limit) -> Reason {
    Reason::new(limit.code(), limit.to_string())
}

/// Opens an incident and starts its run.
pub(crate) fn open(ctx: &Ctx<'_>, mut state: State, trigger: Trigger) -> Plan {
    let model = &ctx.policy.model;
    let request = run_request::of(model, ctx.retrain, state.image.as_ref(), &trigger, ctx.now);
    let action = engines::start(&request);
    let reason = Reason::new(Code::from(trigger.kind()), &trigger.reason);
    let incident = Incident {
        id: request.display_name.clone(),
        model: model.clone(),
        trigger,
        opened: ctx.now,
        request,
        run: None,
        deadline_reported: false,
    };
    state.record_start(&incident.trigger, &incident.id, &ctx.retrain.budget, ctx.now);
    state.incident = Some(incident);
    Plan::only(Decision::Acted, reason).with_state(state).with_action(action)
}

/// Decides on the status change of a run.
pub(crate) fn on_status_change(ctx: &Ctx<'_>, change: &RunStatusChange) -> Plan {
    let Some(incident) = &ctx.state.incident else {
        let text = format!("no incident of {} is open: Trimtab did not start this run", ctx.policy.model);
        return Plan::skip(Code::NoIncident, text);
    };
    if !change.is_of(incident) {
        let text = format!("this run does not belong to the open incident {}", incident.id);
        return Plan::skip(Code::OtherRun, text);
    }
    let engine = incident.request.engine.name();
    // The event may be forged or old: the status that the engine reports decides.
    let Some(status) = &ctx.observed.run else {
        let text = format!("{engine} has no such run: the event is forged, or the run was deleted");
        return Plan::fail(Code::NoSuchRun, text);
    };
    close(ctx, incident, &change.run, status)
        .unwrap_or_else(|| Plan::skip(Code::StillRunning, format!("{engine} reports that the run has not ended")))
}

/// Closes the open incident if its run has ended, although the event of its end was missed.
pub(crate) fn missed_completion(ctx: &Ctx<'_>) -> Option<Plan> {
    let incident = ctx.state.incident.as_ref()?;
    close(ctx, incident, incident.run.as_ref()?, ctx.observed.open_run.as_ref()?)
}

/// Closes the incident if its run has ended, and starts the run of a queued trigger.
fn close(ctx: &Ctx<'_>, incident: &Incident, run: &RunId, status: &RunStatus) -> Option<Plan> {
    let outcome = RunOutcome::of(status)?;
    let text = match outcome {
        RunOutcome::Succeeded => format!("the run of {} succeeded", incident.id),
        RunOutcome::Failed => format!("the run of {} did not succeed", incident.id),
    };
    let fact = fact::ended(incident, run, outcome, ctx.now, &text);
    let mut state = State { incident: None, last_ended: Some(ctx.now), ..ctx.state.clone() };
    let reason = Reason::new(Code::RunEnded, text);
    let mut plan = match state.queued.take() {
        None => Plan::only(Decision::Acted, reason).with_state(state),
        Some(trigger) => {
            let mut next = start_queued(ctx, state, trigger);
            next.reasons.insert(0, reason);
            next
        }
    };
    plan.facts.insert(0, fact);
    Some(plan)
}

/// The run of a queued trigger. The limits apply at its start, because the run that it waited for counts as well.
fn start_queued(ctx: &Ctx<'_>, state: State, trigger: Trigger) -> Plan {
    match rate_limits::limit(&state, ctx.retrain, &trigger, ctx.now) {
        None => open(ctx, state, trigger),
        // The end of the run was recorded all the same.
        Some(limit) => Plan { decision: Decision::Acted, ..refuse(ctx, state, trigger, &limit) },
    }
}

/// Records the run that the engine started, or closes the incident that it refused.
pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<RunId, String>,
    now: Timestamp,
) -> ActionOutcome {
    let Some(mut incident) = state.incident.take() else {
        return ActionOutcome::default();
    };
    match outcome {
        Ok(run) => {
            let fact = fact::started(&incident, &run, now);
            incident.run = Some(run);
            state.incident = Some(incident);
            ActionOutcome { facts: vec![fact], ..ActionOutcome::default() }
        }
        Err(cause) => {
            // The event is dead-lettered: when it is sent again, it must not be taken for a handled trigger.
            state.revert_start(&incident);
            let engine = action.request.engine.name();
            let reason = Reason::new(Code::StartRefused, format!("{engine} refused to start the run: {cause}"));
            let fact = fact::start_refused(&incident, now, &reason.text);
            ActionOutcome { facts: vec![fact], reasons: vec![reason], decision: Some(Decision::Failed) }
        }
    }
}
