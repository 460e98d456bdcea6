//! The outcomes of the calls, applied to the state.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::name::StageName;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::SOLE;
use trimtab_core::port::{StackAccepted, UpdateAccepted};
use trimtab_core::reactor::ActionOutcome;

use crate::action::{Action, Done};
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollout::{Cause, Phase, Progress, Rollout};
use crate::state::{Queued, State};

/// Applies the outcome of an action, or the reason for which it was refused, to the state.
pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    match action {
        Action::PutScalingPolicy { endpoint, .. } => apply_scaling(state, endpoint.as_str(), outcome.err(), now),
        Action::PutScheduledActions { endpoint, .. } => {
            // This is the last call of both.
            complete_scaling(state);
            apply_scaling(state, endpoint.as_str(), outcome.err(), now)
        }
        Action::DeleteEndpoint { endpoint, .. } => apply_deletion(state, endpoint.as_str(), outcome.err()),
        _ => apply_step(state, action, outcome, now),
    }
}

/// Applies the outcome of a call of the rollout in progress.
fn apply_step(state: &mut State, action: &Action, outcome: Result<Done, String>, now: Timestamp) -> ActionOutcome {
    let Some(rollout) = state.current.take() else {
        return ActionOutcome::default();
    };
    match (action, outcome) {
        (_, Err(cause)) => {
            let text = format!("version {} is not deployed: AWS refused a call: {cause}", rollout.version());
            let fact = about(FactKind::RolloutFailed, &rollout, &text, now);
            let reasons = vec![Reason::new(Code::Refused, text)];
            ActionOutcome { facts: vec![fact], reasons, decision: Some(Decision::Failed) }
        }
        (_, Ok(Done::Endpoint(UpdateAccepted::Busy))) => queue(state, rollout, "the endpoint", now),
        (_, Ok(Done::Stack(StackAccepted::Busy))) => queue(state, rollout, "the stack", now),
        (_, Ok(Done::Stack(StackAccepted::Nothing))) => keep_stack(state, rollout, now),
        (Action::CreateTransformJob { .. }, Ok(_)) => start(state, rollout, Progress::Transforming, now),
        (Action::DeleteStack { .. }, Ok(_)) => proceed(state, rollout, Progress::DeletingStack),
        (Action::ContinueUpdateRollback { .. }, Ok(_)) => {
            proceed(state, rollout, Progress::ContinuingRollback { requested: true })
        }
        (_, Ok(Done::Accepted)) => {
            state.current = Some(rollout);
            ActionOutcome::default()
        }
        (_, Ok(Done::Endpoint(UpdateAccepted::Started))) => start(state, rollout, Progress::UpdatingEndpoint, now),
        (_, Ok(Done::Stack(StackAccepted::Started))) => start(state, rollout, Progress::UpdatingStack, now),
        (_, Ok(Done::Execution(execution))) => start(state, rollout, Progress::RunningPipeline { execution }, now),
    }
}

fn about(kind: FactKind, rollout: &Rollout, text: &str, now: Timestamp) -> trimtab_core::fact::Fact {
    fact::about(kind, Subject::of_rollout(rollout), vec![text.to_owned()], now)
}

fn start(state: &mut State, rollout: Rollout, progress: Progress, now: Timestamp) -> ActionOutcome {
    let version = rollout.version();
    let text = match (rollout.cause, &rollout.phase) {
        (Cause::Rollback | Cause::Operator, _) => format!("rolling back to version {version}"),
        (Cause::Approved, Phase::AllTraffic) => format!("rolling out version {version}"),
        (Cause::Approved, Phase::VariantTest { .. }) => format!(
            "version {version} is tested beside the live version. To end the test early: trimtab promote {} {version} \
             --to {} --by YOUR-NAME",
            rollout.model,
            rollout.stage.as_ref().map_or(SOLE, StageName::as_str)
        ),
    };
    let fact = about(FactKind::RolloutStarted, &rollout, &text, now);
    state.current = Some(Rollout { progress, ..rollout });
    ActionOutcome { facts: vec![fact], ..ActionOutcome::default() }
}

fn proceed(state: &mut State, rollout: Rollout, progress: Progress) -> ActionOutcome {
    state.current = Some(Rollout { progress, ..rollout });
    ActionOutcome::default()
}

/// Another update began after the observation. The version is queued, unless another one was queued after it.
fn queue(state: &mut State, rollout: Rollout, target: &str, now: Timestamp) -> ActionOutcome {
    let version = rollout.version();
    let text = match &state.queued {
        None => format!("{target} is busy: version {version} is queued"),
        Some(next) => {
            format!("{target} is busy: version {} is deployed before version {version}", next.package.version())
        }
    };
    let fact = about(FactKind::RolloutQueued, &rollout, &text, now);
    let this = Queued { package: rollout.package, cause: rollout.cause, since: rollout.since };
    let another_is_wanted = state.queued.as_ref().is_some_and(|next| next.cause != Cause::Rollback);
    if !another_is_wanted || this.cause == Cause::Rollback {
        state.queue(this);
    }
    let reasons = vec![Reason::new(Code::Busy, text)];
    ActionOutcome { facts: vec![fact], reasons, decision: Some(Decision::Deferred) }
}

/// The stack has this version already. CloudFormation sends no event about it, so the stage is reconciled.
fn keep_stack(state: &mut State, rollout: Rollout, now: Timestamp) -> ActionOutcome {
    let text = format!("CloudFormation reports that the stack has version {} already", rollout.version());
    let request = fact::own_reconcile_request(&rollout, &text, now);
    state.current = Some(Rollout { progress: Progress::StackUnchanged, ..rollout });
    let reasons = vec![Reason::new(Code::NothingToUpdate, text)];
    ActionOutcome { facts: request.into_iter().collect(), reasons, ..ActionOutcome::default() }
}

/// The failed endpoint is being deleted. The queued version starts when a reconcile finds that the endpoint is gone.
fn apply_deletion(state: &mut State, endpoint: &str, refused: Option<String>) -> ActionOutcome {
    let Some(cause) = refused else {
        let text = format!("endpoint {endpoint} is being deleted: the rollout starts when it is gone");
        return ActionOutcome { reasons: vec![Reason::new(Code::Removed, text)], ..ActionOutcome::default() };
    };
    // The operator sees the refusal, and must request the rollback again after the repair.
    state.queued = None;
    let text = format!("endpoint {endpoint} could not be deleted: {cause}. Repair it and request the rollback again");
    let reasons = vec![Reason::new(Code::Refused, text)];
    ActionOutcome { reasons, decision: Some(Decision::Failed), ..ActionOutcome::default() }
}

fn complete_scaling(state: &mut State) {
    if let Some(live) = state.live.last_mut() {
        live.scaled = true;
    }
}

/// The version is live whether or not it scales; a refusal is reported, and not requested again.
fn apply_scaling(state: &mut State, endpoint: &str, refused: Option<String>, now: Timestamp) -> ActionOutcome {
    let Some(cause) = refused else { return ActionOutcome::default() };
    complete_scaling(state);
    let Some(live) = state.live_now() else { return ActionOutcome::default() };
    let text = format!("endpoint {endpoint} is live, but its autoscaling was refused: {cause}");
    let subject = Subject::of_live(live, state);
    let fact = fact::about(FactKind::RolloutFailed, subject, vec![text.clone()], now);
    let reasons = vec![Reason::new(Code::NotScaled, text)];
    ActionOutcome { facts: vec![fact], reasons, decision: Some(Decision::Acted) }
}
