//! Rollouts through the whole reaction, over an endpoint in memory.

use std::sync::Mutex;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, Approval, CodePipelineState, EndpointStatus, LifeCycle};
use trimtab_core::fact::FactKind;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{AlarmArn, AlarmName, CodePipelineName, EndpointName, GroupName, PackageArn};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Autoscaling, CrossAccountRole, Policy, SmokeTest, Strategy};
use trimtab_core::port::{
    Alarms, CodePipelineRequest, CodePipelines, EndpointRequest, Endpoints, Invocations, ListedPackage, ModelRequest,
    ObservedAlarm, ObservedEndpoint, ObservedPackage, ObservedTransform, Registry, Scaling, ServingRequest,
    SmokeTestResult, StageAccounts, StageClients, StageClientsOf, TransformRequest, Transforms, UpdateAccepted,
};
use trimtab_core::port::{Clock, PortResult};
use trimtab_core::reactor::World;

use crate::Reaction;

mod accounts;
mod asked;
mod cases;
mod fleet;
mod observe;
mod order;
mod outcomes;
mod pending;
mod places;
mod planning;
mod promises;
mod reconcile;
mod records;
mod reference;
mod rollback;
mod rollout;
mod shapes;
mod stack;
mod stack_table;
mod stage_promotion;
mod transform;
mod variant_test;
mod witness;

/// The alarm of the variant test.
const TEST_ALARM: &str = "churn-test-5xx";

const NOON: &str = "2026-11-20T12:00:00Z";

#[derive(Default)]
struct Cloud {
    approvals: Mutex<std::collections::BTreeMap<String, Approval>>,
    endpoint: Mutex<Option<ObservedEndpoint>>,
    updates: Mutex<Vec<String>>,
    scaled: Mutex<u32>,
    scheduled: Mutex<Vec<String>>,
    silent: Mutex<bool>,
    lifecycles: Mutex<std::collections::BTreeMap<String, LifeCycle>>,
    deleted: Mutex<u32>,
    /// The state of the variant test's alarms; `Ok` if absent.
    test_alarm: Mutex<Option<AlarmState>>,
    strategies: Mutex<Vec<Strategy>>,
    configs: Mutex<Vec<ServingRequest>>,
    stack: Mutex<stack::Cloud>,
    jobs: Mutex<transform::Jobs>,
}

impl Registry for &Cloud {
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        let approvals = self.approvals.lock().unwrap();
        let listed = approvals.iter().map(|(arn, approval)| ListedPackage {
            package: PackageArn::parse(arn).unwrap(),
            actual: ObservedPackage { approval: approval.clone(), status: "Completed".into(), lifecycle: None },
        });
        Ok(listed.filter(|listed| listed.package.group() == group.as_str()).collect())
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        let approval = self.approvals.lock().unwrap().get(package.as_str()).cloned();
        Ok(approval.map(|approval| ObservedPackage {
            approval,
            status: "Completed".into(),
            lifecycle: self.lifecycles.lock().unwrap().get(package.as_str()).cloned(),
        }))
    }
}

impl Endpoints for &Cloud {
    async fn describe(&self, _: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        Ok(self.endpoint.lock().unwrap().clone())
    }

    async fn create_model(&self, _: &ModelRequest) -> PortResult<()> {
        Ok(())
    }

    async fn create_config(&self, request: &ServingRequest) -> PortResult<()> {
        self.configs.lock().unwrap().push(request.clone());
        Ok(())
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.update(request).await
    }

    async fn delete(&self, _: &EndpointName) -> PortResult<()> {
        *self.deleted.lock().unwrap() += 1;
        if let Some(endpoint) = self.endpoint.lock().unwrap().as_mut() {
            endpoint.status = EndpointStatus::Deleting;
        }
        Ok(())
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let mut endpoint = self.endpoint.lock().unwrap();
        if endpoint.as_ref().is_some_and(|endpoint| endpoint.status.is_moving()) {
            return Ok(UpdateAccepted::Busy);
        }
        self.updates.lock().unwrap().push(request.config.clone());
        self.strategies.lock().unwrap().push(request.strategy.clone());
        let config = endpoint.as_ref().and_then(|endpoint| endpoint.config.clone());
        *endpoint = Some(ObservedEndpoint {
            status: EndpointStatus::Updating,
            config,
            pending: Some(request.config.clone()),
            failure: None,
            modified: None,
        });
        Ok(UpdateAccepted::Started)
    }
}

