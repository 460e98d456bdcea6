//! A version on trial: it serves as a shadow of the live one, or takes a part of its traffic, for as
//! long as the policy says; then it goes on by the policy's strategy. Its alarms end it before. No
//! event tells that the time has passed: that is found by looking.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{AlarmName, PackageArn};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::port::ml::EndpointTruth;
use trimtab_core::react::Case;

use crate::begin::{capture, steps};
use crate::decide::{Answer, Seen};
use crate::endings;
use crate::naming::serving_name;
use crate::rollout::{Cause, Leg, Live, Parked, Progress, Rollout, State, Verdict};
use crate::{proof, rollback};

/// The leg that a rollout begins with: a trial needs a live version that the endpoint serves.
pub(crate) fn leg(case: &Case<'_, State, Seen>, deploy: &Deployment, state: &State, wanted: &Parked) -> Leg {
    let Target::Endpoint(target) = &deploy.target else { return Leg::Last };
    // A live version that was rejected is nothing to be beside: it goes as soon as may be.
    let good = |live: &&Live| !state.judged(&live.package, Verdict::Rejected);
    let live = state.live_now().filter(good).filter(|live| serves(case.seen.endpoint.as_ref(), &live.config));
    match (live, case.policy) {
        (Some(live), Some(policy)) if target.trial.is_some() && wanted.cause == Cause::Approved => Leg::Trial {
            live: live.config.clone(),
            model: serving_name(&policy.model, &wanted.package, target, capture(policy, deploy)),
        },
        _ => Leg::Last,
    }
}

fn serves(endpoint: Option<&EndpointTruth>, config: &str) -> bool {
    endpoint.is_some_and(|truth| truth.status == EndpointStatus::InService && truth.config.as_deref() == Some(config))
}

/// The endpoint serves both: from now on the version is tried, unless it was rejected on the way.
pub(crate) fn begun(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, rollout: &Rollout) -> Answer {
    let version = rollout.package.version();
    if rollback::waits(case.state) {
        let reason = Reason::new("taken_back", format!("version {version} is not tried: an operator wants another"));
        let told = rollout.tell(FactKind::RolloutRolledBack, &reason.text, case.now);
        let state = State { current: None, ..case.state.clone() };
        let mut plan = endings::follow_on(case, policy, deploy, state, vec![reason]);
        plan.facts.insert(0, told);
        return plan;
    }
    let parked = case.state.parked.as_ref().is_some_and(|parked| parked.cause == Cause::RollBack);
    if parked || case.state.judged(&rollout.package, Verdict::Rejected) {
        let mut state = case.state.clone();
        state.parked.take_if(|parked| parked.cause == Cause::RollBack);
        let reason = Reason::new("taken_back", format!("version {version} was rejected before its trial began"));
        let case = Case { state: &state, ..*case };
        return proof::back(&case, policy, deploy, rollout, reason).unwrap_or_else(|| nothing_before(version));
    }
    if let Some(answer) = wished(case, policy, deploy, rollout) {
        return answer;
    }
    let mut state = case.state.clone();
    state.current = Some(Rollout { progress: Progress::Trying { since: case.now }, ..rollout.clone() });
    Plan::note(state, "on_trial", format!("version {version} is on trial beside the live one"))
}

fn nothing_before(version: u32) -> Answer {
    Plan::skip("nothing_before", format!("no version was live before {version}"))
}

/// The endpoint rests while a version is on trial: that is how it should be, unless it serves
/// something else than the trial.
pub(crate) fn at_rest(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let tried = matches!(rollout.progress, Progress::Trying { .. }) && rollout.is_served(case.seen.endpoint.as_ref());
    let on_trial = || Plan::skip("on_trial", format!("version {} is on trial", rollout.package.version()));
    tried.then(|| wished(case, policy, deploy, rollout).unwrap_or_else(on_trial))
}

