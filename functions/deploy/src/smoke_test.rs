//! Smoke tests: a version that is in service must respond before it counts as live.
//!
//! The invocation changes nothing, so it belongs to the observation. The end of the rollout and the response of the
//! endpoint are decided together.

use trimtab_core::policy::{SmokeTest, Stage};
use trimtab_core::port::SmokeTestResult;

use crate::context::Ctx;
use crate::observation::Observed;
use crate::rollout::Cause;
use crate::state::State;

/// The request that is due: the endpoint serves the version of a rollout in progress.
pub(crate) fn due<'a>(stage: &'a Stage, state: &State, observed: &Observed) -> Option<&'a SmokeTest> {
    let rollout = state.current.as_ref()?;
    // A rollback must not be stopped by a smoke test, and in a variant test the live version responds.
    if rollout.cause != Cause::Approved || rollout.is_variant_test() || !observed.serves(&rollout.resource) {
        return None;
    }
    stage.smoke_test.as_ref()
}

/// The verdict of the smoke test on the rollout in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// The endpoint responded, or no smoke test is due.
    Passed,
    /// The smoke test is due and was not run.
    NotRun,
    /// The failure, as the endpoint reported it.
    Failed(&'a str),
}

pub(crate) fn verdict(ctx: Ctx<'_>) -> Verdict<'_> {
    if due(ctx.stage, ctx.state, ctx.observed).is_none() {
        return Verdict::Passed;
    }
    match &ctx.observed.smoke_test {
        Some(SmokeTestResult::Passed { .. }) => Verdict::Passed,
        Some(SmokeTestResult::Failed(cause)) => Verdict::Failed(cause),
        None => Verdict::NotRun,
    }
}
