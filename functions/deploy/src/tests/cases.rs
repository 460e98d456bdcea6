//! Builders of events, states and observations, and the decision that follows from them.

use trimtab_core::event::Event;
use trimtab_core::plan::Plan;
use trimtab_core::reactor::{Context, Decide};

use super::*;
use crate::action::Action;
use crate::context::Ctx;
use crate::observation::Observed;
use crate::rollout::{Cause, Phase, Progress, Resource, Rollout};
use crate::state::{Live, State};

pub(super) const CHURN: &str = include_str!("../../../../policies/churn.toml");
pub(super) const SEGMENTS: &str = include_str!("../../../../policies/segments.toml");
pub(super) const TARIFFS: &str = include_str!("../../../../policies/tariffs.toml");
pub(super) const LEADS: &str = include_str!("../../../../policies/leads.toml");
pub(super) const LOANS: &str = include_str!("../../../../policies/loans.toml");
pub(super) const CANARY: &str = "[deploy.endpoint.canary]";

pub(super) fn with_shadow() -> String {
    let shadow =
        format!("[deploy.endpoint.shadow]\npercent = 50\nduration = \"24h\"\nalarms = [\"a\", \"b\", \"c\"]\n{CANARY}");
    CHURN.replace(CANARY, &shadow)
}

pub(super) fn package(group: &str, version: u32) -> PackageArn {
    PackageArn::parse(&arn(group, version)).unwrap()
}

pub(super) fn event(account: &str, source: &str, kind: &str, detail: &Value) -> Event {
    let raw = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": account,
        "region": "eu-west-1", "time": NOON, "resources": [], "detail": detail});
    Event::parse(&raw).unwrap()
}

pub(super) fn approved(group: &str, version: u32) -> Event {
    judged(group, version, "Approved")
}

pub(super) fn rejected(group: &str, version: u32) -> Event {
    judged(group, version, "Rejected")
}

fn judged(group: &str, version: u32, verdict: &str) -> Event {
    let detail = json!({"ModelPackageGroupName": group, "ModelPackageVersion": version,
        "ModelPackageArn": arn(group, version), "ModelApprovalStatus": verdict, "ModelPackageStatus": "Completed"});
    event("123456789012", "aws.sagemaker", "SageMaker Model Package State Change", &detail)
}

pub(super) fn fact(model: &str, kind: FactKind, details: &Value) -> Event {
    let subject = match kind {
        FactKind::WithdrawalRequested | FactKind::PromotionRequested => {
            let kind = if kind == FactKind::WithdrawalRequested { "withdrawal" } else { "promotion" };
            let part = |name: &str| details[name].as_str().unwrap_or_default();
            let version = part("package").rsplit('/').next().filter(|text| !text.is_empty()).unwrap_or(part("version"));
            format!("{kind}/{model}/{}/{version}/1", part("stage"))
        }
        _ => format!("reconcile/{model}/{NOON}"),
    };
    let detail = json!({"version": 1, "model": model, "dedup_key": subject, "at": NOON, "details": details});
    event("123456789012", "trimtab", kind.as_str(), &detail)
}

pub(super) fn rollout(group: &str, version: u32, config: &str, progress: Progress) -> Rollout {
    Rollout {
        model: trimtab_core::name::ModelName::parse(group).unwrap(),
        stage: None,
        attempt: 1,
        package: package(group, version),
        cause: Cause::Approved,
        resource: resource(group, config),
        since: NOON.parse().unwrap(),
        progress,
        deadline_exceeded: false,
        phase: Phase::AllTraffic,
    }
}

/// The resource of a version of this model: its policy decides the target.
fn resource(group: &str, name: &str) -> Resource {
    match group {
        "leads" => Resource::TransformJob(name.into()),
        "segments" | "tariffs" => Resource::Package,
        _ => Resource::EndpointConfig(name.into()),
    }
}

pub(super) fn on(rollout: Rollout) -> State {
    State { current: Some(rollout), ..State::default() }
}

pub(super) fn listed(group: &str, version: u32, status: &str) -> ListedPackage {
    let actual = ObservedPackage { approval: Approval::parse(status), status: "Completed".into(), lifecycle: None };
    ListedPackage { package: package(group, version), actual }
}

pub(super) fn serves(config: &str) -> Option<ObservedEndpoint> {
    Some(ObservedEndpoint {
        status: EndpointStatus::InService,
        config: Some(config.into()),
        pending: None,
        failure: None,
        modified: None,
    })
}

pub(super) fn live(group: &str, version: u32, config: &str) -> Live {
    let (model, since) = (trimtab_core::name::ModelName::parse(group).unwrap(), NOON.parse().unwrap());
    Live {
        package: package(group, version),
        resource: resource(group, config),
        since,
        scaled: true,
        model,
        stage: None,
    }
}

/// Whether the observed state shows the end of this rollout.
pub(super) fn has_outcome(policy: &str, observed: &Observed, rollout: &Rollout) -> bool {
    let (policy, event, state) = (parse(policy), approved("churn", 1), on(rollout.clone()));
    let stage = policy.deploy.as_ref().unwrap().first().unwrap();
    let now = NOON.parse().unwrap();
    let ctx = Ctx { event: &event, policy: &policy, stage, state: &state, observed, now };
    crate::targets::of(stage).find_outcome(ctx, rollout).is_some()
}

/// The decision so many seconds after noon.
pub(super) fn decide(
    policy: &str,
    event: &Event,
    state: &State,
    observed: &Observed,
    after: i64,
) -> Plan<State, Action> {
    let (policy, noon) = (parse(policy), NOON.parse::<jiff::Timestamp>().unwrap());
    let now = noon + SignedDuration::from_secs(after);
    let ctx = Context { event, policy: Some(&policy), organization: None, state, observed, now };
    crate::Deploy::missed_completion(&ctx).unwrap_or_else(|| crate::Deploy::decide(&ctx))
}

/// The actions of an earlier attempt that are pending, so many seconds after noon.
pub(super) fn pending(policy: &str, event: &Event, state: &State, observed: &Observed, after: i64) -> Vec<Action> {
    let now = NOON.parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_secs(after);
    let ctx = Context { event, policy: Some(&parse(policy)), organization: None, state, observed, now };
    crate::Deploy::pending_actions(state, &ctx)
}

pub(super) fn codes(plan: &Plan<State, Action>) -> Vec<&'static str> {
    plan.reasons.iter().map(|reason| reason.code).collect()
}

pub(super) fn kinds(plan: &Plan<State, Action>) -> Vec<FactKind> {
    plan.facts.iter().map(|fact| fact.kind).collect()
}
