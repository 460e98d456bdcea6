//! Dispatches an event to the planner. Knows no AWS SDK.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::TransformName;
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Subject};
use trimtab_core::request::Request;

use crate::action::{Action, Done};
use crate::context::Ctx;
use crate::observation::Observed;
use crate::planner::{Plan, completion, operator_rollback, package, promotion};
use crate::reason::Code;
use crate::rollout::Cause;
use crate::state::State;
use crate::{apply_outcome, reconcile, stage_promotion, targets};

/// The deciding half of `deploy`.
#[derive(Debug, Clone, Copy)]
pub struct Deploy;

impl Decide for Deploy {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "deploy";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: String| Key { kind, name };
        match &event.body {
            Body::Package(package) => Subject::Key(key(KeyKind::PackageGroup, package.arn.group().to_owned())),
            Body::Endpoint(endpoint) => Subject::Key(key(KeyKind::Endpoint, endpoint.name.to_string())),
            // CodePipeline reports every pipeline of the account, CloudFormation every stack, and SageMaker every job.
            // Most of them belong to no policy.
            Body::CodePipelineExecution(execution) => {
                Subject::Keys(vec![key(KeyKind::DeployPipeline, execution.pipeline.to_string())])
            }
            Body::Stack(stack) => Subject::Keys(vec![key(KeyKind::Stack, stack.name.to_string())]),
            Body::TransformJob(job) => {
                let name = TransformName::of_job(&job.name);
                Subject::Keys(name.map(|name| key(KeyKind::Transform, name.to_string())).into_iter().collect())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    /// Each stage is an aggregate of its own.
    fn aggregate(event: &Event, policy: Option<&Policy>) -> String {
        let Some(deploy) = policy.and_then(|policy| policy.deploy.as_ref()) else { return "rollout".to_owned() };
        let stage = stage_promotion::stage_of(event, deploy);
        stage.map_or_else(|| "rollout#none".to_owned(), stage_promotion::aggregate)
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan {
        let ctx = match resolve(ctx) {
            Ok(ctx) => ctx,
            Err(plan) => return *plan,
        };
        match &ctx.event.body {
            Body::Package(package) => package::on_package(ctx, package),
            Body::Endpoint(_) | Body::CodePipelineExecution(_) | Body::Stack(_) | Body::TransformJob(_) => {
                completion::on_target_event(ctx)
            }
            Body::Fact(fact) => on_fact(ctx, fact),
            _ => not_concerned(),
        }
    }

    fn missed_completion(ctx: &Context<'_, State, Observed>) -> Option<Plan> {
        let ctx = resolve(ctx).ok()?;
        match ctx.event.body {
            Body::Package(_) | Body::Fact(_) => completion::find_missed(ctx),
            // The events of targets are about completion themselves.
            _ => None,
        }
    }

    fn pending_actions(state: &State, ctx: &Context<'_, State, Observed>) -> Vec<Action> {
        let Ok(ctx) = resolve(ctx) else { return Vec::new() };
        let ctx = ctx.with_state(state);
        let target = targets::of(ctx.stage);
        let mut pending = Vec::new();
        if state.live_now().is_some_and(|live| !live.scaled) {
            pending.extend(target.scaling(ctx.stage));
        }
        match &state.current {
            Some(rollout) => pending.extend(target.pending_actions(ctx, rollout)),
            None if state.has_queued(Cause::Operator) => pending.extend(target.deletion(ctx)),
            None => {}
        }
        pending
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<Done, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        apply_outcome::apply_outcome(state, action, outcome, now)
    }
}

/// Resolves the stage that the event is about; otherwise the plan that says why there is none.
fn resolve<'a>(ctx: &Context<'a, State, Observed>) -> Result<Ctx<'a>, Box<Plan>> {
    let Context { event, state, observed, now, .. } = *ctx;
    let Some(policy) = ctx.policy else {
        return Err(Box::new(Plan::fail(Code::UnknownModel, "deploy needs the model's policy")));
    };
    let Some(deploy) = &policy.deploy else {
        let text = format!("the policy of {} has no [deploy]: nothing is deployed", policy.model);
        return Err(Box::new(Plan::skip(Code::Off, text)));
    };
    let Some(stage) = stage_promotion::stage_of(event, deploy) else { return Err(Box::new(without_stage(event))) };
    Ok(Ctx { event, policy, stage, state, observed, now })
}

/// The plan for an event that is about no stage of the policy.
fn without_stage(event: &Event) -> Plan {
    match &event.body {
        Body::Endpoint(_) | Body::TransformJob(_) => {
            let text = "its account is not the account of the stage with this endpoint or transform";
            Plan::fail(Code::ForeignAccount, text)
        }
        Body::Fact(fact) if fact.kind.is_request() => {
            Plan::fail(Code::NoSuchStage, "the policy has no stage of the requested name")
        }
        _ => not_concerned(),
    }
}

fn on_fact(ctx: Ctx<'_>, fact: &Fact) -> Plan {
    match fact.kind {
        FactKind::ReconcileRequested | FactKind::StageReconcileRequested => reconcile::on_reconcile(ctx, fact),
        FactKind::PromotionRequested | FactKind::WithdrawalRequested | FactKind::RollbackRequested => {
            on_request(ctx, fact)
        }
        _ => not_concerned(),
    }
}

fn on_request(ctx: Ctx<'_>, fact: &Fact) -> Plan {
    match Request::from_fact(fact) {
        Ok(Request::Promote(promote)) => promotion::on_promotion(ctx, fact, &promote),
        Ok(Request::Withdraw { package, .. }) => promotion::on_withdrawal(ctx, &package),
        Ok(Request::RollBack(roll_back)) => operator_rollback::on_request(ctx, fact, &roll_back),
        Ok(_) => not_concerned(),
        // The operator who requested a rollback waits for its message.
        Err(malformed) if fact.kind == FactKind::RollbackRequested => {
            operator_rollback::on_malformed(ctx, fact, malformed)
        }
        Err(malformed) => Plan::fail(Code::MalformedRequest, format!("the request is malformed: {malformed}")),
    }
}

fn not_concerned() -> Plan {
    Plan::skip(Code::NotConcerned, "this event changes no rollout")
}
