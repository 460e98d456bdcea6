//! A version that is in service must answer before it counts as live.
//!
//! Asking changes nothing, so that it belongs to what is observed: the endpoint's end, and what the
//! endpoint answers, are decided in one piece.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Policy, SmokeTest, Stage};
use trimtab_core::port::{ObservedEndpoint, Smoked};
use trimtab_core::reactor::Context;

use crate::completion::follow_on;
use crate::decide::{Answer, Observed};
use crate::rollout::{Cause, Phase, Queued, Rollout, State};
use crate::start::start_or_queue;

/// What is to be asked of the endpoint: it serves the version of a rollout that has not ended. Going
/// back is never held up.
pub(crate) fn due<'a>(stage: &'a Stage, state: &State, endpoint: Option<&ObservedEndpoint>) -> Option<&'a SmokeTest> {
    let rollout = state.current.as_ref()?;
    // On trial, it is the live version that answers.
    let alone = rollout.cause == Cause::Approved && rollout.phase == Phase::Last;
    stage.smoke_test.as_ref().filter(|_| alone && rollout.is_served(endpoint))
}

/// What follows where the version did not answer as it must; `None` where it did, or need not.
pub(crate) fn failed(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    stage: &Stage,
    rollout: &Rollout,
) -> Option<Answer> {
    due(stage, ctx.state, ctx.observed.endpoint.as_ref())?;
    let version = rollout.package.version();
    let cause = match &ctx.observed.smoked {
        Some(Smoked::Passed { .. }) => return None,
        Some(Smoked::Failed(cause)) => cause,
        None => return Some(Plan::skip("not_asked", format!("version {version} has not had its smoke test"))),
    };
    let text = format!("version {version} does not answer in {} as it must: {cause}", stage.name);
    let mut reasons = vec![Reason::new("smoke_test_failed", text)];
    let told = rollout.tell(FactKind::SmokeTestFailed, &reasons.first()?.text, ctx.now);
    let mut state = State { current: None, ..ctx.state.clone() };
    let mut plan = match ctx.state.last_good().map(|live| live.package.clone()) {
        Some(before) => {
            state.queued.take_if(|queued| queued.cause == Cause::Rollback);
            reasons.push(Reason::new("rollback", format!("going back to version {}", before.version())));
            state.begin_new_attempt(&before);
            let wanted = Queued { package: before, cause: Cause::Rollback, since: ctx.now };
            start_or_queue(ctx, policy, stage, state, wanted, reasons)
        }
        None => {
            reasons.push(Reason::new("nothing_before", "no version was live before it: it stays, and goes no further"));
            follow_on(ctx, policy, stage, state, reasons)
        }
    };
    plan.facts.insert(0, told);
    Some(plan)
}
