//! Rollouts through the whole reaction, over an endpoint in memory.

use std::ops::Deref;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, Approval, EndpointStatus, LifeCycle};
use trimtab_core::fact::FactKind;
use trimtab_core::name::{AlarmName, CodePipelineName, EndpointName, PackageArn};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{CrossAccountRole, Policy, Strategy};
use trimtab_core::port::{Clock, PortResult};
use trimtab_core::port::{
    CodePipelineRequest, EndpointRequest, ListedPackage, ModelRequest, ObservedEndpoint, ObservedPackage,
    ServingRequest, TransformRequest, UpdateAccepted,
};
use trimtab_fake::Services;
use trimtab_fake::cloudwatch::alarm;

use crate::Reaction;

mod accounts;
mod cases;
mod fleet;
mod observe;
mod order;
mod outcomes;
mod pending;
mod planning;
mod promises;
mod reconcile;
mod records;
mod reference;
mod requests;
mod rollback;
mod rollout;
mod shapes;
mod stack;
mod stack_table;
mod stage_promotion;
mod transform;
mod variant_test;

/// The alarm of the variant test.
const TEST_ALARM: &str = "churn-test-5xx";

const NOON: &str = "2026-11-20T12:00:00Z";

const ENDPOINT: &str = "churn-prod";

type Function = Reaction<Services, Services, Services, Services>;

/// The shared rig, with what `deploy` observes.
struct Rig(trimtab_fake::Rig<Function>);

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Function>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn reaction(services: &Services) -> Function {
    Reaction {
        registry: services.clone(),
        accounts: services.clone(),
        pipelines: services.clone(),
        stacks: services.clone(),
    }
}

/// A rig with these policies; every alarm has data.
fn rig_of(policies: impl IntoIterator<Item = Policy>) -> Rig {
    let rig = Rig(trimtab_fake::Rig::new(policies, NOON.parse().unwrap(), |services, _| reaction(services)));
    rig.set_alarm_data(true);
    rig
}

fn parse(text: &str) -> Policy {
    Policy::parse("policy.toml", text).unwrap()
}

fn stage() -> Rig {
    stage_with(|text| text.to_owned())
}

/// The same, with another policy for `churn`.
fn stage_with(change: impl Fn(&str) -> String) -> Rig {
    let policies = [
        parse(&change(include_str!("../../../policies/churn.toml"))),
        parse(include_str!("../../../policies/segments.toml")),
        parse(include_str!("../../../policies/tariffs.toml")),
        parse(include_str!("../../../policies/leads.toml")),
    ];
    rig_of(policies)
}

fn arn(group: &str, version: u32) -> String {
    format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/{group}/{version}")
}

impl Rig {
    fn set_alarm_data(&self, exists: bool) {
        let state = if exists { AlarmState::Ok } else { AlarmState::InsufficientData };
        self.services.cloudwatch().others = Some(state);
    }

    fn set_test_alarm(&self, state: AlarmState) {
        self.services.cloudwatch().alarms.insert(TEST_ALARM.to_owned(), alarm(TEST_ALARM, state));
    }

    /// `None` if there is no endpoint.
    fn set_endpoint(&self, endpoint: Option<ObservedEndpoint>) {
        let endpoints = &mut self.services.endpoints().endpoints;
        *endpoints = endpoint.map(|endpoint| (ENDPOINT.to_owned(), endpoint)).into_iter().collect();
    }

    fn set_status(&self, status: EndpointStatus) {
        self.services.endpoints().endpoints.get_mut(ENDPOINT).unwrap().status = status;
    }

    /// The strategies of the updates, in order.
    fn strategies(&self) -> Vec<Strategy> {
        self.services.endpoints().updates.iter().map(|request| request.strategy.clone()).collect()
    }

    fn configs(&self) -> Vec<ServingRequest> {
        self.services.endpoints().configs.clone()
    }

    /// The packages that CodePipeline delivered, in order.
    fn deliveries(&self) -> Vec<String> {
        self.services.codepipeline().deliveries.iter().map(|request| request.package.to_string()).collect()
    }

    /// The number of scaling policies that were put.
    fn scaled(&self) -> usize {
        self.services.calls().iter().filter(|call| call.starts_with("scaling.scale ")).count()
    }

    fn react(&self, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        self.react_in("123456789012", kind, source, detail)
    }

    fn react_in(&self, account: &str, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        self.try_react(account, kind, source, detail).unwrap()
    }

    /// `None` after a transient failure.
    fn try_react(&self, account: &str, kind: &str, source: &str, detail: &Value) -> Option<(Decision, &'static str)> {
        self.wait(SignedDuration::from_secs(1));
        let now = self.now();
        let event = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": account,
            "region": "eu-west-1", "time": now.to_string(), "resources": [], "detail": detail});
        let report = self.0.try_react(&event).ok()?;
        Some((report.entry.decision, report.codes.last().copied().unwrap()))
    }

    fn judge(&self, group: &str, version: u32, verdict: &str) -> (Decision, &'static str) {
        self.services.registry().set_approval(&arn(group, version), Approval::parse(verdict));
        self.deliver(group, version, verdict)
    }

    /// The event alone: the registry is unchanged.
    fn deliver(&self, group: &str, version: u32, verdict: &str) -> (Decision, &'static str) {
        self.try_deliver(group, version, verdict).unwrap()
    }

    fn try_deliver(&self, group: &str, version: u32, verdict: &str) -> Option<(Decision, &'static str)> {
        let detail = json!({"ModelPackageGroupName": group, "ModelPackageVersion": version, "ModelPackageArn": arn(group, version),
            "ModelApprovalStatus": verdict, "ModelPackageStatus": "Completed"});
        self.try_react("123456789012", "SageMaker Model Package State Change", "aws.sagemaker", &detail)
    }

    fn approve(&self, version: u32) -> (Decision, &'static str) {
        self.judge("churn", version, "Approved")
    }

    fn becomes_stable(&self, went_back: bool) -> (Decision, &'static str) {
        if let Some(endpoint) = self.services.endpoints().endpoints.get_mut(ENDPOINT) {
            endpoint.status = EndpointStatus::InService;
            let pending = endpoint.pending.take();
            if !went_back {
                endpoint.config = pending;
            }
        }
        let detail = json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE"});
        self.react("SageMaker Endpoint State Change", "aws.sagemaker", &detail)
    }

    /// The versions in the order of their updates; a delivery by CodePipeline counts as one.
    fn updates(&self) -> Vec<String> {
        let version = |config: String| config.split('-').nth(1).unwrap_or_default().to_owned();
        self.names().into_iter().chain(self.deliveries()).map(version).collect()
    }

    /// The configurations in the order of their updates.
    fn names(&self) -> Vec<String> {
        self.services.endpoints().updates.iter().map(|request| request.config.clone()).collect()
    }
}
