//! How a version enters a stage after the first, and how it leaves when it is rejected.

use trimtab_core::event::{Approval, Package};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Gate;
use trimtab_core::request::{Promote, Promoter};

use super::verdict::{approve, reject};
use super::{Plan, testing};
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::stage_promotion::{lifecycle_opens, promoted_package};
use crate::state::State;
use crate::variant_test;

/// A version is live in the previous stage, or an operator opens the gate or ends a variant test.
pub(crate) fn on_promotion(ctx: Ctx<'_>, fact: &Fact, request: &Promote) -> Plan {
    if ctx.state.has_processed(&fact.subject) {
        return Plan::skip(Code::AlreadyHandled, "this request was already processed");
    }
    let in_group = |package: &PackageArn| package.group() == ctx.policy.package_group.as_str();
    let Some(package) = promoted_package(request, ctx.state).filter(in_group) else {
        let text = format!("nothing is promoted: the version is not live in the stage before {}", ctx.stage.name);
        return Plan::fail(Code::NotOffered, text);
    };
    match &request.by {
        Promoter::Operator(by) => on_operators_promotion(ctx, fact, &package, by),
        Promoter::PreviousStage { .. } => {
            let mut state = ctx.state.clone();
            state.offer(&package);
            enter_or_wait(ctx, state, &package)
        }
    }
}

fn on_operators_promotion(ctx: Ctx<'_>, fact: &Fact, package: &PackageArn, by: &str) -> Plan {
    if let Some(tested) = variant_test::rollout(ctx.state).filter(|rollout| rollout.package == *package) {
        return testing::on_promotion(ctx, tested, fact, by);
    }
    if matches!(ctx.stage.gate, Gate::Lifecycle(_)) {
        let text = "an operator cannot open this gate: set the version's life cycle in the Model Registry";
        return Plan::fail(Code::Gated, text);
    }
    if !ctx.state.offered.contains_key(&package.version()) {
        let text = format!("version {} is not live in the stage before {}", package.version(), ctx.stage.name);
        return Plan::fail(Code::NotOffered, text);
    }
    enter(ctx, ctx.state.clone(), package, Some(by))
}

/// The life cycle of a version was edited, and names the gate of this stage.
pub(crate) fn on_lifecycle(ctx: Ctx<'_>, package: &Package) -> Plan {
    let version = package.version;
    if !is_opened_by_lifecycle(ctx) {
        let text = format!("the life cycle of version {version} opens no gate");
        return Plan::skip(Code::GateClosed, text);
    }
    if !ctx.state.offered.contains_key(&version) {
        let text =
            format!("version {version} is not live yet in the stage before {}: it enters when it is", ctx.stage.name);
        return Plan::skip(Code::NotOffered, text);
    }
    enter(ctx, ctx.state.clone(), &package.arn, None)
}

fn is_opened_by_lifecycle(ctx: Ctx<'_>) -> bool {
    matches!(&ctx.stage.gate, Gate::Lifecycle(name) if lifecycle_opens(ctx.observed.package.as_ref(), name))
}

/// An offered version enters if the gate is open, without an operator.
fn enter_or_wait(ctx: Ctx<'_>, state: State, package: &PackageArn) -> Plan {
    let is_open = match &ctx.stage.gate {
        Gate::None => true,
        Gate::Manual => false,
        Gate::Lifecycle(_) => is_opened_by_lifecycle(ctx),
    };
    if is_open { enter(ctx, state, package, None) } else { wait_at_gate(ctx, state, package) }
}

/// The version enters the stage, if the registry still says that it is approved. `promoted_by` is the operator who
/// opened the gate.
pub(crate) fn enter(ctx: Ctx<'_>, state: State, package: &PackageArn, promoted_by: Option<&str>) -> Plan {
    let Some(actual) = ctx.observed.package.as_ref().filter(|actual| actual.approval == Approval::Approved) else {
        return no_longer_approved(package);
    };
    let mut plan = approve(ctx.with_state(&state), package, actual);
    if let Some(by) = promoted_by {
        plan.reasons.push(Reason::new(Code::Promoted, format!("{by} promoted it to {}", ctx.stage.name)));
    }
    plan.state = plan.state.or(Some(state));
    plan
}

fn no_longer_approved(package: &PackageArn) -> Plan {
    let text =
        format!("version {} does not enter: the Model Registry does not say that it is approved", package.version());
    Plan::skip(Code::NoLongerApproved, text)
}

fn wait_at_gate(ctx: Ctx<'_>, state: State, package: &PackageArn) -> Plan {
    if ctx.observed.package.as_ref().is_none_or(|actual| actual.approval != Approval::Approved) {
        return no_longer_approved(package);
    }
    let (model, stage, version) = (&ctx.policy.model, &ctx.stage.name, package.version());
    let how = match &ctx.stage.gate {
        Gate::Lifecycle(name) => {
            format!("set its ModelLifeCycle in the Model Registry to Stage={name}, StageStatus=Approved")
        }
        Gate::None | Gate::Manual => format!("trimtab promote {model} {version} --to {stage} --by YOUR-NAME"),
    };
    let text = format!("version {version} waits at the gate of {stage}. To open it: {how}");
    // The version's attempt begins when it enters; each wait before that has the next attempt's dedup key.
    let attempt = ctx.state.verdicts.get(&version).map_or(1, |record| record.attempt + 1);
    let subject = Subject::of_package(ctx.policy, ctx.stage, &state, package).at_attempt(attempt);
    let fact = fact::about(FactKind::PromotionPending, subject, vec![text.clone()], ctx.now);
    Plan::only(Decision::Deferred, Reason::new(Code::PromotionPending, text)).with_state(state).with_fact(fact)
}

/// A version was rejected, and leaves this stage too.
pub(crate) fn on_withdrawal(ctx: Ctx<'_>, package: &PackageArn) -> Plan {
    if ctx.observed.package.as_ref().is_none_or(|actual| actual.approval != Approval::Rejected) {
        return Plan::skip(Code::Stale, "the Model Registry does not say that this version is rejected");
    }
    let version = package.version();
    let mut state = ctx.state.clone();
    let was_offered = state.offered.remove(&version).is_some();
    if state.verdicts.contains_key(&version) {
        return reject(ctx.with_state(&state), package);
    }
    let text = format!("version {version} has not entered {}", ctx.stage.name);
    if was_offered {
        return Plan::update(state, Code::Withdrawn, format!("{text} and is no longer offered"));
    }
    Plan::skip(Code::NotEntered, text)
}