impl Alarms for &Cloud {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        let silent = *self.silent.lock().unwrap();
        let state = if silent { AlarmState::InsufficientData } else { AlarmState::Ok };
        let arn = |name: &AlarmName| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
        let tried = self.test_alarm.lock().unwrap().clone();
        let actual = |name: &AlarmName| ObservedAlarm {
            arn: AlarmArn::parse(&arn(name)).unwrap(),
            name: name.clone(),
            state: tried.clone().filter(|_| name.as_str() == TEST_ALARM).unwrap_or_else(|| state.clone()),
            since: None,
            drift: None,
            features: vec![],
            children: vec![],
            suppressed: false,
        };
        Ok(alarms.iter().map(actual).collect())
    }
}

impl Scaling for &Cloud {
    async fn scale(&self, _: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        *self.scaled.lock().unwrap() += 1;
        Ok(())
    }

    async fn schedule(&self, _: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        *self.scheduled.lock().unwrap() = limits.schedule.iter().map(|one| one.name.clone()).collect();
        Ok(())
    }
}

impl CodePipelines for &Cloud {
    async fn find(&self, _: &CodePipelineRequest) -> PortResult<Option<String>> {
        Ok(None)
    }

    async fn start(&self, request: &CodePipelineRequest) -> PortResult<String> {
        self.updates.lock().unwrap().push(request.package.to_string());
        Ok("execution-1".into())
    }

    async fn state(&self, _: &CodePipelineName, _: &str) -> PortResult<Option<CodePipelineState>> {
        Ok(Some(CodePipelineState::Succeeded))
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
}

fn parse(text: &str) -> Policy {
    Policy::parse("policy.toml", text).unwrap()
}

fn stage() -> Stage {
    stage_with(|text| text.to_owned())
}

/// The same, with another policy for `churn`.
fn stage_with(change: impl Fn(&str) -> String) -> Stage {
    let policies = [
        parse(&change(include_str!("../../../policies/churn.toml"))),
        parse(include_str!("../../../policies/segments.toml")),
        parse(include_str!("../../../policies/tariffs.toml")),
        parse(include_str!("../../../policies/leads.toml")),
    ];
    let clock = FixedClock::at(NOON.parse().unwrap());
    let world = World { ledger: MemoryLedger::with(policies), bus: MemoryBus::default(), clock };
    Stage { cloud: Cloud::default(), world }
}

fn arn(group: &str, version: u32) -> String {
    format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/{group}/{version}")
}

impl Stage {
    fn react(&self, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        self.react_in("123456789012", kind, source, detail)
    }

    fn react_in(&self, account: &str, kind: &str, source: &str, detail: &Value) -> (Decision, &'static str) {
        self.try_react(account, kind, source, detail).unwrap()
    }

    /// `None` after a transient failure.
    fn try_react(&self, account: &str, kind: &str, source: &str, detail: &Value) -> Option<(Decision, &'static str)> {
        let now = self.world.clock.now() + SignedDuration::from_secs(1);
        self.world.clock.set(now);
        let event = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": account,
            "region": "eu-west-1", "time": now.to_string(), "resources": [], "detail": detail});
        let cloud = &self.cloud;
        let reaction = Reaction { registry: cloud, accounts: cloud, pipelines: cloud, stacks: cloud };
        let report = run(self.world.react(&reaction, &event)).unwrap().ok()?;
        Some((report.entry.decision, report.codes.last().copied().unwrap()))
    }

    fn judge(&self, group: &str, version: u32, verdict: &str) -> (Decision, &'static str) {
        self.cloud.approvals.lock().unwrap().insert(arn(group, version), Approval::parse(verdict));
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
        if let Some(endpoint) = self.cloud.endpoint.lock().unwrap().as_mut() {
            endpoint.status = EndpointStatus::InService;
            let pending = endpoint.pending.take();
            if !went_back {
                endpoint.config = pending;
            }
        }
        let detail = json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE"});
        self.react("SageMaker Endpoint State Change", "aws.sagemaker", &detail)
    }

    /// The versions in the order of their updates.
    fn updates(&self) -> Vec<String> {
        let configs = self.cloud.updates.lock().unwrap().clone();
        configs.iter().map(|config| config.split('-').nth(1).unwrap_or_default().to_owned()).collect()
    }

    fn published(&self) -> Vec<FactKind> {
        self.world.bus.facts().iter().map(|fact| fact.kind).collect()
    }
}
