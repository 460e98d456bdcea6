//! What an approval, a rejection or an ending means for production.
//!
//! Knows nothing of SageMaker's API beyond the words of a plan. How rollouts end is in
//! [`crate::completion`].

use jiff::Timestamp;
use trimtab_core::event::{Approval, Body, CodePipelineState, Event, Package};
use trimtab_core::fact::FactKind;
use trimtab_core::name::{AlarmName, PackageArn, TransformName};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Gate, Key, KeyKind, OnRejected, Policy, Stage as Deployment, Target};
use trimtab_core::port::ObservedStack;
use trimtab_core::port::{Listed, ObservedEndpoint, ObservedPackage, ObservedTransform, Smoked};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Subject};

use crate::action::{Action, Done};
use crate::rollout::{Cause, Progress, Queued, Rollout, State, Verdict};
use crate::rollout_fact::{RolloutScope, tell};
use crate::start::{resume, start_or_queue, steps};
use crate::{apply_outcome, completion, reconcile, rollback, stage_promotion, transform, variant_test};

/// The deciding half of `deploy`.
#[derive(Debug, Clone, Copy)]
pub struct Deploy;

/// What AWS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The package that the event is about.
    pub package: Option<ObservedPackage>,
    /// The package that waits.
    pub queued: Option<ObservedPackage>,
    /// The package that production goes back to, where that waits for another.
    pub back: Option<ObservedPackage>,
    /// The model's endpoint.
    pub endpoint: Option<ObservedEndpoint>,
    /// The strategy's alarms that have no data, or that are not there.
    pub alarms_without_data: Vec<AlarmName>,
    /// The same of the trial's.
    pub trial_alarms_without_data: Vec<AlarmName>,
    /// The trial's alarms that have gone off.
    pub trial_alarms_firing: Vec<AlarmName>,
    /// The model's stack.
    pub stack: Option<ObservedStack>,
    /// The rollout's batch transform job.
    pub transform: Option<ObservedTransform>,
    /// The pipeline execution that the event is about; where the event asks to look, the rollout's.
    pub delivery: Option<CodePipelineState>,
    /// The group's newest versions, where the event asks to look or to go back.
    pub newest: Vec<Listed>,
    /// What the endpoint made of its smoke test, where one was due.
    pub smoked: Option<Smoked>,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Deploy {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "deploy";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Package(package) => key(KeyKind::PackageGroup, package.arn.group()),
            Body::Endpoint(endpoint) => key(KeyKind::Endpoint, endpoint.name.as_str()),
            // CodePipeline tells of every pipeline, and some build what others deliver.
            Body::CodePipelineExecution(delivery) => {
                let name = delivery.pipeline.to_string();
                Subject::Keys(vec![Key { kind: KeyKind::DeployPipeline, name }])
            }
            // Every stack of the account tells of itself; most are nobody's here.
            Body::Stack(stack) => Subject::Keys(vec![Key { kind: KeyKind::Stack, name: stack.name.to_string() }]),
            Body::TransformJob(job) => {
                let key = |name: TransformName| Key { kind: KeyKind::Transform, name: name.to_string() };
                Subject::Keys(TransformName::of_job(&job.name).map(key).into_iter().collect())
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    /// Each stage is an aggregate of its own.
    fn aggregate(event: &Event, policy: Option<&Policy>) -> String {
        match policy.and_then(|policy| policy.deploy.as_ref()) {
            Some(deploy) => {
                stage_promotion::of(event, deploy).map_or_else(|| "rollout#none".to_owned(), stage_promotion::aggregate)
            }
            None => "rollout".to_owned(),
        }
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Answer {
        let Some(policy) = ctx.policy else {
            return Plan::fail("unknown_model", "deploy needs the model's policy");
        };
        let Some(deploy) = &policy.deploy else {
            return Plan::skip("off", format!("the policy of {} has no [deploy]: this reaction is off", policy.model));
        };
        let Some(deploy) = stage_promotion::of(ctx.event, deploy) else { return stage_promotion::stranger(ctx.event) };
        match &ctx.event.body {
            Body::Package(package) => on_package(ctx, policy, deploy, package),
            Body::Endpoint(_) => completion::on_endpoint(ctx, policy, deploy),
            Body::CodePipelineExecution(delivery) => completion::on_delivery(ctx, policy, deploy, delivery),
            Body::Stack(stack) => crate::stack::on_stack(ctx, policy, deploy, stack),
            Body::TransformJob(job) => transform::on_job(ctx, policy, deploy, job),
            Body::Fact(fact) => match fact.kind {
                FactKind::ReconcileRequested | FactKind::StageReconcileRequested => {
                    reconcile::on_reconcile(ctx, policy, deploy, fact)
                }
                FactKind::PromotionRequested => stage_promotion::on_promotion(ctx, policy, deploy, fact),
                FactKind::WithdrawalRequested => stage_promotion::on_withdrawal(ctx, policy, deploy, fact),
                FactKind::RollbackRequested => rollback::on_request(ctx, policy, deploy, fact),
                _ => Plan::skip("not_concerned", "nothing in this event moves a rollout"),
            },
            _ => Plan::skip("not_concerned", "nothing in this event moves a rollout"),
        }
    }

    fn missed_completion(ctx: &Context<'_, State, Observed>) -> Option<Answer> {
        let policy = ctx.policy?;
        let deploy = stage_promotion::of(ctx.event, policy.deploy.as_ref()?)?;
        let rollout = ctx.state.current.as_ref()?;
        match (&ctx.event.body, &rollout.progress) {
            (Body::Package(_) | Body::Fact(_), _) if !rollout.is_by(&deploy.target) => {
                Some(completion::given_up(ctx, policy, deploy, rollout))
            }
            (Body::Package(_) | Body::Fact(_), Progress::Trying { .. }) => variant_test::gone(ctx, policy, deploy),
            (Body::Package(_) | Body::Fact(_), _) if matches!(deploy.target, Target::Stack(_)) => {
                crate::stack::found(ctx, policy, deploy)
            }
            (Body::Package(_) | Body::Fact(_), _) if matches!(deploy.target, Target::Transform(_)) => {
                transform::found(ctx, policy, deploy)
            }
            (Body::Fact(_), Progress::Delivering { .. }) => completion::delivered(ctx, policy, deploy, rollout),
            (Body::Package(_) | Body::Fact(_), _) => {
                let actual = rollout.ended(ctx.observed.endpoint.as_ref())?;
                Some(completion::found(ctx, policy, deploy, rollout, actual))
            }
            _ => None,
        }
    }

    fn pending_actions(state: &State, ctx: &Context<'_, State, Observed>) -> Vec<Action> {
        let Some((policy, deploy)) =
            ctx.policy.and_then(|policy| Some((policy, stage_promotion::of(ctx.event, policy.deploy.as_ref()?)?)))
        else {
            return Vec::new();
        };
        let unscaled = state.live_now().is_some_and(|live| !live.scaled);
        let mut left: Vec<Action> = if unscaled { completion::scaling(deploy) } else { Vec::new() };
        left.extend(rollback::pending_actions(deploy, state, ctx.observed.endpoint.as_ref()));
        if let (Target::Stack(target), Some(rollout)) = (&deploy.target, &state.current) {
            return crate::stack::pending_actions(target, ctx.observed, rollout);
        }
        let intended = state.current.as_ref().filter(|rollout| rollout.progress == Progress::Intended);
        let ended = |rollout: &&Rollout| {
            rollout.ended(ctx.observed.endpoint.as_ref()).is_some() || transform::has_ended(ctx.observed)
        };
        if let Some(rollout) = intended.filter(|rollout| !ended(rollout)) {
            left.extend(steps(policy, deploy, ctx.observed, rollout));
        }
        left
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

fn on_package(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment, package: &Package) -> Answer {
    if package.arn.account() != ctx.event.envelope.account.as_str() {
        return Plan::fail(
            "foreign_account",
            "the package belongs to another account than the event: it is not deployed from here",
        );
    }
    let Some(actual) = &ctx.observed.package else {
        return Plan::fail(
            "no_such_package",
            "the registry knows no such package: the event is forged or the package is gone",
        );
    };
    if package.lifecycle_edit().is_some() && matches!(deploy.gate, Gate::Lifecycle(_)) {
        return stage_promotion::on_lifecycle(ctx, policy, deploy, package);
    }
    if package.is_metadata_edit() {
        return Plan::skip(
            "metadata_only",
            format!("the metadata of version {} was edited: its approval is as it was", package.version),
        );
    }
    if actual.approval != package.approval {
        return Plan::skip(
            "stale",
            format!("the registry no longer says what the event says of version {}", package.version),
        );
    }
    match package.approval {
        Approval::Approved => on_approved(ctx, policy, deploy, &package.arn, actual),
        Approval::Rejected => on_rejected(ctx, policy, deploy, &package.arn),
        _ => Plan::skip("not_a_verdict", format!("version {} is neither approved nor rejected", package.version)),
    }
}

pub(crate) fn on_approved(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    package: &PackageArn,
    actual: &ObservedPackage,
) -> Answer {
    let version = package.version();
    if let Some(rollout) =
        ctx.state.current.as_ref().filter(|r| r.package == *package && r.progress == Progress::Intended)
    {
        return resume(ctx, policy, deploy, rollout);
    }
    if ctx.state.has_verdict(package, Verdict::Approved) {
        return Plan::skip("already_handled", format!("the approval of version {version} has had its answer"));
    }
    if actual.status != "Completed" {
        return Plan::fail(
            "not_completed",
            format!("version {version} is {}, and only a Completed package can be deployed", actual.status),
        );
    }
    let mut state = ctx.state.clone();
    state.record_verdict(package, Verdict::Approved);
    match ctx.state.newest() {
        Some(newest) if newest > version => {
            let reason = Reason::new(
                "superseded",
                format!("version {newest} is newer and already approved: reject it to go back"),
            );
            let told = tell(
                FactKind::RolloutSkipped,
                RolloutScope::of(policy, deploy),
                package,
                state.attempt(package),
                vec![reason.text.clone()],
                ctx.now,
            );
            Plan::only(Decision::Skipped, reason).with_state(state).with_fact(told)
        }
        newest if newest == Some(version) || is_rejection_taken_back(ctx, package) => {
            state.cancel_pending_rollback();
            let reason = Reason::new("already_there", format!("version {version} is live or on its way"));
            Plan::only(Decision::Skipped, reason).with_state(state)
        }
        _ => {
            let reason = Reason::new("approved", format!("version {version} is approved"));
            let wanted = Queued { package: package.clone(), cause: Cause::Approved, since: ctx.now };
            start_or_queue(ctx, policy, deploy, state, wanted, vec![reason])
        }
    }
}

/// Whether this version, rejected and now approved again, is still on its way or still serves: the rollback that its
/// rejection asked for has not begun.
fn is_rejection_taken_back(ctx: &Context<'_, State, Observed>, package: &PackageArn) -> bool {
    match &ctx.state.current {
        Some(rollout) => rollout.package == *package,
        None => {
            let live = ctx.state.live_now().is_some_and(|live| live.package == *package);
            live && (ctx.state.is_rollback_pending() || rollback::is_there(ctx, package))
        }
    }
}

pub(crate) fn on_rejected(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    package: &PackageArn,
) -> Answer {
    let version = package.version();
    let judged = ctx.state.has_verdict(package, Verdict::Rejected);
    if let Some(rollout) =
        ctx.state.current.as_ref().filter(|r| r.cause == Cause::Rollback && r.progress == Progress::Intended && judged)
    {
        return resume(ctx, policy, deploy, rollout);
    }
    if judged {
        return Plan::skip("already_handled", format!("the rejection of version {version} has had its answer"));
    }
    let mut state = ctx.state.clone();
    state.record_verdict(package, Verdict::Rejected);
    let mut reasons = vec![Reason::new("rejected", format!("version {version} is rejected"))];
    let waited = state.queued.take_if(|queued| queued.package == *package);
    // What was to be gone back to is not: something else is.
    let target = waited.as_ref().is_some_and(|queued| queued.cause == Cause::Rollback)
        || (state.rollback_pending && ctx.state.last_good().is_some_and(|live| live.package == *package));
    if waited.is_some() {
        reasons.push(Reason::new(
            "unparked",
            format!("version {version} waited for a rollout to end, and no longer does"),
        ));
    }
    // On trial, a rejected version serves for nothing: it goes whatever the policy says of live ones.
    let on_trial = variant_test::take(&mut state, package);
    let answer = if on_trial { OnRejected::Rollback } else { deploy.on_rejected };
    let live = ctx.state.live_now().is_some_and(|live| live.package == *package);
    let coming = ctx.state.current.as_ref().is_some_and(|rollout| rollout.package == *package);
    let back = state.last_good().map(|live| live.package.clone());
    let wanted = match (answer, live || coming || target, back) {
        (OnRejected::Rollback, true, Some(before)) => {
            reasons
                .push(Reason::new("rollback", format!("version {} was live before it: going back", before.version())));
            state.begin_new_attempt(&before);
            Some(Queued { package: before, cause: Cause::Rollback, since: ctx.now })
        }
        (OnRejected::Rollback, true, None) => {
            reasons.push(Reason::new(
                "nothing_before",
                "it is live, and no version was live before it: nothing to go back to",
            ));
            None
        }
        (OnRejected::Notify, true, _) => {
            reasons.push(Reason::new(
                "notice_only",
                "it is live and stays live: the policy says on_rejected = \"notify\"",
            ));
            None
        }
        (_, false, _) => None,
    };
    let texts = reasons.iter().map(|reason| reason.text.clone()).collect();
    let attempt = state.attempt(package);
    let told = tell(FactKind::PackageRejected, RolloutScope::of(policy, deploy), package, attempt, texts, ctx.now);
    let mut plan = match wanted {
        Some(wanted) => start_or_queue(ctx, policy, deploy, state, wanted, reasons),
        None => Plan { reasons, state: Some(state), ..Plan::update(State::default(), "", "") },
    };
    plan.facts.insert(0, told);
    plan.facts.extend(stage_promotion::withdrawals(policy, deploy, package, attempt, ctx.now));
    plan
}
