//! A version on trial: it serves as a shadow of the live one, or takes a part of its traffic, for as
//! long as the policy says; then it goes on by the policy's strategy. Its alarms end it before. No
//! event tells that the time has passed: that is found by looking.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{AlarmName, PackageArn};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::port::ObservedEndpoint;
use trimtab_core::reactor::Context;

use crate::completion;
use crate::decide::{Answer, Observed};
use crate::naming::serving_name;
use crate::rollout::{Cause, Live, Phase, Progress, Queued, Rollout, State, Verdict};
use crate::start::{capture, steps};
use crate::{alarm_data, rollback};

/// The phase that a rollout begins with: a trial needs a live version that the endpoint serves.
pub(crate) fn phase(ctx: &Context<'_, State, Observed>, deploy: &Deployment, state: &State, wanted: &Queued) -> Phase {
    let Target::Endpoint(target) = &deploy.target else { return Phase::Last };
    // A live version that was rejected is nothing to be beside: it goes as soon as may be.
    let good = |live: &&Live| !state.has_verdict(&live.package, Verdict::Rejected);
    let live = state.live_now().filter(good).filter(|live| serves(ctx.observed.endpoint.as_ref(), &live.config));
    match (live, ctx.policy) {
        (Some(live), Some(policy)) if target.trial.is_some() && wanted.cause == Cause::Approved => Phase::Trial {
            live: live.config.clone(),
            model: serving_name(&policy.model, &wanted.package, target, capture(policy, deploy)),
        },
        _ => Phase::Last,
    }
}

fn serves(endpoint: Option<&ObservedEndpoint>, config: &str) -> bool {
    endpoint
        .is_some_and(|actual| actual.status == EndpointStatus::InService && actual.config.as_deref() == Some(config))
}

