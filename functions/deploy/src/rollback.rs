//! An operator wants a stage back at a version, whatever state its endpoint is in.
//!
//! In service, out of service or half-way between two configurations, it is updated; on its way, the
//! version waits for it to rest; failed, it is removed first, since SageMaker lets nothing else be
//! done to it; not there, it is made.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{EndpointTarget, Policy, Stage, Target};
use trimtab_core::port::{Listed, ObservedEndpoint};
use trimtab_core::reactor::Context;

use crate::action::Action;
use crate::decide::{Answer, Observed};
use crate::rollout::{Cause, Queued, State};
use crate::rollout_fact::{RolloutScope, tell};
use crate::start::start_or_queue;
use crate::{stage_promotion, variant_test};

/// Each request is answered once, however often it comes.
pub(crate) fn on_request(ctx: &Context<'_, State, Observed>, policy: &Policy, stage: &Stage, fact: &Fact) -> Answer {
    let mut state = ctx.state.clone();
    if !state.ask(&fact.dedup_key) {
        return Plan::skip("already_handled", "this request has had its answer");
    }
    let by = stage_promotion::by(fact).unwrap_or_else(|| "somebody".to_owned());
    let package = match wanted(ctx, stage, fact) {
        Ok(package) => package,
        Err(why) => return refuse(ctx, stage, state, fact, &format!("{by} asked to go back: {why}")),
    };
    let version = package.version();
    if is_there(ctx, &package) {
        return refuse(ctx, stage, state, fact, &format!("{} serves version {version} already", stage.name));
    }
    let mut reasons =
        vec![Reason::new("rolled_back_by_hand", format!("{by} takes {} back to version {version}", stage.name))];
    if let Some(queued) = state.queued.take() {
        let text = format!("version {} waited, and no longer does", queued.package.version());
        reasons.push(Reason::new("unparked", text));
    }
    if let Some(tried) = variant_test::take_any(&mut state) {
        let text = format!("version {} was on trial, and no longer is", tried.package.version());
        reasons.push(Reason::new("taken_back", text));
    }
    state.rollback_pending = false;
    state.begin_new_attempt(&package);
    let wanted = Queued { package, cause: Cause::Operator, since: ctx.now };
    start_or_queue(ctx, policy, stage, state, wanted, reasons)
}

/// The version that was live before; the last one that was, where the endpoint serves something else or
/// nothing; or the one that is named, if it was live here or is approved.
fn wanted(ctx: &Context<'_, State, Observed>, stage: &Stage, fact: &Fact) -> Result<PackageArn, String> {
    if !fact.details.contains_key("version") {
        let now = ctx.state.live_now().ok_or("no version was live before")?;
        let well = ctx.state.current.is_none() && is_well(ctx, stage, &now.config);
        let back = if well { ctx.state.live_before() } else { Some(now) };
        return back.map(|live| live.package.clone()).ok_or_else(|| "no version was live before".to_owned());
    }
    let version = stage_promotion::version(fact).ok_or("the version is no number")?;
    let live = ctx.state.live.iter().rev().find(|live| live.package.version() == version);
    let approved = |listed: &&Listed| {
        let actual = &listed.actual;
        listed.package.version() == version && actual.approval == Approval::Approved && actual.status == "Completed"
    };
    let listed = || ctx.observed.newest.iter().find(approved).map(|listed| listed.package.clone());
    live.map(|live| live.package.clone())
        .or_else(listed)
        .ok_or_else(|| format!("version {version} was not live there, and is not approved"))
}

/// Whether the stage serves this configuration, as far as can be observed.
fn is_well(ctx: &Context<'_, State, Observed>, stage: &Stage, config: &str) -> bool {
    match &stage.target {
        Target::Endpoint(_) => ctx.observed.endpoint.as_ref().is_some_and(|actual| serves(actual, config)),
        Target::Pipeline(_) | Target::Stack(_) | Target::Transform(_) => true,
    }
}