/// What a look finds of a trial: an alarm ends it, time lets it go on.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = case.state.current.as_ref()?;
    let (Progress::Trying { since }, Target::Endpoint(target)) = (&rollout.progress, &deploy.target) else {
        return None;
    };
    if !rollout.is_served(case.seen.endpoint.as_ref()) {
        return None;
    }
    let (version, good) = (rollout.package.version(), proof::before(case.state, rollout)?.package.version());
    if !case.seen.ringing.is_empty() {
        let words =
            format!("version {version} has set off {} on trial: going back to {good}", names(&case.seen.ringing));
        return proof::back(case, policy, deploy, rollout, Reason::new("trial_failed", words));
    }
    if let Some(answer) = wished(case, policy, deploy, rollout) {
        return Some(answer);
    }
    let served = case.now.duration_since(*since);
    let whole = target.trial.as_ref().is_none_or(|trial| served >= trial.lasts());
    let mute: Vec<_> = case.seen.silent.iter().chain(&case.seen.mute).cloned().collect();
    match (whole, mute.is_empty()) {
        (false, _) => None,
        // What nothing was heard of is no pass; the deadline tells a person if that lasts.
        (true, false) => None,
        (true, true) => {
            let text = format!("version {version} was on trial, and its alarms were quiet: it goes on");
            Some(go_on(case, policy, deploy, rollout, Reason::new("trial_passed", text)))
        }
    }
}

/// A person has seen enough: the trial ends before its time, unless one of its alarms has gone off; as soon as
/// it can, where it cannot yet.
pub(crate) fn let_on(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    asked: &Fact,
    by: &str,
) -> Answer {
    let version = rollout.package.version();
    if case.seen.package.as_ref().is_none_or(|truth| truth.approval != Approval::Approved) {
        let text = format!("the registry does not say that version {version} is approved: it goes no further");
        return Plan::skip("no_longer_approved", text);
    }
    if !case.seen.ringing.is_empty() {
        let text = format!("version {version} has set off {} on trial: it goes no further", names(&case.seen.ringing));
        return Plan::reject("trial_failed", text);
    }
    let wanting = Rollout { let_on: Some(by.to_owned()), ..rollout.clone() };
    let mut state = State { current: Some(wanting.clone()), ..case.state.clone() };
    state.ask(&asked.matter);
    let case = Case { state: &state, ..*case };
    wished(&case, policy, deploy, &wanting).unwrap_or_else(|| {
        let when = if case.seen.silent.is_empty() {
            "when the endpoint serves both".to_owned()
        } else {
            format!("when there is data on {}", names(&case.seen.silent))
        };
        let text = format!("{by} ends the trial of version {version}: it goes on {when}");
        Plan::note(state.clone(), "wished", text)
    })
}

/// A person wants the version to go on, and it can: the endpoint serves both, none of the trial's alarms has
/// gone off, and those of the policy's strategy, which can send it back, have data.
fn wished(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment, rollout: &Rollout) -> Option<Answer> {
    let by = rollout.let_on.as_ref()?;
    let ready = rollout.is_served(case.seen.endpoint.as_ref());
    if !ready || !case.seen.ringing.is_empty() || !case.seen.silent.is_empty() {
        return None;
    }
    let mute = &case.seen.mute;
    let though = if mute.is_empty() { String::new() } else { format!(", with no data on {}", names(mute)) };
    let version = rollout.package.version();
    let reason = Reason::new("promoted", format!("{by} ends the trial of version {version}{though}: it goes on"));
    Some(go_on(case, policy, deploy, rollout, reason))
}

/// The version goes on by the policy's strategy.
fn go_on(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    reason: Reason,
) -> Answer {
    let Leg::Trial { model, .. } = &rollout.leg else {
        return Plan::skip("nothing_new", "the version is not on trial");
    };
    let next = Rollout {
        config: model.clone(),
        since: case.now,
        progress: Progress::Intended,
        late: false,
        leg: Leg::Last,
        let_on: None,
        ..rollout.clone()
    };
    let actions = steps(policy, deploy, case.seen, &next);
    let state = State { current: Some(next), ..case.state.clone() };
    Plan { actions, ..Plan::only(Decision::Acted, reason).with_state(state) }
}

fn names(alarms: &[AlarmName]) -> String {
    alarms.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The rollout that is on trial, or on its way there.
pub(crate) fn tried(state: &State) -> Option<&Rollout> {
    state.current.as_ref().filter(|rollout| rollout.leg != Leg::Last)
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
pub(crate) fn gone(case: &Case<'_, State, Seen>, policy: &Policy, deploy: &Deployment) -> Option<Answer> {
    let rollout = case.state.current.as_ref()?;
    let truth = case.seen.endpoint.as_ref().filter(|truth| !truth.status.is_moving())?;
    let lost = matches!(rollout.progress, Progress::Trying { .. }) && !rollout.is_served(Some(truth));
    lost.then(|| endings::found(case, policy, deploy, rollout, truth))
}
