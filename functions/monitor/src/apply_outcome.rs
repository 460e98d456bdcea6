//! The effect of a call's result on the monitoring of a kind.

use jiff::Timestamp;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::port::{DefinitionRemoval, UpdateAccepted};
use trimtab_core::reactor::ActionOutcome;

use crate::action::{Action, Done};
use crate::fact;
use crate::reason::Code;
use crate::state::{Monitoring, State};

pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    let State::Kind(monitoring) = state else { return ActionOutcome::default() };
    let mut result = match outcome {
        Ok(Done::Schedule(UpdateAccepted::Busy)) => busy(),
        // It stays superseded, and the next event deletes it.
        Ok(Done::Definition(DefinitionRemoval::InUse)) => ActionOutcome::default(),
        Ok(_) => completed(monitoring, action, now),
        Err(cause) => refused(monitoring, action, &cause, now),
    };
    // The definitions are deleted last: without any, nothing is left of the kind.
    let is_removal = matches!(action, Action::DeleteJobDefinition { .. });
    if monitoring.removing && is_removal && monitoring.superseded.is_empty() {
        result.facts.push(fact::ended(monitoring, now));
        *state = State::Empty;
        return result;
    }
    if monitoring.is_to_be_reported() {
        result.facts.push(fact::in_place(monitoring, now));
        monitoring.mark_reported();
    }
    result
}

fn completed(monitoring: &mut Monitoring, action: &Action, now: Timestamp) -> ActionOutcome {
    match action {
        Action::CreateProcessingJob(request) => {
            let started = fact::baseline_started(monitoring, &request.name, now);
            return ActionOutcome { facts: vec![started], ..ActionOutcome::default() };
        }
        Action::CreateMonitoringSchedule(_) | Action::UpdateMonitoringSchedule(_) => monitoring.scheduled = true,
        Action::PutMetricAlarm(_) => monitoring.alarm_set = true,
        Action::DeleteJobDefinition { name, .. } => {
            monitoring.superseded.remove(name);
        }
        Action::CreateJobDefinition(_) | Action::DeleteMonitoringSchedule { .. } | Action::DeleteAlarms { .. } => {}
    }
    ActionOutcome::default()
}

/// No event says when a schedule accepts changes again: the next reconcile repeats the call.
fn busy() -> ActionOutcome {
    let reason = Reason::new(Code::Busy, "SageMaker is changing the schedule: the next reconcile repeats the change");
    ActionOutcome { reasons: vec![reason], decision: Some(Decision::Deferred), ..ActionOutcome::default() }
}

fn refused(monitoring: &mut Monitoring, action: &Action, cause: &str, now: Timestamp) -> ActionOutcome {
    // A definition that no schedule uses has no effect: it must not keep the kind from being monitored.
    if let Action::DeleteJobDefinition { name, .. } = action {
        monitoring.superseded.remove(name);
        let reason = Reason::new(Code::NotRemoved, format!("unused job definition {name} was not deleted: {cause}"));
        return ActionOutcome { reasons: vec![reason], decision: Some(Decision::Acted), ..ActionOutcome::default() };
    }
    let reason = Reason::new(Code::Refused, format!("{} drift is not monitored: {cause}", monitoring.kind));
    let failed = fact::failed(monitoring, &fact::failure(monitoring, &reason.text), &reason.text, now);
    ActionOutcome { facts: vec![failed], reasons: vec![reason], decision: Some(Decision::Failed) }
}
