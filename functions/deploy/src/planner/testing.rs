//! How a variant test begins and ends.

use trimtab_core::event::Approval;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::plan::Reason;

use super::Plan;
use super::next::{roll_back, start_next, version_before};
use super::start::continue_with;
use crate::alarm_data::names;
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollout::{Cause, Phase, Progress, Rollout};
use crate::state::State;
use crate::targets;
use crate::variant_test::{self, TestResult};

/// The endpoint serves both versions: the test begins, unless the version is no longer wanted.
pub(crate) fn begin(ctx: Ctx<'_>, rollout: &Rollout) -> Plan {
    let version = rollout.version();
    if ctx.state.has_queued(Cause::Operator) {
        return cancel_for_operator(ctx, rollout);
    }
    if ctx.state.has_queued(Cause::Rollback) || ctx.state.is_rejected(&rollout.package) {
        let text = format!("version {version} is rolled back: it was rejected before its variant test began");
        return roll_back(ctx, rollout, Reason::new(Code::TestCanceled, text)).unwrap_or_else(|| {
            Plan::skip(Code::NothingBefore, format!("no version was live before version {version}"))
        });
    }
    if let Some(plan) = promote_early(ctx, rollout) {
        return plan;
    }
    let next = Rollout { progress: Progress::Testing { since: ctx.now }, ..rollout.clone() };
    let state = State { current: Some(next), ..ctx.state.clone() };
    Plan::update(state, Code::Testing, format!("version {version} is in its variant test beside the live version"))
}

fn cancel_for_operator(ctx: Ctx<'_>, rollout: &Rollout) -> Plan {
    let text = format!("version {} is not tested: an operator requested another version", rollout.version());
    let fact = fact::about(FactKind::RolloutRolledBack, Subject::of_rollout(rollout), vec![text.clone()], ctx.now);
    let state = State { current: None, ..ctx.state.clone() };
    let mut plan = start_next(ctx, state, vec![Reason::new(Code::TestCanceled, text)]);
    plan.facts.insert(0, fact);
    plan
}

/// The endpoint is in a stable state, as it should be during the test.
pub(crate) fn on_stable_endpoint(ctx: Ctx<'_>, rollout: &Rollout) -> Plan {
    promote_early(ctx, rollout)
        .unwrap_or_else(|| Plan::skip(Code::Testing, format!("version {} is in its variant test", rollout.version())))
}

/// What a reconcile finds about the test that the endpoint serves: a firing alarm ends it, or its duration has passed.
pub(crate) fn on_reconcile(ctx: Ctx<'_>) -> Option<Plan> {
    let rollout = ctx.state.current.as_ref()?;
    let Progress::Testing { since } = rollout.progress else { return None };
    // Without a version before, nothing can follow a failure.
    let before = version_before(ctx.state, rollout)?.package.version();
    if !ctx.observed.serves(&rollout.resource) {
        return None;
    }
    let version = rollout.version();
    let result = variant_test::result(ctx, since);
    if let TestResult::Failed(firing) = result {
        let text = format!(
            "alarm {} is firing in the variant test of version {version}: rolling back to version {before}",
            names(firing)
        );
        return roll_back(ctx, rollout, Reason::new(Code::TestFailed, text));
    }
    if let Some(plan) = promote_early(ctx, rollout) {
        return Some(plan);
    }
    if result == TestResult::InProgress {
        return None;
    }
    let text = format!("no alarm fired in the variant test of version {version}: it takes all traffic");
    Some(end_test(ctx, rollout, Reason::new(Code::TestPassed, text)))
}

/// An operator ends the test early: now, or as soon as it can end.
pub(crate) fn on_promotion(ctx: Ctx<'_>, rollout: &Rollout, request: &Fact, by: &str) -> Plan {
    let version = rollout.version();
    if ctx.observed.package.as_ref().is_none_or(|package| package.approval != Approval::Approved) {
        let text = format!("the Model Registry does not say that version {version} is approved: the test goes on");
        return Plan::skip(Code::NoLongerApproved, text);
    }
    let firing = &ctx.observed.test_alarms_firing;
    if !firing.is_empty() {
        let text = format!("version {version} is not promoted: alarm {} of its test is firing", names(firing));
        return Plan::fail(Code::TestFailed, text);
    }
    let mut promoted = rollout.clone();
    if let Phase::VariantTest { promoted_by, .. } = &mut promoted.phase {
        *promoted_by = Some(by.to_owned());
    }
    let mut state = State { current: Some(promoted.clone()), ..ctx.state.clone() };
    state.record_request(&request.subject);
    promote_early(ctx.with_state(&state), &promoted).unwrap_or_else(|| {
        let without_data = &ctx.observed.alarms_without_data;
        let condition = if without_data.is_empty() {
            "the endpoint serves both versions".to_owned()
        } else {
            format!("there is data on {}", names(without_data))
        };
        let text = format!("{by} ends the variant test of version {version}: it takes all traffic when {condition}");
        Plan::update(state.clone(), Code::EarlyPromotion, text)
    })
}

/// Ends the test early if an operator requested that and it can end.
fn promote_early(ctx: Ctx<'_>, rollout: &Rollout) -> Option<Plan> {
    let by = variant_test::early_promotion(ctx, rollout)?;
    let without_data = &ctx.observed.test_alarms_without_data;
    let caveat = if without_data.is_empty() {
        String::new()
    } else {
        format!(", although there is no data on {}", names(without_data))
    };
    let text = format!("{by} ended the variant test of version {}{caveat}: it takes all traffic", rollout.version());
    Some(end_test(ctx, rollout, Reason::new(Code::Promoted, text)))
}

/// The version takes all traffic, by the policy's strategy.
fn end_test(ctx: Ctx<'_>, rollout: &Rollout, reason: Reason) -> Plan {
    let Some(next) = variant_test::after_test(rollout, ctx.now) else {
        return Plan::skip(Code::NothingNew, "the version is in no variant test");
    };
    let actions = targets::of(ctx.stage).steps(ctx, &next);
    continue_with(ctx, next, reason, actions)
}
