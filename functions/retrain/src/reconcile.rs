//! What `retrain` finds when it looks by itself: a run that takes too long, drift that a limit held
//! back and that is still there, an alarm or a monitoring run whose event never came, data of which no
//! more comes, a model that nothing has trained for long.

use trimtab_core::event::AlarmState;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::port::ObservedAlarm;
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed, open, tell, triage};
use crate::incident::{Held, State};
use crate::rate_limits::limit;
use crate::{data_debounce, drift, violations};

/// One finding at a time: the next look finds the next.
pub(crate) fn on_reconcile(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Answer {
    late(ctx, policy)
        .or_else(|| held(ctx, policy, limits))
        .or_else(|| unheard(ctx, policy, limits))
        .or_else(|| violations::unheard(ctx, policy, limits))
        .or_else(|| data_debounce::ripe(ctx, policy, limits))
        .or_else(|| data_debounce::due(ctx, policy, limits))
        .unwrap_or_else(|| Plan::skip("nothing_new", "nothing has happened that was not heard of"))
}

/// The open incident's run takes longer than the policy allows: a person is told, once.
fn late(ctx: &Context<'_, State, Observed>, policy: &Policy) -> Option<Answer> {
    let most = policy.reconcile?.training;
    let incident = ctx.state.incident.as_ref()?;
    if incident.late || ctx.now.duration_since(incident.opened) < most {
        return None;
    }
    let text =
        format!("the run of {} has not ended since {}; the policy allows {most:#}", incident.id, incident.opened);
    let mut told =
        tell(FactKind::DeadlineExceeded, incident, incident.run.as_ref(), ctx.now, std::slice::from_ref(&text));
    told.dedup_key = format!("late/{}", told.dedup_key);
    let mut state = ctx.state.clone();
    if let Some(incident) = &mut state.incident {
        incident.late = true;
    }
    Some(Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).with_fact(told))
}

/// Drift that a limit held back gets its run when the limit has ended and its alarm is still on;
/// when the alarm is off, it is forgotten.
fn held(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    if ctx.state.held.is_empty() {
        return None;
    }
    let mut state = ctx.state.clone();
    let on = |alarm: &&ObservedAlarm| alarm.state != AlarmState::Ok;
    let is_on = |held: &&Held| ctx.observed.alarms.iter().filter(on).any(|alarm| held.trigger.is_of(&alarm.arn));
    let Some(held) = ctx.state.held.iter().find(is_on) else {
        state.held.clear();
        return Some(Plan::update(state, "recovered", "the drift that was held back has gone by itself"));
    };
    if ctx.state.incident.is_some() {
        return None;
    }
    state.see_drift(ctx.now);
    if limit(&state, limits, &held.trigger, ctx.now).is_some() {
        return None;
    }
    let mut plan = open(state, policy, limits, held.trigger.clone(), ctx.now);
    let since = held.since;
    plan.reasons.push(Reason::new(
        "limit_ended",
        format!("held back since {since}; the limit has ended, and the alarm is still on"),
    ));
    Some(plan)
}

/// An alarm went off after the last trigger that had its answer, and its event has not come. (What
/// was answered since was answered knowing the drift.)
fn unheard(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let of = |alarm| drift::unanswered(alarm, &ctx.observed.children, ctx.state, limits);
    let trigger = ctx.observed.alarms.iter().find_map(of)?;
    let mut plan = triage(ctx, policy, limits, trigger);
    plan.reasons.push(Reason::new("unheard", "the alarm's own event has not come: observed by looking"));
    Some(plan)
}
