//! One rollout at a time, in order, and back: through the whole reaction, over an endpoint in memory.

use std::sync::Mutex;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, Approval, DeliveryState, EndpointStatus, LifeCycle};
use trimtab_core::fact::FactKind;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{AlarmArn, AlarmName, DeliveryName, EndpointName, GroupName, PackageArn};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Autoscaling, Place, Policy, Smoke, Strategy};
use trimtab_core::port::ml::{
    Accepted, AlarmTruth, Alarms, Deliveries, DeliveryRequest, EndpointRequest, EndpointTruth, Endpoints, Hands,
    HandsOf, Invocations, Listed, PackageTruth, Places, Registry, Scaling, ServingRequest, Smoked,
};
use trimtab_core::port::{Answer, Clock};
use trimtab_core::react::World;

use crate::Reaction;

mod look;
mod places;
mod rollback;
mod shapes;
mod stack;
mod stages;
mod trial;

/// The alarm that watches a version on trial.
const TRIAL_ALARM: &str = "churn-trial-5xx";

const NOON: &str = "2026-11-20T12:00:00Z";

#[derive(Default)]
struct Cloud {
    approvals: Mutex<std::collections::BTreeMap<String, Approval>>,
    endpoint: Mutex<Option<EndpointTruth>>,
    updates: Mutex<Vec<String>>,
    scaled: Mutex<u32>,
    scheduled: Mutex<Vec<String>>,
    silent: Mutex<bool>,
    lifecycles: Mutex<std::collections::BTreeMap<String, LifeCycle>>,
    deleted: Mutex<u32>,
    /// What the trial's alarms say; they have data unless told.
    trial: Mutex<Option<AlarmState>>,
    strategies: Mutex<Vec<Strategy>>,
    configs: Mutex<Vec<ServingRequest>>,
    stack: Mutex<stack::Cloud>,
}

impl Registry for &Cloud {
    async fn newest(&self, group: &GroupName) -> Answer<Vec<Listed>> {
        let approvals = self.approvals.lock().unwrap();
        let listed = approvals.iter().map(|(arn, approval)| Listed {
            package: PackageArn::parse(arn).unwrap(),
            truth: PackageTruth { approval: approval.clone(), status: "Completed".into(), lifecycle: None },
        });
        Ok(listed.filter(|listed| listed.package.group() == group.as_str()).collect())
    }

    async fn package(&self, package: &PackageArn) -> Answer<Option<PackageTruth>> {
        let approval = self.approvals.lock().unwrap().get(package.as_str()).cloned();
        Ok(approval.map(|approval| PackageTruth {
            approval,
            status: "Completed".into(),
            lifecycle: self.lifecycles.lock().unwrap().get(package.as_str()).cloned(),
        }))
    }
}

impl Endpoints for &Cloud {
    async fn describe(&self, _: &EndpointName) -> Answer<Option<EndpointTruth>> {
        Ok(self.endpoint.lock().unwrap().clone())
    }

    async fn create_model(&self, _: &ServingRequest) -> Answer<()> {
        Ok(())
    }

    async fn create_config(&self, request: &ServingRequest) -> Answer<()> {
        self.configs.lock().unwrap().push(request.clone());
        Ok(())
    }

    async fn create(&self, request: &EndpointRequest) -> Answer<Accepted> {
        self.update(request).await
    }

    async fn delete(&self, _: &EndpointName) -> Answer<()> {
        *self.deleted.lock().unwrap() += 1;
        if let Some(endpoint) = self.endpoint.lock().unwrap().as_mut() {
            endpoint.status = EndpointStatus::Deleting;
        }
        Ok(())
    }

    async fn update(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let mut endpoint = self.endpoint.lock().unwrap();
        if endpoint.as_ref().is_some_and(|endpoint| endpoint.status.is_moving()) {
            return Ok(Accepted::Busy);
        }
        self.updates.lock().unwrap().push(request.config.clone());
        self.strategies.lock().unwrap().push(request.strategy.clone());
        let config = endpoint.as_ref().and_then(|endpoint| endpoint.config.clone());
        *endpoint = Some(EndpointTruth {
            status: EndpointStatus::Updating,
            config,
            pending: Some(request.config.clone()),
            failure: None,
            modified: None,
        });
        Ok(Accepted::Started)
    }
}

impl Alarms for &Cloud {
    async fn describe(&self, alarms: &[AlarmName]) -> Answer<Vec<AlarmTruth>> {
        let silent = *self.silent.lock().unwrap();
        let state = if silent { AlarmState::InsufficientData } else { AlarmState::Ok };
        let arn = |name: &AlarmName| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
        let tried = self.trial.lock().unwrap().clone();
        let truth = |name: &AlarmName| AlarmTruth {
            arn: AlarmArn::parse(&arn(name)).unwrap(),
            name: name.clone(),
            state: tried.clone().filter(|_| name.as_str() == TRIAL_ALARM).unwrap_or_else(|| state.clone()),
            since: None,
            drift: None,
            features: vec![],
            children: vec![],
            suppressed: false,
        };
        Ok(alarms.iter().map(truth).collect())
    }
}

