//! Stages: which one an event is about, and how a version gets from one to the next. Each stage is an aggregate of its
//! own, and the stages communicate by facts.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{PackageArn, StageName};
use trimtab_core::policy::{Deploy, Gate, Policy, SOLE, Stage};
use trimtab_core::port::ObservedPackage;
use trimtab_core::request::{Promote, Promoter};

use crate::context::Ctx;
use crate::fact;
use crate::rollout::Rollout;
use crate::state::{State, Verdict};
use crate::{targets, variant_test};

/// The stage that this event is about; `None` if the policy has no such stage.
pub(crate) fn stage_of<'a>(event: &Event, deploy: &'a Deploy) -> Option<&'a Stage> {
    match &event.body {
        Body::Package(package) => {
            let gated = package
                .lifecycle_edit()
                .and_then(|edit| deploy.stages.iter().find(|stage| stage.gate == Gate::Lifecycle(edit.stage.clone())));
            gated.or_else(|| deploy.first())
        }
        Body::Endpoint(_) | Body::CodePipelineExecution(_) | Body::Stack(_) | Body::TransformJob(_) => {
            deploy.stages.iter().find(|stage| targets::of(stage).is_named_by(stage, event))
        }
        Body::Fact(fact) => fact::stage(fact, deploy),
        _ => deploy.first(),
    }
}

/// The name of the stage's aggregate. A stage with the name of a policy without stages continues that one's aggregate.
pub(crate) fn aggregate(stage: &Stage) -> String {
    if stage.name.as_str() == SOLE { "rollout".to_owned() } else { format!("rollout#{}", stage.name) }
}

/// Offers a version that became live to the next stage.
pub(crate) fn offer_to_next(ctx: Ctx<'_>, rollout: &Rollout) -> Option<Fact> {
    let next = ctx.policy.deploy.as_ref()?.after(ctx.stage)?;
    let text = format!("version {} is live in {}", rollout.version(), ctx.stage.name);
    Some(fact::promotion_request(&next.name, rollout, &text, ctx.now))
}

/// Withdraws a rejected version from the other stages: only the first one receives the registry's event.
pub(crate) fn withdrawals(ctx: Ctx<'_>, state: &State, package: &PackageArn) -> Vec<Fact> {
    let text = format!("version {} is rejected", package.version());
    let subject = fact::Subject::of_package(ctx.policy, ctx.stage, state, package);
    let withdraw = |other: &StageName| fact::withdrawal_request(other, subject, &text, ctx.now);
    later_stages(ctx.policy, ctx.stage).map(withdraw).collect()
}

/// Passes a reconcile of the model on to its other stages.
pub(crate) fn reconcile_requests(policy: &Policy, stage: &Stage, request: &Fact, now: Timestamp) -> Vec<Fact> {
    if request.kind != FactKind::ReconcileRequested {
        return Vec::new();
    }
    later_stages(policy, stage).filter_map(|other| fact::stage_reconcile_request(other, request, now)).collect()
}

/// All stages but the first, if this is the first; otherwise none.
fn later_stages<'a>(policy: &'a Policy, stage: &Stage) -> impl Iterator<Item = &'a StageName> {
    let is_first = |first: &Stage| first.name == stage.name;
    let deploy = policy.deploy.as_ref().filter(|deploy| deploy.first().is_some_and(is_first));
    deploy.into_iter().flat_map(|deploy| deploy.stages.iter().skip(1)).map(|stage| &stage.name)
}

/// The package that a promotion is about. An operator names a version that is being tested here or is offered.
pub(crate) fn promoted_package(promote: &Promote, state: &State) -> Option<PackageArn> {
    if let Promoter::PreviousStage { package, .. } = &promote.by {
        return Some(package.clone());
    }
    let tested = variant_test::rollout(state).map(|rollout| &rollout.package);
    let tested = tested.filter(|package| package.version() == promote.version);
    tested.or_else(|| state.offered.get(&promote.version)).cloned()
}

/// Whether the version's life cycle in the registry opens the gate of this name.
pub(crate) fn lifecycle_opens(package: Option<&ObservedPackage>, gate: &str) -> bool {
    let lifecycle = package.and_then(|package| package.lifecycle.as_ref());
    lifecycle.is_some_and(|lifecycle| lifecycle.opens_gate(gate))
}

/// The newest offered version that has not entered the stage: it was held, or it waits at the gate.
pub(crate) fn waiting_offer(state: &State) -> Option<&PackageArn> {
    let has_entered = |version: &u32| state.verdicts.get(version).is_some_and(|record| record.verdict != Verdict::Held);
    state.offered.iter().rev().find(|(version, _)| !has_entered(version)).map(|(_, package)| package)
}
