//! Reconciling: finds verdicts whose events were not received, queued versions that can start, variant tests whose
//! duration has passed, and exceeded deadlines. The end of a rollout is found before that, by `find_missed`.

use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::{Gate, VariantTest};
use trimtab_core::port::ListedPackage;

use crate::context::Ctx;
use crate::planner::{Plan, next, promotion, testing, verdict};
use crate::reason::Code;
use crate::stage_promotion::{lifecycle_opens, reconcile_requests, waiting_offer};
use crate::state::{State, Verdict};
use crate::{fact, rollback, targets, variant_test, verdicts};

/// Decides on one finding; the next reconcile finds the next one.
pub(crate) fn on_reconcile(ctx: Ctx<'_>, request: &Fact) -> Plan {
    let mut plan = finding(ctx, request.kind)
        .unwrap_or_else(|| Plan::skip(Code::NothingNew, "all verdicts were processed, and no rollout has changed"));
    plan.facts.extend(reconcile_requests(ctx.policy, ctx.stage, request, ctx.now));
    plan
}

fn finding(ctx: Ctx<'_>, kind: FactKind) -> Option<Plan> {
    // The registry's verdicts belong to the first stage. The others receive offers from the stage before.
    let is_first_stage = kind == FactKind::ReconcileRequested;
    if is_first_stage && ctx.state.initial_verdicts.is_none() {
        return Some(first_reconcile(ctx));
    }
    if let Some(plan) = testing::on_reconcile(ctx) {
        return Some(plan);
    }
    if let Some(plan) = exceeded_deadline(ctx) {
        return Some(plan);
    }
    // A missed version comes after the one that an operator waits for.
    if !rollback::operator_goes_first(ctx) {
        let missed = if is_first_stage { missed_verdict(ctx) } else { missed_offer(ctx) };
        if let Some(plan) = missed {
            return Some(plan);
        }
    }
    start_waiting(ctx)
}

/// The existing verdicts are recorded and not followed: a model that is new to Trimtab must not be rolled out because
/// its versions were approved long ago.
fn first_reconcile(ctx: Ctx<'_>) -> Plan {
    let existing = ctx.observed.newest.iter();
    let existing = existing.filter_map(|listed| Some((listed.package.version(), verdicts::of(listed)?)));
    let state = State { initial_verdicts: Some(existing.collect()), ..ctx.state.clone() };
    Plan::update(state, Code::FirstReconcile, "the existing verdicts are recorded and not followed")
}

/// The rollout takes longer than the policy allows, which is reported once.
fn exceeded_deadline(ctx: Ctx<'_>) -> Option<Plan> {
    let rollout = ctx.state.current.as_ref()?;
    // The duration of a variant test is no delay.
    let test = variant_test::in_progress(ctx, rollout).map(VariantTest::lasts);
    let deadline = ctx.policy.reconcile?.rollout.saturating_add(test.unwrap_or_default());
    if rollout.deadline_exceeded || ctx.now.duration_since(rollout.since) < deadline {
        return None;
    }
    let text = format!(
        "the rollout of version {} has not ended since {}; the policy allows {deadline:#}",
        rollout.version(),
        rollout.since
    );
    let fact = fact::deadline_exceeded(rollout, &text, ctx.now);
    let mut state = ctx.state.clone();
    if let Some(rollout) = &mut state.current {
        rollout.deadline_exceeded = true;
    }
    let reason = Reason::new(Code::DeadlineExceeded, text);
    Some(Plan::only(Decision::Acted, reason).with_state(state).with_fact(fact))
}

/// A verdict in the registry that was not processed, or an approval that was held and whose alarms have data now.
fn missed_verdict(ctx: Ctx<'_>) -> Option<Plan> {
    let is_held = |listed: &ListedPackage| {
        ctx.state.has_verdict(&listed.package, Verdict::Held) && !ctx.observed.alarms_without_data.is_empty()
    };
    let is_missed = |listed: &&ListedPackage| verdicts::is_unprocessed(ctx.state, listed) && !is_held(listed);
    let listed = ctx.observed.newest.iter().find(is_missed)?;
    let plan = match verdicts::of(listed)? {
        Verdict::Rejected => verdict::reject(ctx, &listed.package),
        _ => verdict::approve(ctx, &listed.package, &listed.actual),
    };
    Some(as_missed(plan))
}

/// An offered version that was held and whose alarms have data now, or whose life cycle opened the gate.
fn missed_offer(ctx: Ctx<'_>) -> Option<Plan> {
    let package = waiting_offer(ctx.state)?;
    let was_held = ctx.state.verdicts.contains_key(&package.version());
    let have_data = ctx.observed.alarms_without_data.is_empty();
    let can_enter = match &ctx.stage.gate {
        Gate::Lifecycle(name) => lifecycle_opens(ctx.observed.package.as_ref(), name) && (!was_held || have_data),
        // A version that was held has passed its gate. Another one waits for its request.
        Gate::None | Gate::Manual => was_held && have_data,
    };
    can_enter.then(|| as_missed(promotion::enter(ctx, ctx.state.clone(), package, None)))
}

fn as_missed(mut plan: Plan) -> Plan {
    plan.reasons.push(Reason::new(Code::MissedEvent, "its event was not received: found by reconciling"));
    plan
}

/// A version is queued, no rollout is in progress, and the target can take it.
fn start_waiting(ctx: Ctx<'_>) -> Option<Plan> {
    if !ctx.state.is_waiting() || ctx.state.current.is_some() || !targets::of(ctx.stage).can_start_queued(ctx) {
        return None;
    }
    Some(next::start_next(ctx, ctx.state.clone(), vec![]))
}