impl Scaling for &Cloud {
    async fn scale(&self, _: &EndpointName, _: &Autoscaling) -> Answer<()> {
        *self.scaled.lock().unwrap() += 1;
        Ok(())
    }

    async fn schedule(&self, _: &EndpointName, limits: &Autoscaling) -> Answer<()> {
        *self.scheduled.lock().unwrap() = limits.schedule.iter().map(|one| one.name.clone()).collect();
        Ok(())
    }
}

impl Deliveries for &Cloud {
    async fn find(&self, _: &DeliveryRequest) -> Answer<Option<String>> {
        Ok(None)
    }

    async fn start(&self, request: &DeliveryRequest) -> Answer<String> {
        self.updates.lock().unwrap().push(request.package.to_string());
        Ok("execution-1".into())
    }

    async fn state(&self, _: &DeliveryName, _: &str) -> Answer<Option<DeliveryState>> {
        Ok(Some(DeliveryState::Succeeded))
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
        parse(&change(include_str!("../../../models/churn.toml"))),
        parse(include_str!("../../../models/segments.toml")),
        parse(include_str!("../../../models/tariffs.toml")),
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
        let now = self.world.clock.now() + SignedDuration::from_secs(1);
        self.world.clock.set(now);
        let event = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": "123456789012",
            "region": "eu-west-1", "time": now.to_string(), "resources": [], "detail": detail});
        let cloud = &self.cloud;
        let reaction = Reaction { registry: cloud, places: cloud, deliveries: cloud, stacks: cloud };
        let report = run(self.world.react(&reaction, &event)).unwrap().unwrap();
        (report.entry.decision, report.codes.last().copied().unwrap())
    }

    fn say(&self, group: &str, version: u32, verdict: &str) -> (Decision, &'static str) {
        self.cloud.approvals.lock().unwrap().insert(arn(group, version), Approval::parse(verdict));
        self.hear(group, version, verdict)
    }

    /// The event alone: the registry says what it said before.
    fn hear(&self, group: &str, version: u32, verdict: &str) -> (Decision, &'static str) {
        let detail = json!({"ModelPackageGroupName": group, "ModelPackageVersion": version, "ModelPackageArn": arn(group, version),
            "ModelApprovalStatus": verdict, "ModelPackageStatus": "Completed"});
        self.react("SageMaker Model Package State Change", "aws.sagemaker", &detail)
    }

    fn approve(&self, version: u32) -> (Decision, &'static str) {
        self.say("churn", version, "Approved")
    }

    fn comes_to_rest(&self, went_back: bool) -> (Decision, &'static str) {
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

    /// Versions in the order in which the endpoint was asked to take them.
    fn updates(&self) -> Vec<String> {
        let configs = self.cloud.updates.lock().unwrap().clone();
        configs.iter().map(|config| config.split('-').nth(1).unwrap_or_default().to_owned()).collect()
    }

    fn told(&self) -> Vec<FactKind> {
        self.world.bus.facts().iter().map(|fact| fact.kind).collect()
    }
}

#[test]
fn an_approved_version_goes_live_and_scales() {
    let stage = stage();
    assert_eq!(stage.approve(1), (Decision::Acted, "approved"));
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "live"));
    assert_eq!((stage.updates(), *stage.cloud.scaled.lock().unwrap()), (vec!["v1".to_owned()], 1));
    assert_eq!(stage.told(), [FactKind::RolloutStarted, FactKind::RolloutSucceeded]);
}

