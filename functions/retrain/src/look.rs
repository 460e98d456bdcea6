//! What `retrain` finds when it looks by itself: a run that takes too long, drift that a limit held
//! back and that is still there, an alarm or a monitoring run whose event never came, data of which no
//! more comes, a model that nothing has trained for long.

use trimtab_core::event::AlarmState;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::port::ml::AlarmTruth;
use trimtab_core::react::Case;

use crate::decide::{Answer, Seen, open, tell, triage};
use crate::incident::{Held, State};
use crate::limit::limit;
use crate::{drift, gather, violations};

/// One finding at a time: the next look finds the next.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits) -> Answer {
    late(case, policy)
        .or_else(|| held(case, policy, limits))
        .or_else(|| unheard(case, policy, limits))
        .or_else(|| violations::unheard(case, policy, limits))
        .or_else(|| gather::ripe(case, policy, limits))
        .or_else(|| gather::due(case, policy, limits))
        .unwrap_or_else(|| Plan::skip("nothing_new", "nothing has happened that was not heard of"))
}

/// The open incident's run takes longer than the policy allows: a person is told, once.
fn late(case: &Case<'_, State, Seen>, policy: &Policy) -> Option<Answer> {
    let most = policy.reconcile?.training;
    let incident = case.state.incident.as_ref()?;
    if incident.late || case.now.duration_since(incident.opened) < most {
        return None;
    }
    let text =
        format!("the run of {} has not ended since {}; the policy allows {most:#}", incident.id, incident.opened);
    let mut told =
        tell(FactKind::DeadlinePassed, incident, incident.run.as_ref(), case.now, std::slice::from_ref(&text));
    told.matter = format!("late/{}", told.matter);
    let mut state = case.state.clone();
    if let Some(incident) = &mut state.incident {
        incident.late = true;
    }
    Some(Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).telling(told))
}

/// Drift that a limit held back gets its run when the limit has ended and its alarm is still on;
/// when the alarm is off, it is forgotten.
fn held(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    if case.state.held.is_empty() {
        return None;
    }
    let mut state = case.state.clone();
    let on = |alarm: &&AlarmTruth| alarm.state != AlarmState::Ok;
    let is_on = |held: &&Held| case.seen.alarms.iter().filter(on).any(|alarm| held.trigger.is_of(&alarm.arn));
    let Some(held) = case.state.held.iter().find(is_on) else {
        state.held.clear();
        return Some(Plan::note(state, "recovered", "the drift that was held back has gone by itself"));
    };
    if case.state.incident.is_some() {
        return None;
    }
    state.see_drift(case.now);
    if limit(&state, limits, &held.trigger, case.now).is_some() {
        return None;
    }
    let mut plan = open(state, policy, limits, held.trigger.clone(), case.now);
    let since = held.since;
    plan.reasons.push(Reason::new(
        "limit_ended",
        format!("held back since {since}; the limit has ended, and the alarm is still on"),
    ));
    Some(plan)
}

/// An alarm went off after the last trigger that had its answer, and its event has not come. (What
/// was answered since was answered knowing the drift.)
fn unheard(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let of = |alarm| drift::unanswered(alarm, &case.seen.children, case.state, limits);
    let trigger = case.seen.alarms.iter().find_map(of)?;
    let mut plan = triage(case, policy, limits, trigger);
    plan.reasons.push(Reason::new("unheard", "the alarm's own event has not come: seen by looking"));
    Some(plan)
}
