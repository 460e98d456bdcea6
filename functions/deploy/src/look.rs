//! What `deploy` finds when it looks by itself: a verdict whose event never came, a version that
//! waits for nothing any more, a rollout that takes too long. (A rollout's end it finds before that.)

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Gate, Policy, Stage as Deployment, Target, Trial};
use trimtab_core::port::ml::Listed;
use trimtab_core::react::Case;

use crate::decide::{Answer, Seen, on_approved, on_rejected};
use crate::rollout::{Leg, State, Verdict};
use crate::{endings, rollback, stages, trial};

/// One finding at a time: the next look finds the next.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, look: &Fact) -> Answer {
    // The registry's events are the first stage's; what the others wait for, it has told them.
    let of_registry = look.kind == FactKind::LookRequested;
    let first = || of_registry.then(|| first(case)).flatten();
    // What was not heard of comes after what an operator waits for.
    let news = || match rollback::goes_first(case, deploy, case.state) {
        true => None,
        false if of_registry => unheard(case, policy, deploy),
        false => unheard_offer(case, policy, deploy),
    };
    let mut plan = first()
        .or_else(|| trial::on_look(case, policy, deploy))
        .or_else(|| late(case, policy, deploy))
        .or_else(news)
        .or_else(|| waiting(case, policy, deploy))
        .unwrap_or_else(|| Plan::skip("nothing_new", "nothing has happened that was not heard of"));
    plan.facts.extend(stages::looks(policy, deploy, look, case.now));
    plan
}

/// The newest version that may come into this stage and has not: it was held back, or waits at the gate.
pub(crate) fn offer(state: &State) -> Option<&PackageArn> {
    let answered = |version: &u32| state.verdicts.get(version).is_some_and(|judged| judged.verdict != Verdict::Held);
    state.offered.iter().rev().find(|(version, _)| !answered(version)).map(|(_, package)| package)
}

/// What held it back does no longer, or its life cycle lets it in and nobody has heard of it.
fn unheard_offer(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let package = offer(case.state)?;
    let held = case.state.verdicts.contains_key(&package.version());
    let let_in = match &deploy.gate {
        Gate::Lifecycle(name) => stages::is_let_in(case, name) && (!held || case.seen.silent.is_empty()),
        Gate::None | Gate::Person => held && case.seen.silent.is_empty(),
    };
    if !let_in {
        return None;
    }
    let mut plan = stages::enter(case, policy, deploy, case.state.clone(), package, true, None);
    plan.reasons.push(Reason::new("unheard", "its own event has not come: seen by looking"));
    Some(plan)
}

/// The first look takes what is there as it is: a model that comes to the suite with versions
/// approved long ago is not rolled out for that.
fn first(case: &Case<'_, State, Seen>) -> Option<Answer> {
    if case.state.before.is_some() {
        return None;
    }
    let said = case.seen.newest.iter().filter_map(|listed| Some((listed.package.version(), verdict(listed)?)));
    let state = State { before: Some(said.collect()), ..case.state.clone() };
    Some(Plan::note(state, "first_look", "the verdicts that are there are taken as they are"))
}

/// Only a completed package can be rolled out.
fn verdict(listed: &Listed) -> Option<Verdict> {
    match listed.truth.approval {
        Approval::Approved if listed.truth.status == "Completed" => Some(Verdict::Approved),
        Approval::Rejected => Some(Verdict::Rejected),
        _ => None,
    }
}

/// The rollout takes longer than the policy allows: a person is told, once.
fn late(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = case.state.current.as_ref()?;
    // What is on trial is meant to last.
    let trial = match (&deploy.target, &rollout.leg) {
        (Target::Endpoint(target), Leg::Trial { .. }) => target.trial.as_ref().map(Trial::lasts),
        _ => None,
    };
    let most = policy.reconcile?.rollout.saturating_add(trial.unwrap_or_default());
    if rollout.late || case.now.duration_since(rollout.since) < most {
        return None;
    }
    let (version, since) = (rollout.package.version(), rollout.since);
    let text = format!("the rollout of version {version} has not ended since {since}; the policy allows {most:#}");
    let mut told = rollout.tell(FactKind::DeadlinePassed, &text, case.now);
    told.matter = format!("late/{}", told.matter);
    let mut state = case.state.clone();
    if let Some(rollout) = &mut state.current {
        rollout.late = true;
    }
    Some(Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).telling(told))
}

/// A verdict in the registry that has had no answer; or one that was held back for want of data on
/// its alarms, which there is now.
fn unheard(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let held = |listed: &Listed| {
        let judged = case.state.verdicts.get(&listed.package.version());
        judged.is_some_and(|judged| judged.verdict == Verdict::Held) && !case.seen.silent.is_empty()
    };
    let listed = case.seen.newest.iter().find(|listed| is_unanswered(case.state, listed) && !held(listed))?;
    let verdict = verdict(listed)?;
    let mut plan = match verdict {
        Verdict::Rejected => on_rejected(case, policy, deploy, &listed.package),
        _ => on_approved(case, policy, deploy, &listed.package, &listed.truth),
    };
    plan.reasons.push(Reason::new("unheard", "its own event has not come: seen by looking"));
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
fn waiting(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let waits = case.state.waits() && case.state.current.is_none();
    let by_hand = rollback::waits(case.state);
    let ready = match (&deploy.target, &case.seen.endpoint) {
        (Target::Pipeline(_) | Target::Transform(_), _) => true,
        (Target::Stack(target), _) => crate::stack::in_the_way(target, case.seen.stack.as_ref()).is_none(),
        (_, Some(truth)) if by_hand => !truth.status.is_moving(),
        (_, Some(truth)) => truth.status == EndpointStatus::InService,
        // It is made.
        (_, None) => true,
    };
    (waits && ready).then(|| endings::on_rest(case, policy, deploy))
}
