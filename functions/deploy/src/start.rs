//! How a rollout begins, or waits, or is taken up again; and the calls that it consists of.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::monitor::Capture;
use trimtab_core::policy::{EndpointTarget, Policy, Stage as Deployment, Strategy, Target};
use trimtab_core::port::{
    Beside, CodePipelineRequest, EndpointRequest, ModelRequest, ObservedEndpoint, ServingRequest,
};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::action::Action;
use crate::decide::{Answer, Observed};
use crate::naming::{serving_name, trial_name};
use crate::rollout::{Cause, Phase, Progress, Queued, Rollout, State};
use crate::rollout_fact::{RolloutScope, tell};
use crate::{alarm_data, rollback, stack, transform, variant_test};

/// Begins the rollout if nothing stands in its way; otherwise it waits for the event that ends
/// what does.
pub(crate) fn start_or_queue(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    mut state: State,
    wanted: Queued,
    mut reasons: Vec<Reason>,
) -> Answer {
    if wanted.cause != Cause::Operator && rollback::goes_first(ctx, deploy, &state) {
        return rollback::after(ctx, policy, deploy, state, &wanted, reasons);
    }
    let busy = match &deploy.target {
        _ if state.current.is_some() => Some("a rollout is on".to_owned()),
        Target::Endpoint(target) => ctx.observed.endpoint.as_ref().and_then(|actual| in_the_way(target, actual)),
        Target::Pipeline(_) | Target::Transform(_) => None,
        Target::Stack(target) => stack::in_the_way(target, ctx.observed.stack.as_ref()),
    };
    let attempt = state.attempt(&wanted.package);
    if let Some(cause) = busy {
        let reason = Reason::new("queued", format!("{cause}: version {} waits for its end", wanted.package.version()));
        let (scope, texts) = (RolloutScope::of(policy, deploy), vec![reason.text.clone()]);
        let told = tell(FactKind::RolloutQueued, scope, &wanted.package, attempt, texts, ctx.now);
        reasons.push(reason);
        let facts = if state.queue(wanted) { vec![told] } else { vec![] };
        return Plan { decision: Decision::Deferred, reasons, state: Some(state), actions: vec![], facts };
    }
    if let Some(held) = alarm_data::hold(ctx, policy, deploy, &state, &wanted) {
        return held;
    }
    if let Target::Endpoint(target) = &deploy.target
        && let Some(remove) = rollback::remove_first(target, deploy, ctx.observed.endpoint.as_ref(), &wanted)
    {
        reasons.push(Reason::new("removed_first", "the endpoint has failed: it is removed, and then made anew"));
        state.queued = Some(wanted);
        return Plan {
            decision: Decision::Deferred,
            reasons,
            state: Some(state),
            actions: vec![remove],
            facts: vec![],
        };
    }
    // The newest approval wins: an older one that waited never follows it.
    let is_older = |queued: &mut Queued| {
        wanted.cause == Cause::Approved
            && queued.cause == Cause::Approved
            && queued.package.version() < wanted.package.version()
    };
    if let Some(older) = state.queued.take_if(is_older) {
        let text = format!("version {} waited, and gives way to this one", older.package.version());
        reasons.push(Reason::new("superseded", text));
    }
    state.rollback_pending &= wanted.cause != Cause::Rollback;
    let phase = variant_test::phase(ctx, deploy, &state, &wanted);
    let config = config(policy, deploy, &state, &wanted, &phase, ctx.now);
    let Queued { package, cause, .. } = wanted;
    let (model, stage, since, progress) = (policy.model.clone(), deploy.label().cloned(), ctx.now, Progress::Intended);
    let rollout = Rollout {
        model,
        stage,
        attempt,
        package,
        cause,
        config,
        since,
        progress,
        late: false,
        phase,
        promoted_by: None,
    };
    let actions = steps(policy, deploy, ctx.observed, &rollout);
    state.current = Some(rollout);
    Plan { decision: Decision::Acted, reasons, state: Some(state), actions, facts: vec![] }
}

/// What makes the rollout known again where it arrives.
fn config(
    policy: &Policy,
    deploy: &Deployment,
    state: &State,
    wanted: &Queued,
    phase: &Phase,
    now: Timestamp,
) -> String {
    let target = match &deploy.target {
        Target::Endpoint(target) => target,
        Target::Transform(target) => return transform::job(target, &wanted.package, now),
        Target::Pipeline(_) | Target::Stack(_) => return wanted.package.to_string(),
    };
    match (phase, &target.trial) {
        (Phase::Trial { live, model }, Some(trial)) => trial_name(&policy.model, &wanted.package, model, trial, live),
        _ => known_config(state, wanted)
            .unwrap_or_else(|| serving_name(&policy.model, &wanted.package, target, capture(policy, deploy))),
    }
}