/// The endpoint serves both: from now on the version is tried, unless it was rejected on the way.
pub(crate) fn begun(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Answer {
    let version = rollout.package.version();
    if rollback::waits(ctx.state) {
        let reason = Reason::new("taken_back", format!("version {version} is not tried: an operator wants another"));
        let told = rollout.tell(FactKind::RolloutRolledBack, &reason.text, ctx.now);
        let state = State { current: None, ..ctx.state.clone() };
        let mut plan = completion::follow_on(ctx, policy, deploy, state, vec![reason]);
        plan.facts.insert(0, told);
        return plan;
    }
    let queued = ctx.state.queued.as_ref().is_some_and(|queued| queued.cause == Cause::Rollback);
    if queued || ctx.state.has_verdict(&rollout.package, Verdict::Rejected) {
        let mut state = ctx.state.clone();
        state.queued.take_if(|queued| queued.cause == Cause::Rollback);
        let reason = Reason::new("taken_back", format!("version {version} was rejected before its trial began"));
        let ctx = Context { state: &state, ..*ctx };
        return alarm_data::back(&ctx, policy, deploy, rollout, reason).unwrap_or_else(|| nothing_before(version));
    }
    if let Some(answer) = early_promotion(ctx, policy, deploy, rollout) {
        return answer;
    }
    let mut state = ctx.state.clone();
    state.current = Some(Rollout { progress: Progress::Trying { since: ctx.now }, ..rollout.clone() });
    Plan::update(state, "on_trial", format!("version {version} is on trial beside the live one"))
}

fn nothing_before(version: u32) -> Answer {
    Plan::skip("nothing_before", format!("no version was live before {version}"))
}

/// The endpoint rests while a version is on trial: that is how it should be, unless it serves
/// something else than the trial.
pub(crate) fn at_rest(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let tried =
        matches!(rollout.progress, Progress::Trying { .. }) && rollout.is_served(ctx.observed.endpoint.as_ref());
    let on_trial = || Plan::skip("on_trial", format!("version {} is on trial", rollout.package.version()));
    tried.then(|| early_promotion(ctx, policy, deploy, rollout).unwrap_or_else(on_trial))
}

/// What a look finds of a trial: an alarm ends it, time lets it go on.
pub(crate) fn on_reconcile(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = ctx.state.current.as_ref()?;
    let (Progress::Trying { since }, Target::Endpoint(target)) = (&rollout.progress, &deploy.target) else {
        return None;
    };
    if !rollout.is_served(ctx.observed.endpoint.as_ref()) {
        return None;
    }
    let (version, good) = (rollout.package.version(), alarm_data::before(ctx.state, rollout)?.package.version());
    if !ctx.observed.trial_alarms_firing.is_empty() {
        let words = format!(
            "version {version} has set off {} on trial: going back to {good}",
            names(&ctx.observed.trial_alarms_firing)
        );
        return alarm_data::back(ctx, policy, deploy, rollout, Reason::new("trial_failed", words));
    }
    if let Some(answer) = early_promotion(ctx, policy, deploy, rollout) {
        return Some(answer);
    }
    let served = ctx.now.duration_since(*since);
    let whole = target.trial.as_ref().is_none_or(|trial| served >= trial.lasts());
    let without_data: Vec<_> =
        ctx.observed.alarms_without_data.iter().chain(&ctx.observed.trial_alarms_without_data).cloned().collect();
    match (whole, without_data.is_empty()) {
        (false, _) => None,
        // What nothing was heard of is no pass; the deadline tells a person if that lasts.
        (true, false) => None,
        (true, true) => {
            let text = format!("version {version} was on trial, and its alarms were quiet: it goes on");
            Some(go_on(ctx, policy, deploy, rollout, Reason::new("trial_passed", text)))
        }
    }
}

/// A person has seen enough: the trial ends before its time, unless one of its alarms has gone off; as soon as
/// it can, where it cannot yet.
pub(crate) fn promoted_by(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    asked: &Fact,
    by: &str,
) -> Answer {
    let version = rollout.package.version();
    if ctx.observed.package.as_ref().is_none_or(|actual| actual.approval != Approval::Approved) {
        let text = format!("the registry does not say that version {version} is approved: it goes no further");
        return Plan::skip("no_longer_approved", text);
    }
    if !ctx.observed.trial_alarms_firing.is_empty() {
        let text = format!(
            "version {version} has set off {} on trial: it goes no further",
            names(&ctx.observed.trial_alarms_firing)
        );
        return Plan::fail("trial_failed", text);
    }
    let wanting = Rollout { promoted_by: Some(by.to_owned()), ..rollout.clone() };
    let mut state = State { current: Some(wanting.clone()), ..ctx.state.clone() };
    state.ask(&asked.dedup_key);
    let ctx = Context { state: &state, ..*ctx };
    early_promotion(&ctx, policy, deploy, &wanting).unwrap_or_else(|| {
        let when = if ctx.observed.alarms_without_data.is_empty() {
            "when the endpoint serves both".to_owned()
        } else {
            format!("when there is data on {}", names(&ctx.observed.alarms_without_data))
        };
        let text = format!("{by} ends the trial of version {version}: it goes on {when}");
        Plan::update(state.clone(), "early_promotion", text)
    })
}

/// A person wants the version to go on, and it can: the endpoint serves both, none of the trial's alarms has
/// gone off, and those of the policy's strategy, which can send it back, have data.
fn early_promotion(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let by = rollout.promoted_by.as_ref()?;
    let ready = rollout.is_served(ctx.observed.endpoint.as_ref());
    if !ready || !ctx.observed.trial_alarms_firing.is_empty() || !ctx.observed.alarms_without_data.is_empty() {
        return None;
    }
    let without_data = &ctx.observed.trial_alarms_without_data;
    let though =
        if without_data.is_empty() { String::new() } else { format!(", with no data on {}", names(without_data)) };
    let version = rollout.package.version();
    let reason = Reason::new("promoted", format!("{by} ends the trial of version {version}{though}: it goes on"));
    Some(go_on(ctx, policy, deploy, rollout, reason))
}

/// The version goes on by the policy's strategy.
fn go_on(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    reason: Reason,
) -> Answer {
    let Phase::Trial { model, .. } = &rollout.phase else {
        return Plan::skip("nothing_new", "the version is not on trial");
    };
    let next = Rollout {
        config: model.clone(),
        since: ctx.now,
        progress: Progress::Intended,
        late: false,
        phase: Phase::Last,
        promoted_by: None,
        ..rollout.clone()
    };
    let actions = steps(policy, deploy, ctx.observed, &next);
    let state = State { current: Some(next), ..ctx.state.clone() };
    Plan { actions, ..Plan::only(Decision::Acted, reason).with_state(state) }
}

fn names(alarms: &[AlarmName]) -> String {
    alarms.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The rollout that is on trial, or on its way there.
pub(crate) fn tried(state: &State) -> Option<&Rollout> {
    state.current.as_ref().filter(|rollout| rollout.phase != Phase::Last)
}

/// The rollout that is on trial and serves: a rejection need not wait for an event that never comes.
pub(crate) fn take(state: &mut State, package: &PackageArn) -> bool {
    let on_trial =
        |rollout: &mut Rollout| rollout.package == *package && matches!(rollout.progress, Progress::Trying { .. });
    state.current.take_if(on_trial).is_some()
}

/// Whatever is on trial: an operator does not wait for the end of it.
pub(crate) fn take_any(state: &mut State) -> Option<Rollout> {
    state.current.take_if(|rollout| matches!(rollout.progress, Progress::Trying { .. }))
}

/// The endpoint no longer serves the trial: somebody else has changed it.
pub(crate) fn gone(ctx: &Context<'_, State, Observed>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = ctx.state.current.as_ref()?;
    let actual = ctx.observed.endpoint.as_ref().filter(|actual| !actual.status.is_moving())?;
    let lost = matches!(rollout.progress, Progress::Trying { .. }) && !rollout.is_served(Some(actual));
    lost.then(|| completion::found(ctx, policy, deploy, rollout, actual))
}
