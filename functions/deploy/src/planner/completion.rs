//! How a rollout ends, and what follows.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Reason};

use super::next::{roll_back, roll_back_to, start_next, version_before};
use super::start::continue_with;
use super::{Plan, testing};
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollout::{Cause, Rollout};
use crate::smoke_test::{self, Verdict};
use crate::state::State;
use crate::targets::{self, Ending, EventMeaning, Finding, RolloutOutcome};
use crate::{alarm_data, stage_promotion};

/// An event of the stage's endpoint, pipeline, stack or transform job.
pub(crate) fn on_target_event(ctx: Ctx<'_>) -> Plan {
    match targets::of(ctx.stage).on_event(ctx) {
        EventMeaning::Ignore(reason) => Plan::only(Decision::Skipped, reason),
        EventMeaning::Refuse(reason) => Plan::only(Decision::Failed, reason),
        EventMeaning::TargetIsFree => start_next(ctx, ctx.state.clone(), vec![]),
        EventMeaning::TestContinues => match &ctx.state.current {
            Some(rollout) => testing::on_stable_endpoint(ctx, rollout),
            None => start_next(ctx, ctx.state.clone(), vec![]),
        },
        EventMeaning::Found(finding) => match &ctx.state.current {
            Some(rollout) => apply(ctx, rollout, finding),
            None => start_next(ctx, ctx.state.clone(), vec![]),
        },
    }
}

/// The end of the rollout whose own event was not received, found while another event is handled.
pub(crate) fn find_missed(ctx: Ctx<'_>) -> Option<Plan> {
    let rollout = ctx.state.current.as_ref()?;
    let target = targets::of(ctx.stage);
    if !target.can_end(&rollout.progress) {
        return Some(abandon(ctx, rollout));
    }
    let finding = target.find_outcome(ctx, rollout)?;
    Some(apply(ctx, rollout, finding))
}

/// The policy's target changed during the rollout: no event would report its end.
fn abandon(ctx: Ctx<'_>, rollout: &Rollout) -> Plan {
    let text = format!(
        "the policy's target changed during the rollout of version {}: its end is no longer monitored",
        rollout.version()
    );
    complete(ctx, rollout, &Ending::new(RolloutOutcome::Failed, Reason::new(Code::Abandoned, text)))
}

fn apply(ctx: Ctx<'_>, rollout: &Rollout, finding: Finding) -> Plan {
    match finding {
        Finding::Ended(ending) => complete(ctx, rollout, &ending),
        Finding::Continues { next, reason, actions } => continue_with(ctx, *next, reason, actions),
    }
}

fn complete(ctx: Ctx<'_>, rollout: &Rollout, ending: &Ending) -> Plan {
    match ending.outcome {
        RolloutOutcome::Live => on_served(ctx, rollout, ending),
        RolloutOutcome::RolledBack => {
            let state = State { current: None, ..ctx.state.clone() };
            let plan = start_next(ctx, state, vec![ending.reason.clone()]);
            with_ending(ctx, plan, FactKind::RolloutRolledBack, rollout, ending)
        }
        RolloutOutcome::Failed => {
            let plan = after_failure(ctx, ending);
            with_ending(ctx, plan, FactKind::RolloutFailed, rollout, ending)
        }
    }
}

/// The target has the version. It is live if its alarms have data and its smoke test passes.
fn on_served(ctx: Ctx<'_>, rollout: &Rollout, ending: &Ending) -> Plan {
    if rollout.is_variant_test() {
        return testing::begin(ctx, rollout);
    }
    if let Some(plan) = roll_back_without_data(ctx, rollout) {
        return plan;
    }
    match smoke_test::verdict(ctx) {
        Verdict::Passed => make_live(ctx, rollout, ending),
        Verdict::NotRun => Plan::skip(
            Code::NotTested,
            format!("the smoke test of version {} has no result yet: the next event runs it", rollout.version()),
        ),
        Verdict::Failed(cause) => on_failed_smoke_test(ctx, rollout, cause),
    }
}

