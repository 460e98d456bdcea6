//! A candidate from its registration to its verdict, through the whole reaction.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{Approval, ExecutionStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{EndpointName, ExecutionArn, GroupName, PackageArn};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Candidates, ObservedCandidate, VerdictRequest};
use trimtab_core::port::{Clock, PortResult};
use trimtab_core::port::{ExecutionRequest, ObservedExecution, StateMachines};
use trimtab_core::port::{ListedPackage, ObservedPackage, Registry};
use trimtab_core::reactor::{LEASE, Report, World};

use crate::Reaction;

mod champion;
mod identity;
mod judge;
mod matrix;
mod reconcile;
mod verdict;

const NOON: &str = "2026-11-20T12:00:00Z";
const GROUP: &str = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn";
const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests";

fn package(version: u32) -> PackageArn {
    PackageArn::parse(&format!("{GROUP}/{version}")).unwrap()
}

fn event(id: &str, source: &str, kind: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": id, "source": source, "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [], "detail": detail})
}

fn registered(version: u32) -> Value {
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": version,
        "ModelPackageArn": package(version), "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageStatus": "Completed"});
    event("p1", "aws.sagemaker", "SageMaker Model Package State Change", &detail)
}

fn ended(execution: &str, status: &str) -> Value {
    let arn = format!("{}:{execution}", MACHINE.replace(":stateMachine:", ":execution:"));
    let detail = json!({"executionArn": arn, "stateMachineArn": MACHINE, "name": execution, "status": status});
    event("x1", "aws.states", "Step Functions Execution Status Change", &detail)
}

/// The registry, the endpoint and Step Functions, as far as `evaluate` observes them.
#[derive(Default)]
struct Cloud {
    versions: Mutex<BTreeMap<u32, ObservedCandidate>>,
    live: Option<u32>,
    started: Mutex<Vec<ExecutionRequest>>,
    ends: Mutex<Option<ObservedExecution>>,
    written: Mutex<Vec<VerdictRequest>>,
    lose_next_response: Mutex<bool>,
    refuse: bool,
    /// Manual decision on version 7 after it was observed, and before the verdict is written.
    decides_meanwhile: Mutex<Option<Approval>>,
}

impl Cloud {
    fn lost<T>(&self, answer: T) -> PortResult<T> {
        let lost = std::mem::take(&mut *self.lose_next_response.lock().unwrap());
        if lost { Err(Failure::transient("aws", "no answer in time")) } else { Ok(answer) }
    }
}

impl Candidates for &Cloud {
    async fn candidate(&self, package: &PackageArn) -> PortResult<Option<ObservedCandidate>> {
        Ok(self.versions.lock().unwrap().get(&package.version()).cloned())
    }

    async fn live(&self, _: &EndpointName) -> PortResult<Option<PackageArn>> {
        Ok(self.live.map(package))
    }

    async fn write_verdict(&self, request: &VerdictRequest) -> PortResult<()> {
        if self.refuse {
            return Err(Failure::permanent("sagemaker:UpdateModelPackage", "AccessDenied"));
        }
        let mut versions = self.versions.lock().unwrap();
        let version = versions.get_mut(&request.package.version()).unwrap();
        match request.approve {
            Some(true) => version.approval = Approval::Approved,
            Some(false) => version.approval = Approval::Rejected,
            None => {}
        }
        version.stamp = Some(request.token.clone());
        version.metrics.clone_from(&request.metrics);
        self.written.lock().unwrap().push(request.clone());
        self.lost(())
    }
}

impl Registry for &Cloud {
    async fn newest(&self, _: &GroupName) -> PortResult<Vec<ListedPackage>> {
        let versions = self.versions.lock().unwrap();
        let listed = |(version, actual): (&u32, &ObservedCandidate)| ListedPackage {
            package: package(*version),
            actual: ObservedPackage {
                approval: actual.approval.clone(),
                status: actual.status.clone(),
                lifecycle: None,
            },
        };
        Ok(versions.iter().map(listed).collect())
    }

    async fn package(&self, _: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        unreachable!("evaluate reads candidates")
    }
}

impl StateMachines for &Cloud {
    async fn find(&self, request: &ExecutionRequest) -> PortResult<Option<ExecutionArn>> {
        let known = self.started.lock().unwrap().iter().any(|known| known.name == request.name);
        Ok(known.then(|| request.machine.execution(&request.name).unwrap()))
    }

    async fn start(&self, request: &ExecutionRequest) -> PortResult<ExecutionArn> {
        if self.refuse {
            return Err(Failure::permanent("states:StartExecution", "StateMachineDoesNotExist"));
        }
        self.started.lock().unwrap().push(request.clone());
        self.lost(request.machine.execution(&request.name).unwrap())
    }

    async fn describe(&self, execution: &ExecutionArn) -> PortResult<Option<ObservedExecution>> {
        if let Some(word) = self.decides_meanwhile.lock().unwrap().take() {
            self.versions.lock().unwrap().get_mut(&7).unwrap().approval = word;
        }
        let known = self.started.lock().unwrap().iter().any(|known| known.name == execution.name());
        let running = ObservedExecution { status: ExecutionStatus::Running, output: None, cause: None };
        Ok(known.then(|| self.ends.lock().unwrap().clone().unwrap_or(running)))
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
}

/// A stage under churn's policy with a change; version 7 is pending approval.
fn stage(change: impl Fn(&str) -> String) -> Stage {
    let policy = Policy::parse("churn.toml", &change(include_str!("../../../policies/churn.toml"))).unwrap();
    let stage = Stage {
        cloud: Cloud::default(),
        world: World {
            ledger: MemoryLedger::with([policy]),
            bus: MemoryBus::default(),
            clock: FixedClock::at(NOON.parse().unwrap()),
        },
    };
    stage.is(7, Approval::Pending);
    stage
}

impl Stage {
    fn is(&self, version: u32, approval: Approval) {
        let actual =
            ObservedCandidate { approval, status: "Completed".to_owned(), stamp: None, metrics: BTreeMap::new() };
        self.cloud.versions.lock().unwrap().insert(version, actual);
    }

