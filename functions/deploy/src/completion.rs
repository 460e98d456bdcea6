//! How rollouts end, and what follows: the version is live, the alarm sent it back, it failed.
//! Whatever waited goes next.

use trimtab_core::event::{Approval, CodePipelineExecution, CodePipelineState, EndpointStatus};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::port::ObservedEndpoint;
use trimtab_core::reactor::Context;

use crate::action::Action;
use crate::decide::{Answer, Observed};
use crate::rollout::{Cause, Phase, Progress, Queued, Rollout, State};
use crate::start::start_or_queue;
use crate::{alarm_data, rollback, smoke_test, stage_promotion, transform, variant_test};

/// The endpoint came to rest, or to grief.
pub(crate) fn on_endpoint(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Answer {
    let Some(actual) = &ctx.observed.endpoint else {
        // A failed endpoint that was removed for a version that waits is gone.
        if ctx.state.waits() && ctx.state.current.is_none() {
            return on_rest(ctx, policy, deploy);
        }
        return Plan::skip("no_such_endpoint", "SageMaker knows no such endpoint");
    };
    if actual.status.is_moving() {
        return Plan::skip("still_moving", format!("SageMaker says that the endpoint is {}", actual.status));
    }
    let Some(rollout) = &ctx.state.current else {
        return on_rest(ctx, policy, deploy);
    };
    if let Some(answer) = variant_test::at_rest(ctx, policy, deploy, rollout) {
        return answer;
    }
    if rollout.progress == Progress::Intended {
        return match rollout.ended(Some(actual)) {
            // An attempt died after the update: it has come to its end all the same.
            Some(actual) => found(ctx, policy, deploy, rollout, actual),
            None => Plan::skip("before_rollout", "the endpoint has not heard of the rollout that is on"),
        };
    }
    // EventBridge gives whole seconds.
    if ctx.event.envelope.time.as_second() < rollout.since.as_second() {
        return Plan::skip("before_rollout", "this event is older than the rollout that is on");
    }
    let (kind, reason) = verdict(actual, rollout);
    end(ctx, policy, deploy, rollout, kind, reason)
}

/// What serves is at rest, and no rollout is on: what waits goes next.
pub(crate) fn on_rest(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Answer {
    follow_on(ctx, policy, deploy, ctx.state.clone(), vec![])
}

/// CodePipeline's execution ended.
pub(crate) fn on_delivery(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    delivery: &CodePipelineExecution,
) -> Answer {
    let Some(rollout) = ctx
        .state
        .current
        .as_ref()
        .filter(|r| r.progress == Progress::Delivering { execution: delivery.execution.clone() })
    else {
        return Plan::skip("other_execution", "this execution does not belong to the rollout that is on");
    };
    if ctx.observed.delivery.is_none() {
        return Plan::fail(
            "no_such_execution",
            "CodePipeline knows no such execution: the event is forged or the execution is gone",
        );
    }
    delivered(ctx, policy, deploy, rollout)
        .unwrap_or_else(|| Plan::skip("still_running", "CodePipeline says that the execution has not ended"))
}

/// Closes the rollout if CodePipeline says that its execution has ended.
pub(crate) fn delivered(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let version = rollout.package.version();
    let (kind, reason) = match ctx.observed.delivery.as_ref()? {
        CodePipelineState::Started
        | CodePipelineState::Resumed
        | CodePipelineState::Stopping
        | CodePipelineState::Other(_) => {
            return None;
        }
        CodePipelineState::Succeeded => {
            (FactKind::RolloutSucceeded, Reason::new("live", format!("CodePipeline has delivered version {version}")))
        }
        _ => (
            FactKind::RolloutFailed,
            Reason::new("delivery_failed", format!("CodePipeline did not deliver version {version}")),
        ),
    };
    Some(end(ctx, policy, deploy, rollout, kind, reason))
}

/// What the endpoint at rest says of the rollout.
fn verdict(actual: &ObservedEndpoint, rollout: &Rollout) -> (FactKind, Reason) {
    let version = rollout.package.version();
    let cause = actual.failure.as_deref().unwrap_or("SageMaker gives no reason");
    match actual.status {
        EndpointStatus::InService if actual.config.as_deref() == Some(&rollout.config) => (
            FactKind::RolloutSucceeded,
            Reason::new("live", format!("the endpoint is in service with version {version}")),
        ),
        EndpointStatus::InService => (
            FactKind::RolloutRolledBack,
            Reason::new("rolled_back", format!("the endpoint went back to the version before {version}: {cause}")),
        ),
        EndpointStatus::UpdateRollbackFailed => (
            FactKind::RolloutFailed,
            Reason::new(
                "rollback_failed",
                format!("version {version} failed and so did going back; old and new serve side by side: {cause}"),
            ),
        ),
        _ => (
            FactKind::RolloutFailed,
            Reason::new("failed", format!("the endpoint is {} after version {version}: {cause}", actual.status)),
        ),
    }
}

/// The endpoint has come to rest after a rollout, and nobody has heard of it: the answer to the
/// update was lost, or the event of its end. The update is not made again.
pub(crate) fn found(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    actual: &ObservedEndpoint,
) -> Answer {
    let (kind, Reason { code, text }) = verdict(actual, rollout);
    end(ctx, policy, deploy, rollout, kind, Reason::new(code, format!("{text} (as the endpoint shows)")))
}

/// The policy serves by something else than when the rollout began: nobody would hear of its end.
pub(crate) fn given_up(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Answer {
    let version = rollout.package.version();
    let text = format!("the policy was changed while version {version} was on its way: how that ends is not followed");
    end(ctx, policy, deploy, rollout, FactKind::RolloutFailed, Reason::new("given_up", text))
}

/// Closes the rollout and begins what waited.
pub(crate) fn end(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    kind: FactKind,
    reason: Reason,
) -> Answer {
    if kind == FactKind::RolloutSucceeded && rollout.phase != Phase::Last {
        return variant_test::begun(ctx, policy, deploy, rollout);
    }
    if kind == FactKind::RolloutSucceeded
        && let Some(back) = alarm_data::go_back(ctx, policy, deploy, rollout)
            .or_else(|| smoke_test::failed(ctx, policy, deploy, rollout))
    {
        return back;
    }
    let mut state = State { current: None, ..ctx.state.clone() };
    let told = rollout.tell(kind, &reason.text, ctx.now);
    if kind == FactKind::RolloutFailed && matches!(deploy.target, Target::Transform(_)) {
        transform::stay(&mut state);
    }
    let mut plan = if kind == FactKind::RolloutSucceeded {
        state.make_live(rollout, !scaling(deploy).is_empty(), ctx.now);
        follow_on(ctx, policy, deploy, state, vec![reason])
    } else if kind == FactKind::RolloutFailed
        && matches!(deploy.target, Target::Endpoint(_) | Target::Stack(_))
        && !rollback::waits(&state)
    {
        // An endpoint or a stack in this state takes no update: what waits, waits for a person.
        Plan { reasons: vec![reason], ..Plan::update(state, "", "") }
    } else {
        follow_on(ctx, policy, deploy, state, vec![reason])
    };
    plan.facts.insert(0, told);
    if kind == FactKind::RolloutSucceeded {
        plan.actions.splice(0..0, scaling(deploy));
        // What an operator waits to take back goes no further.
        if rollout.cause == Cause::Approved && !rollback::waits(ctx.state) {
            plan.facts.extend(stage_promotion::onward(policy, deploy, rollout, ctx.now));
        }
    }
    plan
}

/// How many instances there are, by what is asked of them and by the clock.
pub(crate) fn scaling(deploy: &Deployment) -> Vec<Action> {
    let Target::Endpoint(target) = &deploy.target else {
        return Vec::new();
    };
    let Some(limits) = &target.autoscaling else {
        return Vec::new();
    };
    let (service, endpoint, place) = ("application-autoscaling", target.name.clone(), deploy.place.clone());
    let (limits, again) = (limits.clone(), limits.clone());
    vec![
        Action::PutScalingPolicy { service, endpoint: endpoint.clone(), limits, place: place.clone() },
        Action::PutScheduledActions { service, endpoint, limits: again, place },
    ]
}

/// Begins the version that waits, if one does and it is still wanted; or goes back, if that gave way to it.
pub(crate) fn follow_on(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    mut state: State,
    mut reasons: Vec<Reason>,
) -> Answer {
    let Some(wanted) = state.queued.take() else {
        return go_back_after_all(ctx, policy, deploy, state, reasons);
    };
    let version = wanted.package.version();
    let by_hand = wanted.cause == Cause::Operator;
    if by_hand && rollback::is_there(&Context { state: &state, ..*ctx }, &wanted.package) {
        reasons.push(Reason::new("already_there", format!("version {version} serves already")));
        return Plan { reasons, ..Plan::update(state, "", "") };
    }
    let approved = by_hand || ctx.observed.queued.as_ref().is_some_and(|actual| actual.approval == Approval::Approved);
    if !approved {
        reasons.push(Reason::new(
            "no_longer_approved",
            format!("version {version} waited, and the registry no longer says Approved"),
        ));
        return go_back_after_all(ctx, policy, deploy, state, reasons);
    }
    reasons.push(Reason::new("resumed", format!("version {version} waited for this")));
    let mut plan = start_or_queue(ctx, policy, deploy, state, wanted, reasons);
    if plan.decision != Decision::Failed {
        return plan;
    }
    // The version is held back; the event that ended the rollout before it has had its answer.
    let state = plan.state.take().unwrap_or_default();
    let mut next = go_back_after_all(ctx, policy, deploy, state, plan.reasons);
    next.facts.splice(0..0, plan.facts);
    next
}

/// Nothing waits: production goes back, if a rejected version serves and going back gave way to what waited.
fn go_back_after_all(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    mut state: State,
    mut reasons: Vec<Reason>,
) -> Answer {
    let due = std::mem::take(&mut state.rollback_pending);
    let back = ctx.observed.back.as_ref().is_some_and(|actual| due && actual.approval == Approval::Approved);
    if let Some(package) = state.last_good().filter(|_| back).map(|live| live.package.clone()) {
        let text = format!("a rejected version serves: going back to version {}", package.version());
        reasons.push(Reason::new("rollback", text));
        state.begin_new_attempt(&package);
        let wanted = Queued { package, cause: Cause::Rollback, since: ctx.now };
        return start_or_queue(ctx, policy, deploy, state, wanted, reasons);
    }
    match reasons.is_empty() && !due {
        true => Plan::skip("no_rollout", "no rollout is on and none waits"),
        false => Plan { reasons, ..Plan::update(state, "", "") },
    }
}
