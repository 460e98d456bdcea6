//! What `deploy` finds when it looks by itself: a verdict whose event never came, a version that
//! waits for nothing any more, a rollout that takes too long. (A rollout's end it finds before that.)

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Gate, Policy, Stage as Deployment, Target, VariantTest};
use trimtab_core::port::Listed;
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed, on_approved, on_rejected};
use crate::rollout::{Phase, State, Verdict};
use crate::{completion, rollback, stage_promotion, variant_test};

/// One finding at a time: the next look finds the next.
pub(crate) fn on_reconcile(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    look: &Fact,
) -> Answer {
    // The registry's events are the first stage's; what the others wait for, it has told them.
    let of_registry = look.kind == FactKind::ReconcileRequested;
    let first = || of_registry.then(|| first(ctx)).flatten();
    // What was not heard of comes after what an operator waits for.
    let news = || match rollback::goes_first(ctx, deploy, ctx.state) {
        true => None,
        false if of_registry => unheard(ctx, policy, deploy),
        false => unheard_offer(ctx, policy, deploy),
    };
    let mut plan = first()
        .or_else(|| variant_test::on_reconcile(ctx, policy, deploy))
        .or_else(|| late(ctx, policy, deploy))
        .or_else(news)
        .or_else(|| waiting(ctx, policy, deploy))
        .unwrap_or_else(|| Plan::skip("nothing_new", "nothing has happened that was not heard of"));
    plan.facts.extend(stage_promotion::looks(policy, deploy, look, ctx.now));
    plan
}

/// The newest version that may come into this stage and has not: it was held back, or waits at the gate.
pub(crate) fn offer(state: &State) -> Option<&PackageArn> {
    let answered = |version: &u32| state.verdicts.get(version).is_some_and(|judged| judged.verdict != Verdict::Held);
    state.offered.iter().rev().find(|(version, _)| !answered(version)).map(|(_, package)| package)
}

/// What held it back does no longer, or its life cycle lets it in and nobody has heard of it.
fn unheard_offer(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let package = offer(ctx.state)?;
    let held = ctx.state.verdicts.contains_key(&package.version());
    let let_in = match &deploy.gate {
        Gate::Lifecycle(name) => {
            stage_promotion::is_let_in(ctx, name) && (!held || ctx.observed.alarms_without_data.is_empty())
        }
        Gate::None | Gate::Manual => held && ctx.observed.alarms_without_data.is_empty(),
    };
    if !let_in {
        return None;
    }
    let mut plan = stage_promotion::enter(ctx, policy, deploy, ctx.state.clone(), package, true, None);
    plan.reasons.push(Reason::new("unheard", "its own event was not received: found by reconciling"));
    Some(plan)
}

/// The first look takes what is there as it is: a model that comes to the suite with versions
/// approved long ago is not rolled out for that.
fn first(ctx: &Context<'_, State, Observed>) -> Option<Answer> {
    if ctx.state.before.is_some() {
        return None;
    }
    let said = ctx.observed.newest.iter().filter_map(|listed| Some((listed.package.version(), verdict(listed)?)));
    let state = State { before: Some(said.collect()), ..ctx.state.clone() };
    Some(Plan::update(state, "first_reconcile", "the verdicts that are there are taken as they are"))
}

/// Only a completed package can be rolled out.
fn verdict(listed: &Listed) -> Option<Verdict> {
    match listed.actual.approval {
        Approval::Approved if listed.actual.status == "Completed" => Some(Verdict::Approved),
        Approval::Rejected => Some(Verdict::Rejected),
        _ => None,
    }
}

/// The rollout takes longer than the policy allows: a person is told, once.
fn late(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = ctx.state.current.as_ref()?;
    // What is on trial is meant to last.
    let trial = match (&deploy.target, &rollout.phase) {
        (Target::Endpoint(target), Phase::Trial { .. }) => target.trial.as_ref().map(VariantTest::lasts),
        _ => None,
    };
    let most = policy.reconcile?.rollout.saturating_add(trial.unwrap_or_default());
    if rollout.late || ctx.now.duration_since(rollout.since) < most {
        return None;
    }
    let (version, since) = (rollout.package.version(), rollout.since);
    let text = format!("the rollout of version {version} has not ended since {since}; the policy allows {most:#}");
    let mut told = rollout.tell(FactKind::DeadlineExceeded, &text, ctx.now);
    // A trial and the rollout after it are late one by one, and each is a message of its own.
    let phase = if trial.is_some() { "/trial" } else { "" };
    told.dedup_key = format!("late/{}{phase}", told.dedup_key);
    let mut state = ctx.state.clone();
    if let Some(rollout) = &mut state.current {
        rollout.late = true;
    }
    Some(Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).with_fact(told))
}

/// A verdict in the registry that has had no answer; or one that was held back for want of data on
/// its alarms, which there is now.
fn unheard(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let held = |listed: &Listed| {
        let judged = ctx.state.verdicts.get(&listed.package.version());
        judged.is_some_and(|judged| judged.verdict == Verdict::Held) && !ctx.observed.alarms_without_data.is_empty()
    };
    let listed = ctx.observed.newest.iter().find(|listed| is_unanswered(ctx.state, listed) && !held(listed))?;
    let verdict = verdict(listed)?;
    let mut plan = match verdict {
        Verdict::Rejected => on_rejected(ctx, policy, deploy, &listed.package),
        _ => on_approved(ctx, policy, deploy, &listed.package, &listed.actual),
    };
    plan.reasons.push(Reason::new("unheard", "its own event was not received: found by reconciling"));
    Some(plan)
}

/// Whether what the registry says of this version has had no answer, or none but to wait.
pub(crate) fn is_unanswered(state: &State, listed: &Listed) -> bool {
    let (version, verdict) = (listed.package.version(), verdict(listed));
    let before = || state.before.as_ref().and_then(|before| before.get(&version)).copied();
    let answered = state.verdicts.get(&version).map(|judged| judged.verdict).or_else(before);
    verdict.is_some() && state.before.is_some() && answered != verdict
}

/// A version waits, no rollout is on, and what serves is at rest and well.
fn waiting(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let waits = ctx.state.waits() && ctx.state.current.is_none();
    let by_hand = rollback::waits(ctx.state);
    let ready = match (&deploy.target, &ctx.observed.endpoint) {
        (Target::Pipeline(_) | Target::Transform(_), _) => true,
        (Target::Stack(target), _) => crate::stack::in_the_way(target, ctx.observed.stack.as_ref()).is_none(),
        (_, Some(actual)) if by_hand => !actual.status.is_moving(),
        (_, Some(actual)) => actual.status == EndpointStatus::InService,
        // It is made.
        (_, None) => true,
    };
    (waits && ready).then(|| completion::on_rest(ctx, policy, deploy))
}
