//! Variant tests: shadow tests and A/B tests of a version beside the live one. A test ends when an alarm fires, when its
//! duration has passed, or early, by an operator. No event reports that the duration has passed: reconciling finds it.

use jiff::Timestamp;
use trimtab_core::name::{AlarmName, PackageArn};
use trimtab_core::policy::VariantTest;

use crate::context::Ctx;
use crate::rollout::{Phase, Progress, Rollout};
use crate::state::State;
use crate::targets;

/// The rollout that is before or in its variant test.
pub(crate) fn rollout(state: &State) -> Option<&Rollout> {
    state.current.as_ref().filter(|rollout| rollout.is_variant_test())
}

/// Removes the rollout of this version if the endpoint serves its test. Nothing else ends it: the endpoint is in a
/// stable state, and sends no event.
pub(crate) fn stop(state: &mut State, package: &PackageArn) -> Option<Rollout> {
    state.current.take_if(|rollout| rollout.is_testing() && rollout.package == *package)
}

/// Removes the rollout of any version if the endpoint serves its test.
pub(crate) fn stop_any(state: &mut State) -> Option<Rollout> {
    state.current.take_if(|rollout| rollout.is_testing())
}

/// The result of a test that the endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestResult<'a> {
    /// These alarms are firing.
    Failed(&'a [AlarmName]),
    /// The duration has not passed, or an alarm has no data. If that lasts, the deadline is exceeded.
    InProgress,
    /// The duration has passed, and all alarms have data.
    Passed,
}

pub(crate) fn result<'a>(ctx: Ctx<'a>, since: Timestamp) -> TestResult<'a> {
    let observed = ctx.observed;
    if !observed.test_alarms_firing.is_empty() {
        return TestResult::Failed(&observed.test_alarms_firing);
    }
    let elapsed = ctx.now.duration_since(since);
    // A test that the policy no longer has ends at once.
    let has_passed = targets::of(ctx.stage).variant_test().is_none_or(|test| elapsed >= test.lasts());
    // An alarm without data proves nothing. The strategy's alarms count, because they guard the phase that follows.
    let have_data = observed.alarms_without_data.is_empty() && observed.test_alarms_without_data.is_empty();
    if has_passed && have_data { TestResult::Passed } else { TestResult::InProgress }
}

/// The operator who ends the test early, if it can end: the endpoint serves both versions, no alarm of the test is
/// firing, and the strategy's alarms, which can roll the version back, have data.
pub(crate) fn early_promotion<'a>(ctx: Ctx<'_>, rollout: &'a Rollout) -> Option<&'a str> {
    let Phase::VariantTest { promoted_by: Some(by), .. } = &rollout.phase else { return None };
    let observed = ctx.observed;
    let can_end = observed.serves(&rollout.resource)
        && observed.test_alarms_firing.is_empty()
        && observed.alarms_without_data.is_empty();
    can_end.then_some(by)
}

/// The rollout after the test: the version takes all traffic, with the configuration of its own name.
pub(crate) fn after_test(rollout: &Rollout, now: Timestamp) -> Option<Rollout> {
    let Phase::VariantTest { own_model, .. } = &rollout.phase else { return None };
    Some(Rollout {
        resource: crate::rollout::Resource::EndpointConfig(own_model.clone()),
        since: now,
        progress: Progress::Intended,
        // The phase that follows has its own deadline, and its own message.
        deadline_exceeded: false,
        phase: Phase::AllTraffic,
        ..rollout.clone()
    })
}

/// The policy's test, if the rollout is before or in it.
pub(crate) fn in_progress<'a>(ctx: Ctx<'a>, rollout: &Rollout) -> Option<&'a VariantTest> {
    if rollout.is_variant_test() { targets::of(ctx.stage).variant_test() } else { None }
}
