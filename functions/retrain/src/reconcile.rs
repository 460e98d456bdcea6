//! The planner of a reconcile: what it finds although no event reported it. Each finding is decided as if its event
//! had arrived.

use trimtab_core::event::AlarmState;
use trimtab_core::plan::{Decision, Reason};

use crate::ctx::Ctx;
use crate::planner::{self, Plan};
use crate::reason::Code;
use crate::schedule::{self, Schedule};
use crate::state::{DeferredDrift, State};
use crate::trigger::Trigger;
use crate::{data_debounce, drift, fact, rate_limits, violations};

/// One finding per reconcile, in order of urgency: a plan has one reason, and the next reconcile finds the next.
pub(crate) fn on_reconcile(ctx: &Ctx<'_>) -> Plan {
    deadline_exceeded(ctx)
        .or_else(|| deferred_drift(ctx))
        .or_else(|| missed_alarm(ctx))
        .or_else(|| missed_violations(ctx))
        .or_else(|| ready_batch(ctx))
        .or_else(|| due_schedule(ctx))
        .unwrap_or_else(|| Plan::skip(Code::NothingNew, "no event was missed, and nothing is due"))
}

/// Reports, once, that the open incident's run takes longer than the policy allows.
fn deadline_exceeded(ctx: &Ctx<'_>) -> Option<Plan> {
    let allowed = ctx.policy.reconcile?.training;
    let incident = ctx.state.incident.as_ref()?;
    if incident.deadline_reported || ctx.now.duration_since(incident.opened) < allowed {
        return None;
    }
    let text = format!(
        "the run of {} has not ended since {}; reconcile.training allows {allowed:#}",
        incident.id, incident.opened
    );
    let fact = fact::deadline_exceeded(incident, ctx.now, &text);
    let mut state = ctx.state.clone();
    if let Some(incident) = &mut state.incident {
        incident.deadline_reported = true;
    }
    Some(Plan::only(Decision::Acted, Reason::new(Code::DeadlineExceeded, text)).with_state(state).with_fact(fact))
}

/// Starts a run for drift that a limit refused, when the limit has ended and the alarm is still firing.
fn deferred_drift(ctx: &Ctx<'_>) -> Option<Plan> {
    if ctx.state.deferred_drift.is_empty() {
        return None;
    }
    let mut state = ctx.state.clone();
    let Some(deferred) = ctx.state.deferred_drift.iter().find(|deferred| is_firing(ctx, deferred)) else {
        state.deferred_drift.clear();
        return Some(Plan::update(state, Code::Recovered, "the drift that a limit refused has ended without a run"));
    };
    if ctx.state.incident.is_some() {
        return None;
    }
    // The alarm fired all the time, so this is the same drift, and does not close the circuit breaker.
    state.continue_drift(ctx.now);
    if rate_limits::limit(&state, ctx.retrain, &deferred.trigger, ctx.now).is_some() {
        return None;
    }
    let mut plan = planner::open(ctx, state, deferred.trigger.clone());
    let text =
        format!("a limit refused this drift at {}; the limit has ended, and the alarm still fires", deferred.since);
    plan.reasons.push(Reason::new(Code::LimitEnded, text));
    Some(plan)
}

/// Whether the alarm has not returned to OK. An alarm without data may still be about the same drift.
fn is_firing(ctx: &Ctx<'_>, deferred: &DeferredDrift) -> bool {
    let mut alarms = ctx.observed.alarms.iter();
    alarms.any(|alarm| alarm.state != AlarmState::Ok && deferred.trigger.alarm() == Some(&alarm.arn))
}

/// Decides on a firing alarm whose event was missed, if no run since its transition covers it.
fn missed_alarm(ctx: &Ctx<'_>) -> Option<Plan> {
    let trigger = ctx
        .observed
        .alarms
        .iter()
        .find_map(|alarm| drift::missed_trigger(alarm, &ctx.observed.children, ctx.state, &ctx.retrain.drift))?;
    Some(admit_missed(ctx, trigger, "the alarm's event was not received: a reconcile found it"))
}

/// Decides on violations whose event was missed, if no run since covers them.
fn missed_violations(ctx: &Ctx<'_>) -> Option<Plan> {
    let trigger = violations::missed_trigger(&ctx.observed.monitoring_runs, ctx.state, ctx.retrain, ctx.now)?;
    Some(admit_missed(ctx, trigger, "the monitoring run's event was not received: a reconcile found it"))
}

fn admit_missed(ctx: &Ctx<'_>, trigger: Trigger, text: &str) -> Plan {
    let mut plan = planner::admit(ctx, trigger);
    plan.reasons.push(Reason::new(Code::MissedEvent, text));
    plan
}

/// Starts the run of a batch that is ready.
fn ready_batch(ctx: &Ctx<'_>) -> Option<Plan> {
    if ctx.state.incident.is_some() {
        return None;
    }
    start_or_wait(ctx, data_debounce::ready(ctx.state, ctx.retrain, ctx.now)?)
}

/// Starts a run that is due on a schedule.
fn due_schedule(ctx: &Ctx<'_>) -> Option<Plan> {
    if ctx.state.incident.is_some() {
        return None;
    }
    let every = ctx.retrain.every?;
    match schedule::check(ctx.state, every, ctx.now) {
        Schedule::NotDue => None,
        Schedule::StartCounting => {
            let state = State { schedule_from: Some(ctx.now), ..ctx.state.clone() };
            let text = format!("from now on, a run is started whenever none was started for {every:#}");
            Some(Plan::update(state, Code::Counting, text))
        }
        Schedule::Due(trigger) => start_or_wait(ctx, trigger),
    }
}

/// Starts a run for data or schedule, unless a limit refuses it. A cool-down is part of normal operation and leads to no
/// message; a spent budget may need an operator, and is reported once.
fn start_or_wait(ctx: &Ctx<'_>, trigger: Trigger) -> Option<Plan> {
    let Some(limit) = rate_limits::limit(ctx.state, ctx.retrain, &trigger, ctx.now) else {
        return Some(planner::open(ctx, ctx.state.clone(), trigger));
    };
    if limit.code() != Code::Budget {
        return None;
    }
    let fact = fact::limited(&ctx.policy.model, &limit, &trigger, ctx.now);
    if ctx.state.reported_limit.as_ref() == Some(&fact.subject) {
        return None;
    }
    let state = State { reported_limit: Some(fact.subject.clone()), ..ctx.state.clone() };
    Some(Plan::only(Decision::Skipped, planner::limited(&limit)).with_state(state).with_fact(fact))
}
