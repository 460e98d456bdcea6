//! A version that is in service must answer before it counts as live.
//!
//! Asking changes nothing, so that it belongs to what is observed: the endpoint's end, and what the
//! endpoint answers, are decided in one piece.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Policy, Smoke, Stage};
use trimtab_core::port::ml::{EndpointTruth, Smoked};
use trimtab_core::react::Case;

use crate::begin::begin_or_park;
use crate::decide::{Answer, Seen};
use crate::endings::follow_on;
use crate::rollout::{Cause, Leg, Parked, Rollout, State};

/// What is to be asked of the endpoint: it serves the version of a rollout that has not ended. Going
/// back is never held up.
pub(crate) fn due<'a>(stage: &'a Stage, state: &State, endpoint: Option<&EndpointTruth>) -> Option<&'a Smoke> {
    let rollout = state.current.as_ref()?;
    // On trial, it is the live version that answers.
    let alone = rollout.cause == Cause::Approved && rollout.leg == Leg::Last;
    stage.smoke.as_ref().filter(|_| alone && rollout.is_served(endpoint))
}

/// What follows where the version did not answer as it must; `None` where it did, or need not.
pub(crate) fn failed(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    stage: &Stage,
    rollout: &Rollout,
) -> Option<Answer> {
    due(stage, case.state, case.seen.endpoint.as_ref())?;
    let version = rollout.package.version();
    let cause = match &case.seen.smoked {
        Some(Smoked::Passed { .. }) => return None,
        Some(Smoked::Failed(cause)) => cause,
        None => return Some(Plan::skip("not_asked", format!("version {version} has not had its smoke test"))),
    };
    let text = format!("version {version} does not answer in {} as it must: {cause}", stage.name);
    let mut reasons = vec![Reason::new("smoke_test_failed", text)];
    let told = rollout.tell(FactKind::SmokeTestFailed, &reasons.first()?.text, case.now);
    let mut state = State { current: None, ..case.state.clone() };
    let mut plan = match case.state.good().map(|live| live.package.clone()) {
        Some(before) => {
            state.parked.take_if(|parked| parked.cause == Cause::RollBack);
            reasons.push(Reason::new("roll_back", format!("going back to version {}", before.version())));
            state.come_back(&before);
            let wanted = Parked { package: before, cause: Cause::RollBack, since: case.now };
            begin_or_park(case, policy, stage, state, wanted, reasons)
        }
        None => {
            reasons.push(Reason::new("nothing_before", "no version was live before it: it stays, and goes no further"));
            follow_on(case, policy, stage, state, reasons)
        }
    };
    plan.facts.insert(0, told);
    Some(plan)
}
