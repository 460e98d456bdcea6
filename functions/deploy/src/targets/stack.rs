//! A CloudFormation stack that takes the version as a parameter. CloudFormation moves and rolls back; a rollback that
//! fails is continued once, and the remains of a stack that could not be created are deleted.

use trimtab_core::event::{Body, Event, StackRest};
use trimtab_core::plan::Reason;
use trimtab_core::policy::{StackTarget, Stage};
use trimtab_core::port::{ObservedStack, StackCall, StackRequest};
use trimtab_core::text::digest;

use super::{DeploymentTarget, Ending, EventMeaning, Finding, RolloutOutcome};
use crate::action::Action;
use crate::context::Ctx;
use crate::observation::Observed;
use crate::reason::Code;
use crate::rollout::{Phase, Progress, Resource, Rollout};
use crate::state::Queued;

impl DeploymentTarget for StackTarget {
    fn is_named_by(&self, _: &Stage, event: &Event) -> bool {
        matches!(&event.body, Body::Stack(stack) if stack.name == self.name)
    }

    fn resource(&self, _: Ctx<'_>, _: &Queued, _: &Phase) -> Resource {
        Resource::Package
    }

    fn steps(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        let step = match ctx.observed.stack.as_ref().map(|stack| stack.status.stable_state()) {
            None => Action::CreateStack { request: request(self, rollout) },
            // CloudFormation takes no update of a stack that it could not create: its remains are deleted first.
            Some(StackRest::NeverMade) => Action::DeleteStack { call: call(self, rollout, "delete") },
            Some(_) => Action::UpdateStack { request: request(self, rollout) },
        };
        vec![step]
    }

    fn pending_actions(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        let stack = ctx.observed.stack.as_ref();
        let rest = stack.map(|stack| stack.status.stable_state());
        match rollout.progress {
            // The stack moved after the decision: the call was made, although its response was lost.
            Progress::Intended if stack.is_some_and(|stack| is_of(self, stack, rollout)) => Vec::new(),
            // The stack is in transition, by this rollout or by another change. Its event decides.
            Progress::Intended if rest == Some(StackRest::Moving) => Vec::new(),
            Progress::Intended => self.steps(ctx, rollout),
            Progress::ContinuingRollback { requested: false } if rest == Some(StackRest::RollbackFailed) => {
                vec![Action::ContinueUpdateRollback { call: call(self, rollout, "continue") }]
            }
            _ => Vec::new(),
        }
    }

    fn can_end(&self, progress: &Progress) -> bool {
        matches!(
            progress,
            Progress::Intended
                | Progress::UpdatingStack
                | Progress::StackUnchanged
                | Progress::DeletingStack
                | Progress::ContinuingRollback { .. }
        )
    }