fn serves(actual: &ObservedEndpoint, config: &str) -> bool {
    actual.status == EndpointStatus::InService && actual.config.as_deref() == Some(config)
}

/// Whether the endpoint serves this version, and nothing is on its way: there is nothing to do.
pub(crate) fn is_there(ctx: &Context<'_, State, Observed>, package: &PackageArn) -> bool {
    let now = ctx.state.live_now().filter(|live| live.package == *package);
    let endpoint = ctx.observed.endpoint.as_ref();
    ctx.state.current.is_none() && now.zip(endpoint).is_some_and(|(live, actual)| serves(actual, &live.config))
}

fn refuse(ctx: &Context<'_, State, Observed>, stage: &Stage, state: State, fact: &Fact, why: &str) -> Answer {
    let reason = Reason::new("refused", format!("{why}: nothing is done"));
    let told = Fact {
        kind: FactKind::RollbackRefused,
        at: ctx.now,
        reasons: vec![reason.text.clone()],
        details: [("stage".to_owned(), stage.name.to_string())].into(),
        ..fact.clone()
    };
    Plan::only(Decision::Skipped, reason).with_state(state).with_fact(told)
}

/// The endpoint has failed: it is removed, and the version waits until it is gone. `None` where it has not.
pub(crate) fn remove_first(
    target: &EndpointTarget,
    stage: &Stage,
    endpoint: Option<&ObservedEndpoint>,
    wanted: &Queued,
) -> Option<Action> {
    let failed = endpoint.is_some_and(|actual| actual.status == EndpointStatus::Failed);
    let (endpoint, place) = (target.name.clone(), stage.place.clone());
    (wanted.cause == Cause::Operator && failed).then_some(Action::DeleteEndpoint {
        service: "sagemaker",
        endpoint,
        place,
    })
}

/// What is left to do for a version that waits for its failed endpoint to be removed.
pub(crate) fn pending_actions(stage: &Stage, state: &State, endpoint: Option<&ObservedEndpoint>) -> Option<Action> {
    let Target::Endpoint(target) = &stage.target else { return None };
    remove_first(target, stage, endpoint, state.queued.as_ref().filter(|_| state.current.is_none())?)
}

/// Whether an operator's version waits for its failed endpoint to be gone: what else is wanted meanwhile comes after it.
pub(crate) fn goes_first(ctx: &Context<'_, State, Observed>, stage: &Stage, state: &State) -> bool {
    let goes = |actual: &ObservedEndpoint| matches!(actual.status, EndpointStatus::Failed | EndpointStatus::Deleting);
    let made_anew = matches!(stage.target, Target::Endpoint(_)) && ctx.observed.endpoint.as_ref().is_none_or(goes);
    made_anew && waits(state) && state.current.is_none()
}

/// What else is wanted does not take its place. An approval stays unanswered, so that a look after it is heard.
pub(crate) fn after(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    stage: &Stage,
    mut state: State,
    wanted: &Queued,
    mut reasons: Vec<Reason>,
) -> Answer {
    let text = format!(
        "an operator's version goes first, on an endpoint that is made anew: version {} waits for that",
        wanted.package.version()
    );
    reasons.push(Reason::new("operator_first", &text));
    if wanted.cause != Cause::Approved {
        return Plan { reasons, ..Plan::update(state, "", "") };
    }
    state.hold(&wanted.package);
    let (scope, attempt) = (RolloutScope::of(policy, stage), state.attempt(&wanted.package));
    let told = tell(FactKind::RolloutQueued, scope, &wanted.package, attempt, vec![text], ctx.now);
    Plan { decision: Decision::Deferred, reasons, state: Some(state), actions: vec![], facts: vec![told] }
}

/// Whether a version that an operator wants waits.
pub(crate) fn waits(state: &State) -> bool {
    state.queued.as_ref().is_some_and(|queued| queued.cause == Cause::Operator)
}
