//! What the calls gave, taken into the rollout.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::name::StageName;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::SOLE;
use trimtab_core::port::{ml, stack};
use trimtab_core::react::Settled;

use crate::action::{Action, Done};
use crate::rollout::{Cause, Leg, Parked, Progress, Rollout, State, Way, tell};
use crate::stages;

/// Takes what an action gave into the rollout.
pub(crate) fn settle(state: &mut State, action: &Action, outcome: Result<Done, String>, now: Timestamp) -> Settled {
    if let Action::PutScalingPolicy { endpoint, .. } | Action::PutScheduledActions { endpoint, .. } = action {
        let last = matches!(action, Action::PutScheduledActions { .. });
        return scaled(state, endpoint.as_str(), outcome.err(), last, now);
    }
    if let Action::DeleteEndpoint { endpoint, .. } = action {
        return removed(state, endpoint.as_str(), outcome.err());
    }
    let Some(rollout) = state.current.take() else {
        return Settled::default();
    };
    match (action, outcome) {
        (_, Err(cause)) => {
            let reason = Reason::new("refused", format!("version {} was refused: {cause}", rollout.package.version()));
            let told = rollout.tell(FactKind::RolloutFailed, &reason.text, now);
            Settled { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Rejected) }
        }
        (_, Ok(Done::Endpoint(ml::Accepted::Busy))) => parked(state, rollout, "the endpoint", now),
        (_, Ok(Done::Stack(stack::Accepted::Busy))) => parked(state, rollout, "the stack", now),
        (_, Ok(Done::Stack(stack::Accepted::Nothing))) => nothing_to_update(state, rollout, now),
        (Action::CreateTransformJob { .. }, Ok(_)) => started(state, rollout, Progress::Transforming, now),
        (Action::DeleteStack { .. }, Ok(_)) => goes_on(state, rollout, Progress::Clearing),
        (Action::ContinueUpdateRollback { .. }, Ok(_)) => goes_on(state, rollout, Progress::Continuing { told: true }),
        (_, Ok(Done::Made)) => {
            state.current = Some(rollout);
            Settled::default()
        }
        (_, Ok(Done::Endpoint(ml::Accepted::Started))) => started(state, rollout, Progress::Updating, now),
        (_, Ok(Done::Stack(stack::Accepted::Started))) => started(state, rollout, Progress::Stacking, now),
        (_, Ok(Done::Execution(execution))) => started(state, rollout, Progress::Delivering { execution }, now),
    }
}

fn started(state: &mut State, rollout: Rollout, progress: Progress, now: Timestamp) -> Settled {
    let version = rollout.package.version();
    let words = match (rollout.cause, &rollout.leg) {
        (Cause::RollBack | Cause::Operator, _) => format!("going back to version {version}"),
        (Cause::Approved, Leg::Last) => format!("rolling out version {version}"),
        (Cause::Approved, Leg::Trial { .. }) => format!(
            "version {version} goes on trial beside the live one; to end that before its time: trimtab promote {} {version} --to {} --by YOUR-NAME",
            rollout.model,
            rollout.stage.as_ref().map_or(SOLE, StageName::as_str)
        ),
    };
    let told = rollout.tell(FactKind::RolloutStarted, &words, now);
    state.current = Some(Rollout { progress, ..rollout });
    Settled { facts: vec![told], ..Settled::default() }
}

fn goes_on(state: &mut State, rollout: Rollout, progress: Progress) -> Settled {
    state.current = Some(Rollout { progress, ..rollout });
    Settled::default()
}

/// It waits for the end of whatever is on; what waits already was wanted after it, and goes instead.
fn parked(state: &mut State, rollout: Rollout, what: &str, now: Timestamp) -> Settled {
    let version = rollout.package.version();
    let words = match &state.parked {
        None => format!("{what} is busy: version {version} waits"),
        Some(next) => format!("{what} is busy: version {version} gives way to version {}", next.package.version()),
    };
    let reason = Reason::new("busy", words);
    let told = rollout.tell(FactKind::RolloutParked, &reason.text, now);
    let this = Parked { package: rollout.package, cause: rollout.cause, since: rollout.since };
    let wanted_after = state.parked.as_ref().is_some_and(|next| next.cause != Cause::RollBack);
    if !wanted_after || this.cause == Cause::RollBack {
        state.park(this);
    }
    Settled { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Parked) }
}

/// The stack holds this version already: no event will come, and the stage is asked to look.
fn nothing_to_update(state: &mut State, rollout: Rollout, now: Timestamp) -> Settled {
    let version = rollout.package.version();
    let reason =
        Reason::new("nothing_to_update", format!("CloudFormation says that the stack holds version {version} already"));
    let look = stages::look_again(&rollout, &reason.text, now);
    state.current = Some(Rollout { progress: Progress::Held, ..rollout });
    Settled { facts: vec![look], reasons: vec![reason], ..Settled::default() }
}

/// The failed endpoint goes; the version that waits for that is begun by the look that finds it gone.
fn removed(state: &mut State, endpoint: &str, refused: Option<String>) -> Settled {
    let Some(cause) = refused else {
        let text = format!("endpoint {endpoint} is removed: the version is begun when it is gone");
        return Settled { reasons: vec![Reason::new("removed", text)], ..Settled::default() };
    };
    state.parked = None;
    let reason = Reason::new("refused", format!("endpoint {endpoint} could not be removed: {cause}"));
    Settled { reasons: vec![reason], decision: Some(Decision::Rejected), ..Settled::default() }
}

/// The version is live whether or not it scales; that it does not is told.
fn scaled(state: &mut State, endpoint: &str, refused: Option<String>, last: bool, now: Timestamp) -> Settled {
    if let Some(live) = state.live.last_mut() {
        live.scaled |= last || refused.is_some();
    }
    let (Some(cause), Some(live)) = (refused, state.live_now()) else {
        return Settled::default();
    };
    let reason =
        Reason::new("not_scaled", format!("endpoint {endpoint} is live, but autoscaling was refused: {cause}"));
    let told = live.model.as_ref().map(|model| {
        let way = Way { model, stage: live.stage.as_ref() };
        tell(FactKind::RolloutFailed, way, &live.package, state.round(&live.package), vec![reason.text.clone()], now)
    });
    Settled { facts: told.into_iter().collect(), reasons: vec![reason], decision: Some(Decision::Acted) }
}
