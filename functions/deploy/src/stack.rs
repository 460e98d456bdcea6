//! A version that a CloudFormation stack takes: what the stack's status means for the rollout, and
//! which call comes next.

use trimtab_core::event::{Stack, StackRest};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, StackTarget, Stage as Deployment, Target};
use trimtab_core::port::stack::{StackCall, StackRequest, StackTruth};
use trimtab_core::react::Case;
use trimtab_core::text::digest;

use crate::action::Action;
use crate::begin::steps;
use crate::decide::{Answer, Seen};
use crate::endings;
use crate::rollout::{Progress, Rollout, State};

const SERVICE: &str = "cloudformation";

/// What keeps the stack from taking an update, if anything does.
pub(crate) fn in_the_way(target: &StackTarget, truth: Option<&StackTruth>) -> Option<String> {
    let truth = truth?;
    match truth.status.rest() {
        StackRest::Complete | StackRest::RolledBack | StackRest::NeverMade => None,
        StackRest::Moving | StackRest::RollbackFailed | StackRest::Stuck => {
            Some(format!("stack {} is {}", target.name, truth.status))
        }
    }
}

/// The call that brings the stack further: what is left of one that could not be made goes first.
pub(crate) fn step(target: &StackTarget, truth: Option<&StackTruth>, rollout: &Rollout) -> Action {
    let service = SERVICE;
    match truth.map(|truth| truth.status.rest()) {
        None => Action::CreateStack { service, request: request(target, rollout) },
        Some(StackRest::NeverMade) => Action::DeleteStack { service, call: call(target, rollout, "delete") },
        Some(_) => Action::UpdateStack { service, request: request(target, rollout) },
    }
}

fn request(target: &StackTarget, rollout: &Rollout) -> StackRequest {
    let mut parameters = target.parameters.clone();
    parameters.insert(target.parameter.clone(), rollout.package.to_string());
    StackRequest {
        stack: target.name.clone(),
        template: target.template.clone(),
        role: target.role.clone(),
        parameters,
        capabilities: target.capabilities.clone(),
        token: token(rollout, "update"),
    }
}

fn call(target: &StackTarget, rollout: &Rollout, what: &str) -> StackCall {
    StackCall { stack: target.name.clone(), role: target.role.clone(), token: token(rollout, what) }
}

/// Made of the package, its turn and what is asked for; CloudFormation knows the event by it.
fn token(rollout: &Rollout, what: &str) -> String {
    let parts = [rollout.package.as_str(), &rollout.round.to_string(), &rollout.since.to_string(), what];
    format!("trimtab-{}", digest(&parts, 40))
}

/// The stack came to rest, or is gone.
pub(crate) fn on_stack(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, stack: &Stack) -> Answer {
    if let Some(answer) = found(case, policy, deploy) {
        return answer;
    }
    match (&case.state.current, &case.seen.stack) {
        (None, Some(truth)) if truth.status.rest() != StackRest::Moving => endings::on_rest(case, policy, deploy),
        (Some(_), Some(truth)) if truth.status.rest() != StackRest::Moving => {
            Plan::skip("before_rollout", format!("stack {} has not heard of the rollout that is on", stack.name))
        }
        (_, Some(truth)) => {
            Plan::skip("still_moving", format!("CloudFormation says that the stack is {}", truth.status))
        }
        // What was in the way is deleted: what waited for that is made.
        (None, None) if case.state.waits() => endings::on_rest(case, policy, deploy),
        (_, None) => Plan::skip("no_such_stack", "CloudFormation knows no such stack"),
    }
}

/// What the stack says of the rollout that is on; `None` where it says nothing.
pub(crate) fn found(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let Target::Stack(target) = &deploy.target else { return None };
    let rollout = case.state.current.as_ref()?;
    let Some(truth) = &case.seen.stack else {
        return (rollout.progress == Progress::Clearing).then(|| cleared(case, policy, deploy, rollout));
    };
    if truth.status.rest() == StackRest::Moving || !is_ours(target, truth, rollout) {
        return None;
    }
    if truth.status.rest() == StackRest::RollbackFailed && !matches!(rollout.progress, Progress::Continuing { .. }) {
        return Some(go_back(case, target, rollout, truth));
    }
    // The call to try again has not been made, or has not been answered: it is made first.
    if truth.status.rest() == StackRest::RollbackFailed && rollout.progress == (Progress::Continuing { told: false }) {
        return None;
    }
    let (kind, reason) = verdict(target, truth, rollout)?;
    Some(endings::end(case, policy, deploy, rollout, kind, reason))
}

