//! What `retrain` finds when it looks by itself: a run that takes too long, drift that a limit held
//! back and that is still there, an alarm whose event never came.

use trimtab_core::event::AlarmState;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::port::ml::AlarmTruth;
use trimtab_core::react::Case;

use crate::decide::{Answer, Seen, limit, open, tell, triage};
use crate::incident::{Kind, State, Trigger};

/// One finding at a time: the next look finds the next.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, policy: &Policy, limits: &Limits) -> Answer {
    late(case, policy)
        .or_else(|| held(case, policy, limits))
        .or_else(|| unheard(case, policy, limits))
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
    let held = case.state.held.as_ref()?;
    let mut state = case.state.clone();
    let still_on = case.seen.alarms.iter().any(|alarm| alarm.state != AlarmState::Ok && held.trigger.is_of(&alarm.arn));
    if !still_on {
        state.held = None;
        return Some(Plan::note(state, "recovered", "the drift that was held back has gone by itself"));
    }
    if case.state.incident.is_some() {
        return None;
    }
    state.hear_of_drift(limits, case.now);
    if limit(&state, limits, Kind::Drift, case.now).is_some() {
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
    let trigger = case.seen.alarms.iter().find_map(|alarm| transition(alarm, case.state, limits))?;
    let mut plan = triage(case, policy, limits, trigger);
    plan.reasons.push(Reason::new("unheard", "the alarm's own event has not come: seen by looking"));
    Some(plan)
}

fn transition(alarm: &AlarmTruth, state: &State, limits: &Limits) -> Option<Trigger> {
    let (since, drift) = (alarm.since?, alarm.drift.filter(|drift| limits.drift.contains(drift))?);
    // The latest answer is never forgotten.
    let answered = state.handled.iter().any(|handled| handled.at >= since);
    let news = alarm.state == AlarmState::Alarm && !answered;
    news.then(|| Trigger::of_alarm(&alarm.arn, alarm.name.as_str(), drift, since))
}
