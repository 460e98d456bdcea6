//! A version that a CloudFormation stack takes: what the stack's status means for the rollout, and
//! which call comes next.

use trimtab_core::event::{Stack, StackRest};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, StackTarget, Stage as Deployment, Target};
use trimtab_core::port::{ObservedStack, StackCall, StackRequest};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::action::Action;
use crate::completion;
use crate::decide::{Answer, Observed};
use crate::rollout::{Progress, Rollout, State};
use crate::start::steps;

const SERVICE: &str = "cloudformation";

/// What keeps the stack from taking an update, if anything does.
pub(crate) fn in_the_way(target: &StackTarget, actual: Option<&ObservedStack>) -> Option<String> {
    let actual = actual?;
    match actual.status.rest() {
        StackRest::Complete | StackRest::RolledBack | StackRest::NeverMade => None,
        StackRest::Moving | StackRest::RollbackFailed | StackRest::Stuck => {
            Some(format!("stack {} is {}", target.name, actual.status))
        }
    }
}

/// The call that brings the stack further: what is left of one that could not be made goes first.
pub(crate) fn step(target: &StackTarget, actual: Option<&ObservedStack>, rollout: &Rollout) -> Action {
    let service = SERVICE;
    match actual.map(|actual| actual.status.rest()) {
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
    let parts = [rollout.package.as_str(), &rollout.attempt.to_string(), &rollout.since.to_string(), what];
    format!("trimtab-{}", digest(&parts, 40))
}

/// The stack came to rest, or is gone.
pub(crate) fn on_stack(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    stack: &Stack,
) -> Answer {
    if let Some(answer) = found(ctx, policy, deploy) {
        return answer;
    }
    match (&ctx.state.current, &ctx.observed.stack) {
        (None, Some(actual)) if actual.status.rest() != StackRest::Moving => completion::on_rest(ctx, policy, deploy),
        (Some(_), Some(actual)) if actual.status.rest() != StackRest::Moving => {
            Plan::skip("before_rollout", format!("stack {} has not heard of the rollout that is on", stack.name))
        }
        (_, Some(actual)) => {
            Plan::skip("still_moving", format!("CloudFormation says that the stack is {}", actual.status))
        }
        // What was in the way is deleted: what waited for that is made.
        (None, None) if ctx.state.waits() => completion::on_rest(ctx, policy, deploy),
        (_, None) => Plan::skip("no_such_stack", "CloudFormation knows no such stack"),
    }
}

/// What the stack says of the rollout that is on; `None` where it says nothing.
pub(crate) fn found(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let Target::Stack(target) = &deploy.target else { return None };
    let rollout = ctx.state.current.as_ref()?;
    let Some(actual) = &ctx.observed.stack else {
        return (rollout.progress == Progress::Clearing).then(|| cleared(ctx, policy, deploy, rollout));
    };
    if actual.status.rest() == StackRest::Moving || !is_ours(target, actual, rollout) {
        return None;
    }
    if actual.status.rest() == StackRest::RollbackFailed && !matches!(rollout.progress, Progress::Continuing { .. }) {
        return Some(go_back(ctx, target, rollout, actual));
    }
    // The call to try again has not been made, or has not been answered: it is made first.
    if actual.status.rest() == StackRest::RollbackFailed && rollout.progress == (Progress::Continuing { told: false }) {
        return None;
    }
    let (kind, reason) = verdict(target, actual, rollout)?;
    Some(completion::end(ctx, policy, deploy, rollout, kind, reason))
}

/// Whether the stack's state is what came of this rollout. Before CloudFormation has taken it, only
/// a stack that holds the version, or has changed since, can be.
fn is_ours(target: &StackTarget, actual: &ObservedStack, rollout: &Rollout) -> bool {
    let since = actual.changed.is_some_and(|changed| changed >= rollout.since);
    match rollout.progress {
        Progress::Stacking | Progress::Held | Progress::Continuing { .. } => true,
        Progress::Clearing => actual.status.rest() == StackRest::Stuck,
        _ => since || (holds(target, actual, rollout) && actual.status.rest() == StackRest::Complete),
    }
}

fn holds(target: &StackTarget, actual: &ObservedStack, rollout: &Rollout) -> bool {
    actual.parameters.get(&target.parameter).map(String::as_str) == Some(rollout.package.as_str())
}

fn verdict(target: &StackTarget, actual: &ObservedStack, rollout: &Rollout) -> Option<(FactKind, Reason)> {
    let version = rollout.package.version();
    let cause = actual.reason.as_deref().unwrap_or("CloudFormation gives no reason");
    Some(match actual.status.rest() {
        StackRest::Moving => return None,
        StackRest::Complete | StackRest::RolledBack if rollout.progress == Progress::Held => (
            FactKind::RolloutSucceeded,
            Reason::new("live", format!("stack {} holds version {version}: there was nothing to update", target.name)),
        ),
        StackRest::Complete if holds(target, actual, rollout) => (
            FactKind::RolloutSucceeded,
            Reason::new("live", format!("stack {} is {} with version {version}", target.name, actual.status)),
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
            Reason::new("failed", format!("the stack is {} after version {version}: {cause}", actual.status)),
        ),
    })
}

/// CloudFormation could go neither on nor back: it is told once to try again.
fn go_back(
    ctx: &Context<'_, State, Observed>,
    target: &StackTarget,
    rollout: &Rollout,
    actual: &ObservedStack,
) -> Answer {
    let version = rollout.package.version();
    let cause = actual.reason.as_deref().unwrap_or("CloudFormation gives no reason");
    let reason =
        Reason::new("continued", format!("going back from version {version} failed: it is tried once more: {cause}"));
    let next = Rollout { progress: Progress::Continuing { told: false }, ..rollout.clone() };
    let action = Action::ContinueUpdateRollback { service: SERVICE, call: call(target, rollout, "continue") };
    let state = State { current: Some(next), ..ctx.state.clone() };
    Plan::only(Decision::Acted, reason).with_state(state).with_action(action)
}

/// What was left of the stack is gone: it is made.
fn cleared(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment, rollout: &Rollout) -> Answer {
    let reason = Reason::new("cleared", "what was left of a stack that could not be made is deleted: it is made again");
    let next = Rollout { progress: Progress::Intended, since: ctx.now, ..rollout.clone() };
    let actions = steps(policy, deploy, ctx.observed, &next);
    let state = State { current: Some(next), ..ctx.state.clone() };
    Plan { actions, ..Plan::only(Decision::Acted, reason).with_state(state) }
}

/// What is left to do of a rollout that an earlier attempt did not finish.
pub(crate) fn pending_actions(target: &StackTarget, observed: &Observed, rollout: &Rollout) -> Vec<Action> {
    let actual = observed.stack.as_ref();
    let rest = actual.map(|actual| actual.status.rest());
    match &rollout.progress {
        Progress::Intended if actual.is_some_and(|actual| is_ours(target, actual, rollout)) => Vec::new(),
        // It is at something: at this, or its end will be heard of.
        Progress::Intended if rest == Some(StackRest::Moving) => Vec::new(),
        Progress::Intended => vec![step(target, actual, rollout)],
        Progress::Continuing { told: false } if rest == Some(StackRest::RollbackFailed) => {
            vec![Action::ContinueUpdateRollback { service: SERVICE, call: call(target, rollout, "continue") }]
        }
        _ => Vec::new(),
    }
}