    fn ends(&self, output: &Value) {
        let output = Some(output.to_string());
        *self.cloud.ends.lock().unwrap() =
            Some(ObservedExecution { status: ExecutionStatus::Succeeded, output, cause: None });
    }

    fn report(&self, event: &Value) -> Report {
        let reaction = Reaction { registry: &self.cloud, machines: &self.cloud };
        run(self.world.react(&reaction, event)).unwrap().unwrap()
    }

    fn react(&self, event: &Value) -> (Decision, &'static str) {
        let report = self.report(event);
        (report.entry.decision, report.codes[0])
    }

    /// The event goes back to Lambda, which delivers it again after the lease.
    fn fails(&self, event: &Value) {
        let reaction = Reaction { registry: &self.cloud, machines: &self.cloud };
        run(self.world.react(&reaction, event)).unwrap().unwrap_err();
        self.wait(LEASE);
    }

    fn wait(&self, time: SignedDuration) {
        self.world.clock.set(self.world.clock.now() + time);
    }

    fn started(&self) -> Vec<String> {
        self.cloud.started.lock().unwrap().iter().map(|request| request.name.clone()).collect()
    }

    fn written(&self) -> Vec<VerdictRequest> {
        self.cloud.written.lock().unwrap().clone()
    }

    fn facts(&self) -> Vec<Fact> {
        self.world.bus.facts()
    }

    fn kinds(&self) -> Vec<FactKind> {
        self.facts().iter().map(|fact| fact.kind).collect()
    }

    /// Registers version 7, and ends its test suite with this output.
    fn evaluate(&self, output: &Value) -> (Decision, &'static str) {
        assert_eq!(self.react(&registered(7)), (Decision::Acted, "registered"));
        self.ends(output);
        self.react(&ended(&self.started()[0], "SUCCEEDED"))
    }
}

fn by_itself(text: &str) -> String {
    text.replace("on_pass = \"manual_approval\"", "on_pass = \"approve\"")
}

fn good() -> Value {
    json!({"metrics": {"auc": 0.91, "log_loss": 0.31}, "bias_report": "s3://churn/bias.json"})
}

#[test]
fn registered_version_is_tested_once() {
    let stage = stage(str::to_owned);
    assert_eq!(stage.react(&registered(7)), (Decision::Acted, "registered"));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "testing"));
    let started = stage.started();
    assert_eq!(started.len(), 1);
    assert!(started[0].starts_with("churn-v7-") && started[0].len() <= 80, "{started:?}");
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted]);
    let input = &stage.cloud.started.lock().unwrap()[0].input;
    assert_eq!(input, &json!({"model": "churn", "package": package(7), "version": 7}));
}

#[test]
fn start_with_a_lost_response_is_not_repeated() {
    let stage = stage(str::to_owned);
    *stage.cloud.lose_next_response.lock().unwrap() = true;
    stage.fails(&registered(7));
    assert_eq!(stage.react(&registered(7)).0, Decision::Acted);
    assert_eq!(stage.started().len(), 1);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted]);
}

#[test]
fn missing_state_machine_is_reported_and_can_be_redriven() {
    let mut stage = stage(str::to_owned);
    stage.cloud.refuse = true;
    assert_eq!(stage.react(&registered(7)).0, Decision::Failed);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStuck]);
    stage.cloud.refuse = false;
    assert_eq!(stage.react(&registered(7)), (Decision::Acted, "registered"));
}

#[test]
fn decided_unfinished_forged_or_disabled_version_is_not_tested() {
    let decided = stage(str::to_owned);
    decided.is(7, Approval::Approved);
    assert_eq!(decided.react(&registered(7)), (Decision::Skipped, "decided"));
    let unfinished = stage(str::to_owned);
    unfinished.cloud.versions.lock().unwrap().get_mut(&7).unwrap().status = "InProgress".to_owned();
    assert_eq!(unfinished.react(&registered(7)), (Decision::Skipped, "not_completed"));
    let forged = stage(str::to_owned);
    assert_eq!(forged.react(&registered(8)), (Decision::Failed, "no_such_package"));
    let off = stage(|text| {
        let (before, rest) = text.split_once("[evaluate]").unwrap();
        format!("{before}[reconcile]{}", rest.split_once("[reconcile]").unwrap().1)
    });
    assert_eq!(off.react(&registered(7)), (Decision::Skipped, "off"));
    for stage in [decided, unfinished, forged, off] {
        assert_eq!(stage.started(), [""; 0]);
    }
}

#[test]
fn execution_that_tests_no_version_is_skipped() {
    let stage = stage(str::to_owned);
    assert_eq!(stage.react(&ended("by-hand", "SUCCEEDED")), (Decision::Skipped, "not_concerned"));
    assert_eq!(stage.react(&ended("churn-v7-00000000", "SUCCEEDED")), (Decision::Skipped, "not_ours"));
}
