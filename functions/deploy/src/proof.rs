//! A canary whose alarms have no data proves nothing: SageMaker lets it pass, the suite does not.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::react::Case;

use crate::begin::begin_or_park;
use crate::decide::{Answer, Seen};
use crate::rollout::{Cause, Parked, Rollout, State, Way, tell};

/// The canary's alarms that have nothing to say; `None` where all have, or where there is no canary:
/// going back is never held up, and an endpoint's first version has nothing to be compared with.
fn silent(case: &Case<'_, State, Seen>, deploy: &Deployment, cause: Cause) -> Option<String> {
    let Target::Endpoint(target) = &deploy.target else {
        return None;
    };
    let watched = cause == Cause::Approved && target.canary.is_some() && case.seen.endpoint.is_some();
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
        format!(
            "version {version} is held back: nothing would send its canary back, since there is no data on {names}"
        ),
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

/// SageMaker let the canary pass, and its alarms have no data: back to the version before.
pub(crate) fn go_back(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let names = silent(case, deploy, rollout.cause)?;
    let before = case.state.live_now()?.package.clone();
    let (version, good) = (rollout.package.version(), before.version());
    let reason = Reason::new(
        "unproven",
        format!("version {version}'s canary proves nothing, since there is no data on {names}: going back to {good}"),
    );
    let told = rollout.tell(FactKind::RolloutRolledBack, &reason.text, case.now);
    let mut state = State { current: None, ..case.state.clone() };
    state.come_back(&before);
    let wanted = Parked { package: before, cause: Cause::RollBack, since: case.now };
    let mut plan = begin_or_park(case, policy, deploy, state, wanted, vec![reason]);
    plan.facts.insert(0, told);
    Some(plan)
}
