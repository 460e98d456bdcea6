//! What follows from the approval or rejection of a version.

use trimtab_core::fact::FactKind;
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::OnRejected;
use trimtab_core::port::ObservedPackage;

use super::Plan;
use super::next::roll_back_to;
use super::start::start_or_queue;
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollout::Cause;
use crate::state::{Queued, State, Verdict};
use crate::{rollback, stage_promotion, variant_test};

/// The version is approved: its rollout starts, unless it or a newer one is live or in progress.
pub(crate) fn approve(ctx: Ctx<'_>, package: &PackageArn, actual: &ObservedPackage) -> Plan {
    let version = package.version();
    if ctx.state.has_verdict(package, Verdict::Approved) {
        return Plan::skip(Code::AlreadyHandled, format!("the approval of version {version} was already processed"));
    }
    if actual.status != "Completed" {
        let text = format!("version {version} is {}: only a Completed package can be deployed", actual.status);
        return Plan::fail(Code::NotCompleted, text);
    }
    let newest = ctx.state.newest();
    let mut state = ctx.state.clone();
    state.record_verdict(package, Verdict::Approved);
    if let Some(newest) = newest.filter(|newest| *newest > version) {
        return skip_superseded(ctx, state, package, newest);
    }
    if newest == Some(version) || is_rejection_taken_back(ctx, package) {
        state.cancel_pending_rollback();
        let reason =
            Reason::new(Code::AlreadyThere, format!("version {version} is live or its rollout is in progress"));
        return Plan::only(Decision::Skipped, reason).with_state(state);
    }
    let reason = Reason::new(Code::Approved, format!("version {version} is approved"));
    let wanted = Queued { package: package.clone(), cause: Cause::Approved, since: ctx.now };
    start_or_queue(ctx, state, wanted, vec![reason])
}

fn skip_superseded(ctx: Ctx<'_>, state: State, package: &PackageArn, newest: u32) -> Plan {
    let text = format!(
        "version {} is not deployed: version {newest} is newer and approved. To return to the older version, reject \
         the newer one",
        package.version()
    );
    let subject = Subject::of_package(ctx.policy, ctx.stage, &state, package);
    let fact = fact::about(FactKind::RolloutSkipped, subject, vec![text.clone()], ctx.now);
    Plan::skip(Code::Superseded, text).with_state(state).with_fact(fact)
}

/// Whether this version was rejected and is approved again before the rollback from it started.
fn is_rejection_taken_back(ctx: Ctx<'_>, package: &PackageArn) -> bool {
    match &ctx.state.current {
        Some(rollout) => rollout.package == *package,
        None => {
            let has_stayed = ctx.state.is_rollback_pending() || rollback::is_served(ctx, package);
            ctx.state.is_live(package) && has_stayed
        }
    }
}

/// What the rejection of a version leads to, besides its record.
enum Response {
    /// The stage rolls back to this version.
    RollBack(PackageArn),
    /// The version stays, for this reason.
    Stay(Reason),
    /// The stage has nothing to do with the version.
    Nothing,
}

/// The version is rejected: it is taken out of the queue, and the stage rolls back from it if the policy says so.
pub(crate) fn reject(ctx: Ctx<'_>, package: &PackageArn) -> Plan {
    let version = package.version();
    if ctx.state.has_verdict(package, Verdict::Rejected) {
        return Plan::skip(Code::AlreadyHandled, format!("the rejection of version {version} was already processed"));
    }
    let was_deferred_target =
        ctx.state.rollback_pending && ctx.state.last_good().is_some_and(|live| live.package == *package);
    let mut state = ctx.state.clone();
    state.record_verdict(package, Verdict::Rejected);
    let mut reasons = vec![Reason::new(Code::Rejected, format!("version {version} is rejected"))];
    let dequeued = state.queued.take_if(|queued| queued.package == *package);
    if dequeued.is_some() {
        reasons.push(Reason::new(Code::Dequeued, format!("version {version} is removed from the queue")));
    }
    // A rollback to this version must go to another one.
    let was_target = was_deferred_target || dequeued.is_some_and(|queued| queued.cause == Cause::Rollback);
    let was_tested = variant_test::stop(&mut state, package).is_some();
    let in_progress = ctx.state.current.as_ref().is_some_and(|rollout| rollout.package == *package);
    let is_affected = ctx.state.is_live(package) || in_progress || was_target;
    // Only a live version may stay against its rejection: a tested one is removed, whatever the policy says.
    let on_rejected = if was_tested { OnRejected::Rollback } else { ctx.stage.on_rejected };
    let response = if is_affected { response(&state, on_rejected) } else { Response::Nothing };
    apply_rejection(ctx, state, package, response, reasons)
}

fn response(state: &State, on_rejected: OnRejected) -> Response {
    match (on_rejected, state.last_good()) {
        (OnRejected::Notify, _) => Response::Stay(Reason::new(
            Code::NotifyOnly,
            "it stays where it is, because the policy has on_rejected = \"notify\"",
        )),
        (OnRejected::Rollback, Some(before)) => Response::RollBack(before.package.clone()),
        (OnRejected::Rollback, None) => Response::Stay(Reason::new(
            Code::NothingBefore,
            "it keeps serving, because no version was live before it: approve another version to replace it",
        )),
    }
}

fn apply_rejection(
    ctx: Ctx<'_>,
    state: State,
    package: &PackageArn,
    response: Response,
    mut reasons: Vec<Reason>,
) -> Plan {
    match &response {
        Response::RollBack(before) => {
            let text = format!("rolling back to version {}, which was live before", before.version());
            reasons.push(Reason::new(Code::Rollback, text));
        }
        Response::Stay(reason) => reasons.push(reason.clone()),
        Response::Nothing => {}
    }
    let texts = reasons.iter().map(|reason| reason.text.clone()).collect();
    let subject = Subject::of_package(ctx.policy, ctx.stage, &state, package);
    let fact = fact::about(FactKind::PackageRejected, subject, texts, ctx.now);
    let withdrawals = stage_promotion::withdrawals(ctx, &state, package);
    let mut plan = match response {
        Response::RollBack(before) => roll_back_to(ctx, state, before, reasons),
        Response::Stay(_) | Response::Nothing => Plan::with_reasons(Decision::Acted, reasons).with_state(state),
    };
    plan.facts.insert(0, fact);
    plan.facts.extend(withdrawals);
    plan
}