/// Takes up a rollout that an earlier attempt left between its intent and its end.
pub(crate) fn resume(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Answer {
    let actions = steps(policy, deploy, ctx.observed, rollout);
    let reason = Reason::new("resumed", "an earlier attempt did not complete: its pending actions are resumed");
    Plan { actions, ..Plan::only(Decision::Acted, reason) }
}

/// What keeps the endpoint from taking an update, if anything does.
fn in_the_way(target: &EndpointTarget, actual: &ObservedEndpoint) -> Option<String> {
    actual.status.is_moving().then(|| format!("endpoint {} is {}", target.name, actual.status))
}

/// A version that was live has its configuration: going back is going back to exactly that.
fn known_config(state: &State, wanted: &Queued) -> Option<String> {
    (wanted.cause != Cause::Approved)
        .then(|| state.live.iter().rev().find(|live| live.package == wanted.package))
        .flatten()
        .map(|live| live.config.clone())
}

/// What the endpoint keeps of its traffic, for those who watch it: production's, in this account.
pub(crate) fn capture<'a>(policy: &'a Policy, deploy: &Deployment) -> Option<&'a Capture> {
    let Target::Endpoint(target) = &deploy.target else { return None };
    let watched = deploy.place.is_none() && policy.endpoint().is_some_and(|watched| watched.name == target.name);
    policy.monitor.as_ref().filter(|_| watched).map(|monitor| &monitor.capture)
}

/// The calls that bring the version to production, in order.
pub(crate) fn steps(policy: &Policy, deploy: &Deployment, observed: &Observed, rollout: &Rollout) -> Vec<Action> {
    match &deploy.target {
        Target::Pipeline(target) => vec![Action::StartPipelineExecution {
            service: "codepipeline",
            request: CodePipelineRequest {
                pipeline: target.name.clone(),
                variable: target.variable.clone(),
                package: rollout.package.clone(),
                token: format!("trimtab-{}", digest(&[rollout.package.as_str(), &rollout.since.to_string()], 40)),
                since: rollout.since,
            },
        }],
        Target::Endpoint(target) => serve(policy, deploy, target, observed.endpoint.as_ref(), rollout),
        Target::Stack(target) => vec![stack::step(target, observed.stack.as_ref(), rollout)],
        Target::Transform(target) => transform::steps(policy, deploy, target, rollout),
    }
}

/// On trial all goes at once: SageMaker moves in steps only between the same variants.
fn serve(
    policy: &Policy,
    deploy: &Deployment,
    target: &EndpointTarget,
    endpoint: Option<&ObservedEndpoint>,
    rollout: &Rollout,
) -> Vec<Action> {
    let service = "sagemaker";
    let (model, beside, strategy) = match (&rollout.phase, &target.trial) {
        (Phase::Trial { live, model }, Some(trial)) => {
            (model, Some(Beside { live: live.clone(), trial: trial.clone() }), Strategy::AllAtOnce)
        }
        // Whoever goes back by hand does not wait for alarms that ring already.
        _ if rollout.cause == Cause::Operator => (&rollout.config, None, Strategy::AllAtOnce),
        _ => (&rollout.config, None, target.strategy.clone()),
    };
    let model = ModelRequest {
        model: model.clone(),
        package: rollout.package.clone(),
        role: target.role.clone(),
        place: deploy.place.clone(),
    };
    let serving = ServingRequest {
        name: rollout.config.clone(),
        model: model.model.clone(),
        serving: target.serving.clone(),
        capture: capture(policy, deploy).cloned(),
        beside,
        place: deploy.place.clone(),
    };
    let (endpoint_name, config, place) = (target.name.clone(), rollout.config.clone(), deploy.place.clone());
    let request = EndpointRequest { endpoint: endpoint_name, config, strategy, place };
    let last = match endpoint {
        None => Action::CreateEndpoint { service, request },
        Some(_) => Action::UpdateEndpoint { service, request },
    };
    match rollout.cause {
        Cause::Rollback => vec![last],
        // What is there already is not made again.
        Cause::Approved | Cause::Operator => vec![
            Action::CreateModel { service, request: model },
            Action::CreateEndpointConfig { service, request: serving },
            last,
        ],
    }
}