/// SageMaker let the version pass, although an alarm has no data; `None` if all have, or if no version was live before.
fn roll_back_without_data(ctx: Ctx<'_>, rollout: &Rollout) -> Option<Plan> {
    let without_data = alarm_data::missing(ctx, rollout.cause);
    if without_data.is_empty() {
        return None;
    }
    let before = version_before(ctx.state, rollout)?.package.version();
    let text = format!(
        "there is no data on {}, so nothing shows that version {} is healthy: rolling back to version {before}",
        alarm_data::names(without_data),
        rollout.version()
    );
    roll_back(ctx, rollout, Reason::new(Code::NoAlarmDataAfterUpdate, text))
}

fn on_failed_smoke_test(ctx: Ctx<'_>, rollout: &Rollout, cause: &str) -> Plan {
    let text = format!("version {} failed its smoke test in {}: {cause}", rollout.version(), ctx.stage.name);
    let fact = fact::about(FactKind::SmokeTestFailed, Subject::of_rollout(rollout), vec![text.clone()], ctx.now);
    let mut reasons = vec![Reason::new(Code::SmokeTestFailed, text)];
    let mut state = State { current: None, ..ctx.state.clone() };
    let mut plan = match ctx.state.last_good().map(|live| live.package.clone()) {
        Some(before) => {
            state.drop_queued_rollback();
            reasons.push(Reason::new(Code::Rollback, format!("rolling back to version {}", before.version())));
            roll_back_to(ctx, state, before, reasons)
        }
        None => {
            let text = "no version was live before: it keeps serving, and is not promoted to the next stage";
            reasons.push(Reason::new(Code::NothingBefore, text));
            start_next(ctx, state, reasons)
        }
    };
    plan.facts.insert(0, fact);
    plan
}

fn make_live(ctx: Ctx<'_>, rollout: &Rollout, ending: &Ending) -> Plan {
    let scaling = targets::of(ctx.stage).scaling(ctx.stage);
    let mut state = State { current: None, ..ctx.state.clone() };
    state.make_live(rollout, ctx.now);
    if !scaling.is_empty() {
        state.request_scaling();
    }
    let plan = start_next(ctx, state, vec![ending.reason.clone()]);
    let mut plan = with_ending(ctx, plan, FactKind::RolloutSucceeded, rollout, ending);
    plan.actions.splice(0..0, scaling);
    // A rollback is not promoted, nor is a version that an operator is about to replace.
    if rollout.cause == Cause::Approved && !ctx.state.has_queued(Cause::Operator) {
        plan.facts.extend(stage_promotion::offer_to_next(ctx, rollout));
    }
    plan
}

fn after_failure(ctx: Ctx<'_>, ending: &Ending) -> Plan {
    let target = targets::of(ctx.stage);
    let mut state = State { current: None, ..ctx.state.clone() };
    if target.failure_leaves_live_version() {
        state.cancel_rollback_to_live_version();
    }
    let reasons = vec![ending.reason.clone()];
    // A queued version must wait until an operator has repaired the target, or requests a rollback that does.
    if !target.takes_update_after_failure() && !state.has_queued(Cause::Operator) {
        return Plan::with_reasons(Decision::Acted, reasons).with_state(state);
    }
    start_next(ctx, state, reasons)
}

/// Adds the fact about the end of the rollout before all others.
fn with_ending(ctx: Ctx<'_>, mut plan: Plan, kind: FactKind, rollout: &Rollout, ending: &Ending) -> Plan {
    let texts = vec![ending.reason.text.clone()];
    let fact = fact::about(kind, Subject::of_rollout(rollout), texts, ctx.now);
    let fact = match &ending.transform {
        Some(transform) => fact::with_transform(fact, transform),
        None => fact,
    };
    plan.facts.insert(0, fact);
    plan
}
