//! What came of a call: taken into the watch, and told.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::port::UpdateAccepted;
use trimtab_core::reactor::ActionOutcome;
use trimtab_core::text::digest;

use crate::decide::{Action, Done};
use crate::state::{State, Watch};

pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    let Some(mut watch) = state.watch.take() else { return ActionOutcome::default() };
    let mut settled = match outcome {
        Ok(Done::Schedule(UpdateAccepted::Busy)) => busy(),
        Ok(Done::InUse) => ActionOutcome::default(),
        Ok(_) => done(&mut watch, action, now),
        Err(cause) => refused(&mut watch, action, &cause, now),
    };
    let removed = matches!(action, Action::DeleteJobDefinition { .. });
    if watch.ending && removed && watch.superseded.is_empty() {
        settled.facts.push(watch.tell_ended(now));
        return settled;
    }
    if watch.is_news() {
        settled.facts.push(watch.tell_placed(now));
    }
    state.watch = Some(watch);
    settled
}

fn done(watch: &mut Watch, action: &Action, now: Timestamp) -> ActionOutcome {
    match action {
        Action::CreateProcessingJob { request, .. } => {
            let text = format!("{} computes the baseline of version {}", request.name, watch.version);
            let told = watch.tell(FactKind::BaselineStarted, &request.name, text, now);
            return ActionOutcome { facts: vec![told], ..ActionOutcome::default() };
        }
        Action::CreateMonitoringSchedule { .. } | Action::UpdateMonitoringSchedule { .. } => watch.scheduled = true,
        Action::PutMetricAlarm { .. } => watch.armed = true,
        Action::DeleteJobDefinition { name, .. } => drop(watch.superseded.remove(name)),
        Action::CreateJobDefinition { .. } | Action::DeleteMonitoringSchedule { .. } | Action::DeleteAlarms { .. } => {}
    }
    ActionOutcome::default()
}

/// Nothing frees a schedule by an event: the next look comes back to it.
fn busy() -> ActionOutcome {
    let reason = Reason::new("busy", "the schedule is in the middle of something: the next look comes back to it");
    ActionOutcome { reasons: vec![reason], decision: Some(Decision::Deferred), ..ActionOutcome::default() }
}

/// What AWS will not do is told. An old definition that cannot be removed is left, and holds up nothing.
fn refused(watch: &mut Watch, action: &Action, cause: &str, now: Timestamp) -> ActionOutcome {
    if let Action::DeleteJobDefinition { name, .. } = action {
        watch.superseded.remove(name);
        let reason = Reason::new("not_removed", format!("definition {name} is left: {cause}"));
        return ActionOutcome { reasons: vec![reason], decision: Some(Decision::Acted), ..ActionOutcome::default() };
    }
    let reason = Reason::new("refused", format!("drift of {} is not watched: {cause}", watch.kind));
    let about = digest(&[&watch.version.to_string(), &reason.text], 8);
    let told = watch.tell(FactKind::MonitoringFailed, &about, reason.text.clone(), now);
    ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
}
