//! Events, records and answers of AWS, in a line each; and the decision that they lead to.

use trimtab_core::event::Event;
use trimtab_core::plan::Plan;
use trimtab_core::reactor::{Context, Decide};

use super::*;
use crate::action::Action;
use crate::decide::Observed;
use crate::rollout::{Cause, Live, Phase, Progress, Rollout, State};

pub(super) const CHURN: &str = include_str!("../../../../policies/churn.toml");
pub(super) const SEGMENTS: &str = include_str!("../../../../policies/segments.toml");
pub(super) const TARIFFS: &str = include_str!("../../../../policies/tariffs.toml");
pub(super) const LEADS: &str = include_str!("../../../../policies/leads.toml");
pub(super) const LOANS: &str = include_str!("../../../../policies/loans.toml");
pub(super) const CANARY: &str = "[deploy.endpoint.canary]";

pub(super) fn shadowed() -> String {
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
    let detail = json!({"ModelPackageGroupName": group, "ModelPackageVersion": version,
        "ModelPackageArn": arn(group, version), "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed"});
    event("123456789012", "aws.sagemaker", "SageMaker Model Package State Change", &detail)
}

pub(super) fn fact(model: &str, kind: FactKind, details: &Value) -> Event {
    let detail = json!({"version": 1, "model": model, "dedup_key": "x", "at": NOON, "details": details});
    event("123456789012", "trimtab", kind.as_str(), &detail)
}

pub(super) fn rollout(group: &str, version: u32, config: &str, progress: Progress) -> Rollout {
    Rollout {
        model: trimtab_core::name::ModelName::parse(group).unwrap(),
        stage: None,
        attempt: 1,
        package: package(group, version),
        cause: Cause::Approved,
        config: config.into(),
        since: NOON.parse().unwrap(),
        progress,
        late: false,
        phase: Phase::Last,
        promoted_by: None,
    }
}

pub(super) fn on(rollout: Rollout) -> State {
    State { current: Some(rollout), ..State::default() }
}

pub(super) fn listed(group: &str, version: u32, status: &str) -> Listed {
    let actual = ObservedPackage { approval: Approval::parse(status), status: "Completed".into(), lifecycle: None };
    Listed { package: package(group, version), actual }
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
        config: config.into(),
        since,
        scaled: true,
        model: Some(model),
        stage: None,
    }
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

pub(super) fn codes(plan: &Plan<State, Action>) -> Vec<&'static str> {
    plan.reasons.iter().map(|reason| reason.code).collect()
}

pub(super) fn kinds(plan: &Plan<State, Action>) -> Vec<FactKind> {
    plan.facts.iter().map(|fact| fact.kind).collect()
}
