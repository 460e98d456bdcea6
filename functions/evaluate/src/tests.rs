//! A candidate from its registration to its verdict, through the whole reaction.

use std::ops::Deref;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{Approval, EndpointStatus, ExecutionStatus};
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::name::PackageArn;
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{ObservedExecution, Served, VerdictRequest};
use trimtab_core::reactor::LEASE;
use trimtab_fake::sagemaker_registry::Package;
use trimtab_fake::{Fault, Services};

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

/// The shared rig, with what `evaluate` observes.
struct Rig(trimtab_fake::Rig<Reaction<Services, Services>>);

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Reaction<Services, Services>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A rig under churn's policy with a change; version 7 is pending approval.
fn stage(change: impl Fn(&str) -> String) -> Rig {
    let policy = Policy::parse("churn.toml", &change(include_str!("../../../policies/churn.toml"))).unwrap();
    let stage = Rig(trimtab_fake::Rig::new([policy], NOON.parse().unwrap(), |services, _| Reaction {
        registry: services.clone(),
        machines: services.clone(),
    }));
    stage.is(7, Approval::Pending);
    stage
}

impl Rig {
    /// The registry has the version, without metrics.
    fn is(&self, version: u32, approval: Approval) {
        let packages = &mut self.services.registry().packages;
        packages.insert(package(version).to_string(), Package::completed(approval));
    }

    fn change(&self, version: u32, change: impl FnOnce(&mut Package)) {
        change(self.services.registry().packages.get_mut(package(version).as_str()).unwrap());
    }

    fn approval(&self, version: u32) -> Approval {
        self.services.registry().packages[package(version).as_str()].approval.clone()
    }

    fn serves(&self, version: Option<u32>) {
        let served = version.map(|version| Served {
            status: EndpointStatus::InService,
            config: format!("churn-v{version}"),
            package: Some(package(version)),
            captures: false,
        });
        let serving = served.map(|served| ("churn-prod".to_owned(), served));
        self.services.endpoints().serving = serving.into_iter().collect();
    }

    fn execution_ends(&self, ended: ObservedExecution) {
        self.services.step_functions().ended = Some(ended);
    }

    fn ends(&self, output: &Value) {
        let output = Some(output.to_string());
        self.execution_ends(ObservedExecution { status: ExecutionStatus::Succeeded, output, cause: None });
    }

    /// SageMaker and Step Functions refuse every call that changes something.
    fn refuse(&self) {
        let denied = Failure::permanent("sagemaker:UpdateModelPackage", "AccessDenied");
        self.services.refuse("candidates.write_verdict", denied);
        let unknown = Failure::permanent("states:StartExecution", "StateMachineDoesNotExist");
        self.services.refuse("state_machines.start", unknown);
    }

    /// The event goes back to Lambda, which delivers it again after the lease.
    fn fails(&self, event: &Value) {
        self.try_react(event).unwrap_err();
        self.wait(LEASE);
    }

    fn started(&self) -> Vec<String> {
        self.services.step_functions().started.iter().map(|request| request.name.clone()).collect()
    }

    fn written(&self) -> Vec<VerdictRequest> {
        self.services.registry().verdicts.clone()
    }

    fn kinds(&self) -> Vec<FactKind> {
        self.published()
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
    let calls = stage.services.calls();
    assert!(!calls.iter().any(|call| call.starts_with("registry.package")), "evaluate reads candidates: {calls:?}");
    let input = &stage.services.step_functions().started[0].input;
    assert_eq!(input, &json!({"model": "churn", "package": package(7), "version": 7}));
}

#[test]
fn start_with_a_lost_response_is_not_repeated() {
    let stage = stage(str::to_owned);
    stage.services.fail_effect(0, Fault::Lost);
    stage.fails(&registered(7));
    assert_eq!(stage.react(&registered(7)).0, Decision::Acted);
    assert_eq!(stage.started().len(), 1);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted]);
}

#[test]
fn missing_state_machine_is_reported_and_can_be_redriven() {
    let stage = stage(str::to_owned);
    stage.refuse();
    assert_eq!(stage.react(&registered(7)).0, Decision::Failed);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStuck]);
    stage.services.accept();
    assert_eq!(stage.react(&registered(7)), (Decision::Acted, "registered"));
}

#[test]
fn decided_unfinished_forged_or_disabled_version_is_not_tested() {
    let decided = stage(str::to_owned);
    decided.is(7, Approval::Approved);
    assert_eq!(decided.react(&registered(7)), (Decision::Skipped, "decided"));
    let unfinished = stage(str::to_owned);
    unfinished.change(7, |package| package.status = "InProgress".to_owned());
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
    assert_eq!(stage.react(&ended("churn-v7-00000000", "SUCCEEDED")), (Decision::Skipped, "not_started_by_trimtab"));
}
