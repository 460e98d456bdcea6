//! What follows when a stage is free: the queued version, a deferred rollback, or a rollback from a failed version.

use trimtab_core::event::Approval;
use trimtab_core::fact::FactKind;
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Reason};

use super::Plan;
use super::start::start_or_queue;
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollback;
use crate::rollout::{Cause, Rollout};
use crate::state::{Live, Queued, State};

/// Starts the queued version if it is still wanted, or else a deferred rollback. `reasons` say what ended before.
pub(crate) fn start_next(ctx: Ctx<'_>, mut state: State, mut reasons: Vec<Reason>) -> Plan {
    let Some(wanted) = state.queued.take() else {
        return start_deferred_rollback(ctx, state, reasons);
    };
    let version = wanted.package.version();
    let is_operators = wanted.cause == Cause::Operator;
    if is_operators && rollback::is_served(ctx.with_state(&state), &wanted.package) {
        let text = format!("the endpoint serves version {version} already");
        reasons.push(Reason::new(Code::AlreadyThere, text));
        return Plan::with_reasons(Decision::Acted, reasons).with_state(state);
    }
    // An operator may return to a version that was never approved.
    if !is_operators && !is_approved(ctx.observed.queued.as_ref()) {
        let text = format!("queued version {version} is dropped: the Model Registry no longer says Approved");
        reasons.push(Reason::new(Code::NoLongerApproved, text));
        return start_deferred_rollback(ctx, state, reasons);
    }
    reasons.push(Reason::new(Code::Resumed, format!("queued version {version} is next")));
    let mut plan = start_or_queue(ctx, state, wanted, reasons);
    if plan.decision != Decision::Failed {
        return plan;
    }
    // The queued version is held. The event at hand is about the rollout before it, and did not fail.
    let state = plan.state.take().unwrap_or_default();
    let mut next = start_deferred_rollback(ctx, state, plan.reasons);
    next.facts.splice(0..0, plan.facts);
    next
}

/// No version is queued: starts the rollback that a queued version deferred, because a rejected version is live.
fn start_deferred_rollback(ctx: Ctx<'_>, mut state: State, mut reasons: Vec<Reason>) -> Plan {
    let is_due = std::mem::take(&mut state.rollback_pending);
    let can_return = is_due && is_approved(ctx.observed.last_good.as_ref());
    if let Some(package) = state.last_good().filter(|_| can_return).map(|live| live.package.clone()) {
        let text = format!("a rejected version is live: rolling back to version {}", package.version());
        reasons.push(Reason::new(Code::Rollback, text));
        return roll_back_to(ctx, state, package, reasons);
    }
    if reasons.is_empty() && !is_due {
        return Plan::skip(Code::NoRollout, "no rollout is in progress, and no version is queued");
    }
    Plan::with_reasons(Decision::Acted, reasons).with_state(state)
}

fn is_approved(package: Option<&trimtab_core::port::ObservedPackage>) -> bool {
    package.is_some_and(|package| package.approval == Approval::Approved)
}

/// Starts or queues a rollback to this version, as its next attempt.
pub(crate) fn roll_back_to(ctx: Ctx<'_>, mut state: State, package: PackageArn, reasons: Vec<Reason>) -> Plan {
    state.begin_new_attempt(&package);
    let wanted = Queued { package, cause: Cause::Rollback, since: ctx.now };
    start_or_queue(ctx, state, wanted, reasons)
}

/// The version to which a failed rollout returns. The version beside a variant test serves in any case, even if it is
/// rejected.
pub(crate) fn version_before<'a>(state: &'a State, rollout: &Rollout) -> Option<&'a Live> {
    let serves_beside_test = || state.live_now().filter(|_| rollout.is_variant_test());
    state.last_good().or_else(serves_beside_test)
}

/// Ends the rollout and returns to the version before it; `None` if no version was live before.
pub(crate) fn roll_back(ctx: Ctx<'_>, rollout: &Rollout, reason: Reason) -> Option<Plan> {
    let before = version_before(ctx.state, rollout)?.package.clone();
    let texts = vec![reason.text.clone()];
    let fact = fact::about(FactKind::RolloutRolledBack, Subject::of_rollout(rollout), texts, ctx.now);
    let mut state = State { current: None, ..ctx.state.clone() };
    state.drop_queued_rollback();
    let mut plan = roll_back_to(ctx, state, before, vec![reason]);
    plan.facts.insert(0, fact);
    Some(plan)
}