    fn find_outcome(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Option<Finding> {
        let Some(stack) = &ctx.observed.stack else {
            return (rollout.progress == Progress::DeletingStack).then(|| create_again(self, ctx, rollout));
        };
        let rest = stack.status.stable_state();
        if rest == StackRest::Moving || !is_of(self, stack, rollout) {
            return None;
        }
        match (rest, &rollout.progress) {
            // The call that continues the rollback may not have reached CloudFormation: it is made first.
            (StackRest::RollbackFailed, Progress::ContinuingRollback { requested: false }) => None,
            // The continued rollback failed again: an operator must repair the stack.
            (StackRest::RollbackFailed, Progress::ContinuingRollback { requested: true }) => {
                ending(self, stack, rollout).map(Finding::Ended)
            }
            (StackRest::RollbackFailed, _) => Some(continue_rollback(self, stack, rollout)),
            _ => ending(self, stack, rollout).map(Finding::Ended),
        }
    }

    fn on_event(&self, ctx: Ctx<'_>) -> EventMeaning {
        if let Some(finding) = ctx.state.current.as_ref().and_then(|rollout| self.find_outcome(ctx, rollout)) {
            return EventMeaning::Found(finding);
        }
        let Some(stack) = &ctx.observed.stack else {
            // A stack that blocked the queued version was deleted: the version creates it again.
            return match ctx.state.current.is_none() && ctx.state.is_waiting() {
                true => EventMeaning::TargetIsFree,
                false => EventMeaning::Ignore(Reason::new(Code::NoSuchStack, "CloudFormation has no such stack")),
            };
        };
        if stack.status.stable_state() == StackRest::Moving {
            let text = format!("CloudFormation reports that the stack is {}", stack.status);
            return EventMeaning::Ignore(Reason::new(Code::InTransition, text));
        }
        if ctx.state.current.is_some() {
            let text = format!("stack {} has not changed since the rollout was decided", self.name);
            return EventMeaning::Ignore(Reason::new(Code::BeforeRollout, text));
        }
        EventMeaning::TargetIsFree
    }

    fn takes_update_after_failure(&self) -> bool {
        false
    }

    fn blocked_by(&self, observed: &Observed) -> Option<String> {
        let stack = observed.stack.as_ref()?;
        match stack.status.stable_state() {
            StackRest::Complete | StackRest::RolledBack | StackRest::NeverMade => None,
            StackRest::Moving | StackRest::RollbackFailed | StackRest::Stuck => {
                Some(format!("stack {} is {}", self.name, stack.status))
            }
        }
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

fn call(target: &StackTarget, rollout: &Rollout, operation: &str) -> StackCall {
    StackCall { stack: target.name.clone(), role: target.role.clone(), token: token(rollout, operation) }
}

/// The `ClientRequestToken`: the same attempt and operation have the same token, so CloudFormation ignores a repetition.
fn token(rollout: &Rollout, operation: &str) -> String {
    let parts = [rollout.package.as_str(), &rollout.attempt.to_string(), &rollout.since.to_string(), operation];
    format!("trimtab-{}", digest(&parts, 40))
}

/// Whether the stack's state results from this rollout. Before CloudFormation has accepted the call, that is certain
/// only of a stack that has the version, or that has changed since the decision.
fn is_of(target: &StackTarget, stack: &ObservedStack, rollout: &Rollout) -> bool {
    let rest = stack.status.stable_state();
    match rollout.progress {
        Progress::UpdatingStack | Progress::StackUnchanged | Progress::ContinuingRollback { .. } => true,
        Progress::DeletingStack => rest == StackRest::Stuck,
        _ => {
            let has_changed = stack.changed.is_some_and(|changed| changed >= rollout.since);
            has_changed || (rest == StackRest::Complete && has_version(target, stack, rollout))
        }
    }
}

fn has_version(target: &StackTarget, stack: &ObservedStack, rollout: &Rollout) -> bool {
    stack.parameters.get(&target.parameter).map(String::as_str) == Some(rollout.package.as_str())
}

fn cause(stack: &ObservedStack) -> &str {
    stack.reason.as_deref().unwrap_or("CloudFormation gives no reason")
}

/// The end of the rollout that the stack's status shows; `None` while the stack is in transition.
fn ending(target: &StackTarget, stack: &ObservedStack, rollout: &Rollout) -> Option<Ending> {
    let (version, cause, name, status) = (rollout.version(), cause(stack), &target.name, &stack.status);
    let (outcome, code, text) = match status.stable_state() {
        StackRest::Moving => return None,
        // Nothing was updated, so a status of an earlier rollback says nothing about this version.
        StackRest::Complete | StackRest::RolledBack if rollout.progress == Progress::StackUnchanged => (
            RolloutOutcome::Live,
            Code::Live,
            format!("stack {name} has version {version}: there was nothing to update"),
        ),
        StackRest::Complete if has_version(target, stack, rollout) => {
            (RolloutOutcome::Live, Code::Live, format!("stack {name} is {status} with version {version}"))
        }
        StackRest::Complete => (
            RolloutOutcome::Failed,
            Code::StackChangedExternally,
            format!("stack {name} has another version than {version}: something else updated it"),
        ),
        StackRest::RolledBack => (
            RolloutOutcome::RolledBack,
            Code::RolledBack,
            format!("CloudFormation rolled back to the version before {version}: {cause}"),
        ),
        StackRest::NeverMade => (
            RolloutOutcome::RolledBack,
            Code::RolledBack,
            format!("CloudFormation could not create the stack with version {version}: {cause}"),
        ),
        StackRest::RollbackFailed => (
            RolloutOutcome::Failed,
            Code::RollbackFailed,
            format!("version {version} failed, and so did the rollback, twice: repair stack {name}: {cause}"),
        ),
        StackRest::Stuck => {
            (RolloutOutcome::Failed, Code::Failed, format!("the stack is {status} after version {version}: {cause}"))
        }
    };
    Some(Ending::new(outcome, Reason::new(code, text)))
}

/// CloudFormation could neither update nor roll back. Such a rollback often succeeds at the second try.
fn continue_rollback(target: &StackTarget, stack: &ObservedStack, rollout: &Rollout) -> Finding {
    let text =
        format!("the rollback from version {} failed and is continued once: {}", rollout.version(), cause(stack));
    let next = Rollout { progress: Progress::ContinuingRollback { requested: false }, ..rollout.clone() };
    Finding::Continues {
        next: Box::new(next),
        reason: Reason::new(Code::RollbackContinued, text),
        actions: vec![Action::ContinueUpdateRollback { call: call(target, rollout, "continue") }],
    }
}

/// The remains of the stack are deleted. The token of the creation contains the time, so that it is a new call.
fn create_again(target: &StackTarget, ctx: Ctx<'_>, rollout: &Rollout) -> Finding {
    let next = Rollout { progress: Progress::Intended, since: ctx.now, ..rollout.clone() };
    let actions = target.steps(ctx, &next);
    let text = "the remains of the stack that could not be created are deleted: it is created again";
    Finding::Continues { next: Box::new(next), reason: Reason::new(Code::StackDeleted, text), actions }
}
