//! What the calls gave, taken into the rollout.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::name::StageName;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::SOLE;
use trimtab_core::port::{StackAccepted, UpdateAccepted};
use trimtab_core::reactor::ActionOutcome;

use crate::action::{Action, Done};
use crate::rollout::{Cause, Phase, Progress, Queued, Rollout, State};
use crate::rollout_fact::{RolloutScope, tell};
use crate::stage_promotion;

/// Takes what an action gave into the rollout.
pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    if let Action::PutScalingPolicy { endpoint, .. } | Action::PutScheduledActions { endpoint, .. } = action {
        let last = matches!(action, Action::PutScheduledActions { .. });
        return scaled(state, endpoint.as_str(), outcome.err(), last, now);
    }
    if let Action::DeleteEndpoint { endpoint, .. } = action {
        return removed(state, endpoint.as_str(), outcome.err());
    }
    let Some(rollout) = state.current.take() else {
        return ActionOutcome::default();
    };
    match (action, outcome) {
        (_, Err(cause)) => {
            let reason = Reason::new("refused", format!("version {} was refused: {cause}", rollout.package.version()));
            let told = rollout.tell(FactKind::RolloutFailed, &reason.text, now);
            ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
        }
        (_, Ok(Done::Endpoint(UpdateAccepted::Busy))) => queued(state, rollout, "the endpoint", now),
        (_, Ok(Done::Stack(StackAccepted::Busy))) => queued(state, rollout, "the stack", now),
        (_, Ok(Done::Stack(StackAccepted::Nothing))) => nothing_to_update(state, rollout, now),
        (Action::CreateTransformJob { .. }, Ok(_)) => started(state, rollout, Progress::Transforming, now),
        (Action::DeleteStack { .. }, Ok(_)) => goes_on(state, rollout, Progress::Clearing),
        (Action::ContinueUpdateRollback { .. }, Ok(_)) => goes_on(state, rollout, Progress::Continuing { told: true }),
        (_, Ok(Done::Made)) => {
            state.current = Some(rollout);
            ActionOutcome::default()
        }
        (_, Ok(Done::Endpoint(UpdateAccepted::Started))) => started(state, rollout, Progress::Updating, now),
        (_, Ok(Done::Stack(StackAccepted::Started))) => started(state, rollout, Progress::Stacking, now),
        (_, Ok(Done::Execution(execution))) => started(state, rollout, Progress::Delivering { execution }, now),
    }
}

fn started(state: &mut State, rollout: Rollout, progress: Progress, now: Timestamp) -> ActionOutcome {
    let version = rollout.package.version();
    let words = match (rollout.cause, &rollout.phase) {
        (Cause::Rollback | Cause::Operator, _) => format!("going back to version {version}"),
        (Cause::Approved, Phase::Last) => format!("rolling out version {version}"),
        (Cause::Approved, Phase::Trial { .. }) => format!(
            "version {version} goes on trial beside the live one; to end that before its time: trimtab promote {} {version} --to {} --by YOUR-NAME",
            rollout.model,
            rollout.stage.as_ref().map_or(SOLE, StageName::as_str)
        ),
    };
    let told = rollout.tell(FactKind::RolloutStarted, &words, now);
    state.current = Some(Rollout { progress, ..rollout });
    ActionOutcome { facts: vec![told], ..ActionOutcome::default() }
}

fn goes_on(state: &mut State, rollout: Rollout, progress: Progress) -> ActionOutcome {
    state.current = Some(Rollout { progress, ..rollout });
    ActionOutcome::default()
}

/// It waits for the end of whatever is on; what waits already was wanted after it, and goes instead.
fn queued(state: &mut State, rollout: Rollout, what: &str, now: Timestamp) -> ActionOutcome {
    let version = rollout.package.version();
    let words = match &state.queued {
        None => format!("{what} is busy: version {version} waits"),
        Some(next) => format!("{what} is busy: version {version} gives way to version {}", next.package.version()),
    };
    let reason = Reason::new("busy", words);
    let told = rollout.tell(FactKind::RolloutQueued, &reason.text, now);
    let this = Queued { package: rollout.package, cause: rollout.cause, since: rollout.since };
    let wanted_after = state.queued.as_ref().is_some_and(|next| next.cause != Cause::Rollback);
    if !wanted_after || this.cause == Cause::Rollback {
        state.queue(this);
    }
    ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Deferred) }
}

/// The stack holds this version already: no event will come, and the stage is asked to look.
fn nothing_to_update(state: &mut State, rollout: Rollout, now: Timestamp) -> ActionOutcome {
    let version = rollout.package.version();
    let reason =
        Reason::new("nothing_to_update", format!("CloudFormation says that the stack holds version {version} already"));
    let look = stage_promotion::look_again(&rollout, &reason.text, now);
    state.current = Some(Rollout { progress: Progress::Held, ..rollout });
    ActionOutcome { facts: vec![look], reasons: vec![reason], ..ActionOutcome::default() }
}

/// The failed endpoint goes; the version that waits for that is begun by the look that finds it gone.
fn removed(state: &mut State, endpoint: &str, refused: Option<String>) -> ActionOutcome {
    let Some(cause) = refused else {
        let text = format!("endpoint {endpoint} is removed: the version is begun when it is gone");
        return ActionOutcome { reasons: vec![Reason::new("removed", text)], ..ActionOutcome::default() };
    };
    state.queued = None;
    let reason = Reason::new("refused", format!("endpoint {endpoint} could not be removed: {cause}"));
    ActionOutcome { reasons: vec![reason], decision: Some(Decision::Failed), ..ActionOutcome::default() }
}

/// The version is live whether or not it scales; that it does not is told.
fn scaled(state: &mut State, endpoint: &str, refused: Option<String>, last: bool, now: Timestamp) -> ActionOutcome {
    if let Some(live) = state.live.last_mut() {
        live.scaled |= last || refused.is_some();
    }
    let (Some(cause), Some(live)) = (refused, state.live_now()) else {
        return ActionOutcome::default();
    };
    let reason =
        Reason::new("not_scaled", format!("endpoint {endpoint} is live, but autoscaling was refused: {cause}"));
    let told = live.model.as_ref().map(|model| {
        let scope = RolloutScope { model, stage: live.stage.as_ref() };
        tell(
            FactKind::RolloutFailed,
            scope,
            &live.package,
            state.attempt(&live.package),
            vec![reason.text.clone()],
            now,
        )
    });
    ActionOutcome { facts: told.into_iter().collect(), reasons: vec![reason], decision: Some(Decision::Acted) }
}