#[test]
fn the_same_approval_again_deploys_nothing() {
    let stage = stage();
    stage.approve(1);
    assert_eq!(stage.approve(1), (Decision::Skipped, "already_handled"));
    stage.comes_to_rest(false);
    assert_eq!(stage.approve(1), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn an_approval_during_a_rollout_waits_for_its_end() {
    let stage = stage();
    stage.approve(1);
    assert_eq!(stage.approve(2), (Decision::Parked, "parked"));
    assert_eq!(stage.comes_to_rest(false).0, Decision::Acted);
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn the_newest_approval_waits_and_the_older_one_never_follows_it() {
    let stage = stage();
    stage.approve(1);
    stage.approve(3);
    assert_eq!(stage.approve(2), (Decision::Skipped, "superseded"));
    stage.comes_to_rest(false);
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1", "v3"]);
}

#[test]
fn an_endpoint_that_went_back_is_told_and_not_tried_again() {
    let stage = stage();
    stage.approve(1);
    stage.comes_to_rest(false);
    stage.approve(2);
    assert_eq!(stage.comes_to_rest(true), (Decision::Acted, "rolled_back"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_handled"));
    assert_eq!((stage.updates().len(), stage.told().pop()), (2, Some(FactKind::RolloutRolledBack)));
}

#[test]
fn rejecting_the_live_version_goes_back_to_the_last_one_that_was_live() {
    let stage = stage();
    for version in [1, 2] {
        stage.approve(version);
        stage.comes_to_rest(false);
    }
    assert_eq!(stage.say("churn", 2, "Rejected"), (Decision::Acted, "roll_back"));
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
    assert_eq!(stage.say("churn", 2, "Rejected"), (Decision::Skipped, "already_handled"));
    let facts = stage.world.bus.facts();
    let live: Vec<&str> =
        facts.iter().filter(|fact| fact.kind == FactKind::RolloutSucceeded).map(|fact| fact.matter.as_str()).collect();
    assert_eq!(live, ["rollout/churn/1/1", "rollout/churn/2/1", "rollout/churn/1/2"], "coming back is told again");
}

#[test]
fn an_edit_of_metadata_deploys_nothing_though_it_says_approved() {
    let stage = stage();
    stage.cloud.approvals.lock().unwrap().insert(arn("churn", 1), Approval::Approved);
    let edit = |fields: &[&str]| {
        json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelPackageArn": arn("churn", 1),
            "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed", "UpdatedModelPackageFields": fields})
    };
    let hear = |fields: &[&str]| stage.react("SageMaker Model Package State Change", "aws.sagemaker", &edit(fields));
    assert_eq!(hear(&["CustomerMetadataProperties"]), (Decision::Skipped, "metadata_only"));
    assert_eq!(hear(&["ModelApprovalStatus", "CustomerMetadataProperties"]), (Decision::Acted, "approved"));
}

#[test]
fn a_version_that_is_rejected_while_it_waits_is_not_deployed() {
    let stage = stage();
    stage.approve(1);
    stage.approve(2);
    stage.say("churn", 2, "Rejected");
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn a_version_that_lost_its_approval_unheard_is_not_deployed() {
    let stage = stage();
    stage.approve(1);
    stage.approve(2);
    stage.cloud.approvals.lock().unwrap().insert(arn("churn", 2), Approval::Rejected);
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "no_longer_approved"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn an_approval_that_the_registry_no_longer_knows_of_is_stale() {
    let stage = stage();
    stage.say("churn", 1, "Rejected");
    assert_eq!(stage.hear("churn", 1, "Approved"), (Decision::Skipped, "stale"));
}

#[test]
fn an_endpoint_that_somebody_else_updates_is_waited_for() {
    let stage = stage();
    let busy = EndpointTruth {
        status: EndpointStatus::SystemUpdating,
        config: Some("theirs".into()),
        pending: None,
        failure: None,
        modified: None,
    };
    *stage.cloud.endpoint.lock().unwrap() = Some(busy);
    assert_eq!(stage.approve(1), (Decision::Parked, "parked"));
    assert_eq!(stage.comes_to_rest(true), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn a_canary_without_data_is_held_back_and_goes_when_it_is_sent_again() {
    let stage = stage();
    stage.approve(1);
    stage.comes_to_rest(false);
    *stage.cloud.silent.lock().unwrap() = true;
    assert_eq!(stage.approve(2), (Decision::Rejected, "no_alarm_data"));
    assert_eq!(stage.approve(2), (Decision::Rejected, "no_alarm_data"));
    assert_eq!((stage.updates(), stage.told().last().copied()), (vec!["v1".into()], Some(FactKind::RolloutHeld)));
    let matters: std::collections::BTreeSet<String> =
        stage.world.bus.facts().into_iter().filter(|f| f.kind == FactKind::RolloutHeld).map(|f| f.matter).collect();
    assert_eq!(matters.len(), 1, "{matters:?}");
    *stage.cloud.silent.lock().unwrap() = false;
    assert_eq!(stage.approve(2), (Decision::Acted, "approved"));
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn a_canary_whose_alarms_fell_silent_is_no_pass() {
    let stage = stage();
    stage.approve(1);
    stage.comes_to_rest(false);
    stage.approve(2);
    *stage.cloud.silent.lock().unwrap() = true;
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "unproven"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "live"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_handled"));
}

#[test]
fn a_model_that_is_delivered_by_a_pipeline_starts_it_with_the_package() {
    let stage = stage();
    assert_eq!(stage.say("segments", 4, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(*stage.cloud.updates.lock().unwrap(), [arn("segments", 4)]);
    let detail = json!({"pipeline": "segments-delivery", "execution-id": "execution-1", "state": "SUCCEEDED"});
    let end = stage.react("CodePipeline Pipeline Execution State Change", "aws.codepipeline", &detail);
    assert_eq!(end, (Decision::Acted, "live"));
}

#[test]
fn a_rejection_by_a_policy_that_gives_notice_changes_nothing_else() {
    let stage = stage();
    assert_eq!(stage.say("segments", 4, "Rejected"), (Decision::Acted, "rejected"));
    assert_eq!((stage.updates().len(), stage.told()), (0, vec![FactKind::PackageRejected]));
}

#[test]
fn an_older_version_goes_out_when_the_live_one_is_rejected_with_none_before_it() {
    let stage = stage();
    stage.approve(2);
    stage.comes_to_rest(false);
    assert_eq!(stage.say("churn", 2, "Rejected").1, "nothing_before");
    assert_eq!(stage.approve(1), (Decision::Acted, "approved"));
    assert_eq!(stage.updates(), ["v2", "v1"]);
}
