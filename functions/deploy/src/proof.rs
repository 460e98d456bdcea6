//! A version whose alarms have no data proves nothing on its way: SageMaker lets it pass, the suite
//! does not. That holds for canaries, linear and rolling updates alike.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::react::Case;

use crate::begin::begin_or_park;
use crate::decide::{Answer, Seen};
use crate::rollout::{Cause, Leg, Live, Parked, Rollout, State, Way, tell};

/// The strategy's alarms that have nothing to say; `None` where all have, or where there are none:
/// going back is never held up, and an endpoint's first version has nothing to be compared with.
fn silent(case: &Case<'_, State, Seen>, deploy: &Deployment, cause: Cause) -> Option<String> {
    let Target::Endpoint(target) = &deploy.target else {
        return None;
    };
    let watched = cause == Cause::Approved && !target.strategy.alarms().is_empty() && case.seen.endpoint.is_some();
    let names: Vec<&str> = case.seen.silent.iter().map(|name| name.as_str()).collect();
    (watched && !names.is_empty()).then(|| names.join(", "))
}

/// The version does not go out while nothing could send it back. The approval stays unanswered, so
/// that the same event, sent again, is heard.
pub(crate) fn hold(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    state: &State,
    wanted: &Parked,
) -> Option<Answer> {
    let names = silent(case, deploy, wanted.cause)?;
    let version = wanted.package.version();
    let reason = Reason::new(
        "no_alarm_data",
        format!("version {version} is held back: nothing would send it back, since there is no data on {names}"),
    );
    let mut state = state.clone();
    state.hold(&wanted.package);
    let round = state.round(&wanted.package);
    let told = tell(
        FactKind::RolloutHeld,
        Way::of(policy, deploy),
        &wanted.package,
        round,
        vec![reason.text.clone()],
        case.now,
    );
    Some(Plan::only(Decision::Rejected, reason).with_state(state).telling(told))
}

/// SageMaker let the version pass, and its alarms have no data: back to the version before.
pub(crate) fn go_back(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let names = silent(case, deploy, rollout.cause)?;
    let (version, good) = (rollout.package.version(), before(case.state, rollout)?.package.version());
    let reason = Reason::new(
        "unproven",
        format!("version {version} has proved nothing, since there is no data on {names}: going back to {good}"),
    );
    back(case, policy, deploy, rollout, reason)
}

/// The version that a rollout which proved nothing goes back to. What a trial is beside serves in any case.
pub(crate) fn before<'a>(state: &'a State, rollout: &Rollout) -> Option<&'a Live> {
    state.good().or_else(|| state.live_now().filter(|_| rollout.leg != Leg::Last))
}

/// Back to the version that was live before this rollout; `None` where there was none.
pub(crate) fn back(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    reason: Reason,
) -> Option<Answer> {
    let before = before(case.state, rollout)?.package.clone();
    let told = rollout.tell(FactKind::RolloutRolledBack, &reason.text, case.now);
    let mut state = State { current: None, ..case.state.clone() };
    state.parked.take_if(|parked| parked.cause == Cause::RollBack);
    state.come_back(&before);
    let wanted = Parked { package: before, cause: Cause::RollBack, since: case.now };
    let mut plan = begin_or_park(case, policy, deploy, state, wanted, vec![reason]);
    plan.facts.insert(0, told);
    Some(plan)
}