/// Whether the stack's state is what came of this rollout. Before CloudFormation has taken it, only
/// a stack that holds the version, or has changed since, can be.
fn is_ours(target: &StackTarget, truth: &StackTruth, rollout: &Rollout) -> bool {
    let since = truth.changed.is_some_and(|changed| changed >= rollout.since);
    match rollout.progress {
        Progress::Stacking | Progress::Held | Progress::Continuing { .. } => true,
        Progress::Clearing => truth.status.rest() == StackRest::Stuck,
        _ => since || (holds(target, truth, rollout) && truth.status.rest() == StackRest::Complete),
    }
}

fn holds(target: &StackTarget, truth: &StackTruth, rollout: &Rollout) -> bool {
    truth.parameters.get(&target.parameter).map(String::as_str) == Some(rollout.package.as_str())
}

fn verdict(target: &StackTarget, truth: &StackTruth, rollout: &Rollout) -> Option<(FactKind, Reason)> {
    let version = rollout.package.version();
    let cause = truth.reason.as_deref().unwrap_or("CloudFormation gives no reason");
    Some(match truth.status.rest() {
        StackRest::Moving => return None,
        StackRest::Complete | StackRest::RolledBack if rollout.progress == Progress::Held => (
            FactKind::RolloutSucceeded,
            Reason::new("live", format!("stack {} holds version {version}: there was nothing to update", target.name)),
        ),
        StackRest::Complete if holds(target, truth, rollout) => (
            FactKind::RolloutSucceeded,
            Reason::new("live", format!("stack {} is {} with version {version}", target.name, truth.status)),
        ),
        StackRest::Complete => (
            FactKind::RolloutFailed,
            Reason::new("overtaken", format!("stack {} holds another version than {version}", target.name)),
        ),
        StackRest::RolledBack => (
            FactKind::RolloutRolledBack,
            Reason::new("rolled_back", format!("CloudFormation went back to the version before {version}: {cause}")),
        ),
        StackRest::NeverMade => (
            FactKind::RolloutRolledBack,
            Reason::new("rolled_back", format!("the stack could not be made with version {version}: {cause}")),
        ),
        StackRest::RollbackFailed => (
            FactKind::RolloutFailed,
            Reason::new(
                "rollback_failed",
                format!("version {version} failed, and so did going back, twice: a person has to mend it: {cause}"),
            ),
        ),
        StackRest::Stuck => (
            FactKind::RolloutFailed,
            Reason::new("failed", format!("the stack is {} after version {version}: {cause}", truth.status)),
        ),
    })
}

/// CloudFormation could go neither on nor back: it is told once to try again.
fn go_back(case: &Case<'_, State, Seen>, target: &StackTarget, rollout: &Rollout, truth: &StackTruth) -> Answer {
    let version = rollout.package.version();
    let cause = truth.reason.as_deref().unwrap_or("CloudFormation gives no reason");
    let reason =
        Reason::new("continued", format!("going back from version {version} failed: it is tried once more: {cause}"));
    let next = Rollout { progress: Progress::Continuing { told: false }, ..rollout.clone() };
    let action = Action::ContinueUpdateRollback { service: SERVICE, call: call(target, rollout, "continue") };
    let state = State { current: Some(next), ..case.state.clone() };
    Plan::only(Decision::Acted, reason).with_state(state).doing(action)
}

/// What was left of the stack is gone: it is made.
fn cleared(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, rollout: &Rollout) -> Answer {
    let reason = Reason::new("cleared", "what was left of a stack that could not be made is deleted: it is made again");
    let next = Rollout { progress: Progress::Intended, since: case.now, ..rollout.clone() };
    let actions = steps(policy, deploy, case.seen, &next);
    let state = State { current: Some(next), ..case.state.clone() };
    Plan { actions, ..Plan::only(Decision::Acted, reason).with_state(state) }
}

/// What is left to do of a rollout that an earlier attempt did not finish.
pub(crate) fn left(target: &StackTarget, seen: &Seen, rollout: &Rollout) -> Vec<Action> {
    let truth = seen.stack.as_ref();
    let rest = truth.map(|truth| truth.status.rest());
    match &rollout.progress {
        Progress::Intended if truth.is_some_and(|truth| is_ours(target, truth, rollout)) => Vec::new(),
        // It is at something: at this, or its end will be heard of.
        Progress::Intended if rest == Some(StackRest::Moving) => Vec::new(),
        Progress::Intended => vec![step(target, truth, rollout)],
        Progress::Continuing { told: false } if rest == Some(StackRest::RollbackFailed) => {
            vec![Action::ContinueUpdateRollback { service: SERVICE, call: call(target, rollout, "continue") }]
        }
        _ => Vec::new(),
    }
}
