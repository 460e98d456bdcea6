//! `guard` over memory.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::ops::Deref;

use serde_json::{Value, json};
use trimtab_core::event::Event;
use trimtab_core::fact::Fact;
use trimtab_core::failure::Failure;
use trimtab_core::policy::OrganizationPolicy;
use trimtab_core::port::{Activity, ObservedResource, Pause};
use trimtab_core::reactor::{Preview, Report};
use trimtab_fake::{Fault, Services};

use crate::{Guard, Reaction};

mod findings;
mod kinds;

const ORGANIZATION: &str = include_str!("../../../policies/organization.toml");
const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const NOW: &str = "2026-11-20T09:00:00Z";

/// The shared rig, and the number of calls that CloudTrail delivered.
struct Rig {
    rig: trimtab_fake::Rig<Reaction<Services>>,
    calls: u32,
}

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Reaction<Services>>;

    fn deref(&self) -> &Self::Target {
        &self.rig
    }
}

impl Rig {
    /// The organization's policy in `policies/`, and a resource that this request created.
    fn with(name: &str, request: &Value) -> Self {
        let rig =
            trimtab_fake::Rig::new([], NOW.parse().unwrap(), |services, _| Reaction { resources: services.clone() });
        let organization = OrganizationPolicy::parse("organization.toml", ORGANIZATION).unwrap();
        rig.world.ledger.contents().organization = Some(organization);
        let event = Event::parse(&call(0, NOW, name, request)).unwrap();
        rig.services.resources().resource = Guard::preview(&event);
        Self { rig, calls: 0 }
    }

    fn change(&self, change: impl FnOnce(&mut ObservedResource)) {
        self.services.resources().change(change);
    }

    /// SageMaker refuses to stop the resource.
    fn refuse(&self) {
        self.services.refuse("resources.stop", Failure::permanent("sagemaker:StopTrainingJob", "AccessDenied"));
    }

    /// CloudTrail delivers a call.
    fn receives(&mut self, name: &str, request: &Value) -> Report {
        self.calls += 1;
        self.react(&call(self.calls, "2026-11-20T10:00:00Z", name, request))
    }

    fn react(&self, event: &Value) -> Report {
        self.report(event)
    }

    fn published(&self) -> Vec<(String, String)> {
        let say =
            |fact: &Fact| (fact.kind.as_str().to_owned(), fact.dedup_key().rsplit('/').next().unwrap().to_owned());
        self.world.bus.facts().iter().map(say).collect()
    }

    fn stops(&self) -> u32 {
        self.services.resources().stops
    }
}

fn call(number: u32, time: &str, name: &str, request: &Value) -> Value {
    json!({"version": "0", "id": number.to_string(), "source": "aws.sagemaker", "account": "123456789012",
        "detail-type": "AWS API Call via CloudTrail", "region": "eu-west-1", "time": time, "resources": [],
        "detail": {"eventName": name, "requestParameters": request, "userIdentity": {
            "arn": "arn:aws:sts::123456789012:assumed-role/data-science/maya",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/data-science"}}}}})
}

fn compliant() -> Value {
    json!({"trainingJobName": "churn-by-hand", "enableNetworkIsolation": true,
        "algorithmSpecification": {"trainingImage": IMAGE},
        "resourceConfig": {"instanceType": "ml.m5.large", "volumeKmsKeyId": "alias/ml"},
        "outputDataConfig": {"kmsKeyId": "alias/ml"}, "vpcConfig": {"subnets": ["subnet-1"]},
        "tags": [{"key": "owner", "value": "mira"}, {"key": "model", "value": "churn"}]})
}

fn without(field: &str) -> Value {
    let mut request = compliant();
    request.as_object_mut().unwrap().remove(field);
    request
}

fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(kind, number)| ((*kind).to_owned(), (*number).to_owned())).collect()
}

#[test]
fn compliant_resource_is_not_reported() {
    let mut stage = Rig::with("CreateTrainingJob", &compliant());
    assert_eq!(stage.receives("CreateTrainingJob", &compliant()).codes, ["compliant"]);
    assert_eq!((stage.published(), stage.stops()), (vec![], 0));
}

#[test]
fn job_with_many_violations_is_reported_and_stopped() {
    let request = json!({"trainingJobName": "churn-by-hand", "algorithmSpecification": {"trainingImage": "pytorch:latest"},
        "resourceConfig": {"instanceType": "ml.p5.48xlarge"}, "outputDataConfig": {}});
    let mut stage = Rig::with("CreateTrainingJob", &request);
    let report = stage.receives("CreateTrainingJob", &request);
    assert_eq!(report.entry.actions[0]["action"], "StopTrainingJob");
    let fact = stage.world.bus.facts().remove(0);
    assert_eq!(
        (fact.details.text("owner").unwrap(), fact.details.text("what").unwrap()),
        ("maya", "training job churn-by-hand")
    );
    // The volumes of this family are local disks: SageMaker accepts no key for them.
    assert_eq!(
        fact.reasons,
        [
            "the tag model is missing",
            "the tag owner is missing",
            "its output has no KMS key",
            "it is not restricted to a VPC",
            "its containers have network access",
            "instance type ml.p5.48xlarge is not allowed",
            "the registry of image pytorch:latest is not on the list in guard.registries",
            "image pytorch:latest is not pinned by digest",
        ]
    );
    assert_eq!(stage.published(), expected(&[("Finding Reported", "1"), ("Job Stopped", "1")]));
    assert_eq!(stage.stops(), 1);
}

#[test]
fn each_rule_is_one_reason() {
    let expected = [
        ("tags", "tags"),
        ("enableNetworkIsolation", "network_isolation"),
        ("resourceConfig", "kms"),
        ("outputDataConfig", "kms"),
        ("vpcConfig", "vpc"),
    ];
    for (field, rule) in expected {
        let mut stage = Rig::with("CreateTrainingJob", &without(field));
        stage.receives("CreateTrainingJob", &compliant());
        assert_eq!(stage.world.bus.facts()[0].details.text("rules").unwrap(), rule, "{field}");
    }
}

#[test]
fn repeated_call_is_reported_and_stopped_once() {
    let request = without("tags");
    let mut stage = Rig::with("CreateTrainingJob", &request);
    stage.receives("CreateTrainingJob", &request);
    assert_eq!(stage.receives("CreateTrainingJob", &request).codes, ["already_reported"]);
    assert_eq!((stage.published().len(), stage.stops()), (2, 1));
}

#[test]
fn owner_tag_takes_precedence_over_the_caller() {
    let mut stage = Rig::with("CreateTrainingJob", &without("vpcConfig"));
    stage.receives("CreateTrainingJob", &without("vpcConfig"));
    let fact = stage.world.bus.facts().remove(0);
    assert_eq!((fact.details.text("owner").unwrap(), fact.details.text("caller").unwrap()), ("mira", "maya"));
}

#[test]
fn corrected_resource_closes_its_finding() {
    let request = without("tags");
    let mut stage = Rig::with("CreateTrainingJob", &request);
    stage.receives("CreateTrainingJob", &request);
    stage.change(|actual| {
        actual.tags = [("owner", "mira"), ("model", "churn")].map(|(k, v)| (k.into(), v.into())).into();
    });
    let arn = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn-by-hand";
    assert_eq!(stage.receives("AddTags", &json!({"resourceArn": arn})).codes, ["resolved"]);
    assert_eq!(stage.published().last(), expected(&[("Finding Closed", "1")]).last());
}

#[test]
fn another_violation_of_a_resource_has_its_own_dedup_key() {
    let request = json!({"endpointName": "churn-prod", "tags": [{"key": "owner", "value": "mira"}]});
    let mut stage = Rig::with("CreateEndpoint", &request);
    stage.receives("CreateEndpoint", &request);
    stage.change(|actual| actual.tags.clear());
    stage.receives("UpdateEndpoint", &request);
    assert_eq!(stage.published(), expected(&[("Finding Reported", "1"), ("Finding Reported", "2")]));
    assert_eq!(stage.stops(), 0, "an endpoint is never stopped");
}

#[test]
fn notebook_that_is_started_again_is_stopped_again() {
    let request = json!({"notebookInstanceName": "maya", "instanceType": "ml.t3.medium"});
    let mut stage = Rig::with("CreateNotebookInstance", &request);
    stage.change(|actual| actual.activity = Activity::Running);
    stage.receives("CreateNotebookInstance", &request);
    stage.change(|actual| actual.activity = Activity::Running);
    // A copy of the first call arrives after the stop.
    assert_eq!(stage.react(&call(7, NOW, "CreateNotebookInstance", &request)).codes, ["already_reported"]);
    stage.receives("StartNotebookInstance", &json!({"notebookInstanceName": "maya"}));
    assert_eq!(stage.stops(), 2);
    assert_eq!(stage.published().iter().filter(|(kind, _)| kind == "Job Stopped").count(), 2);
}

#[test]
fn starting_notebook_is_stopped_when_it_is_opened() {
    let request = json!({"notebookInstanceName": "maya", "instanceType": "ml.t3.medium"});
    let mut stage = Rig::with("CreateNotebookInstance", &request);
    stage.receives("CreateNotebookInstance", &request);
    assert_eq!((stage.published(), stage.stops()), (expected(&[("Finding Reported", "1")]), 0));
    stage.change(|actual| actual.activity = Activity::Running);
    let opened = stage.receives("CreatePresignedNotebookInstanceUrl", &json!({"notebookInstanceName": "maya"}));
    assert_eq!(opened.codes, ["stop_again", "stopped"]);
    assert_eq!((stage.published().last(), stage.stops()), (expected(&[("Job Stopped", "1")]).last(), 1));
}

#[test]
fn refused_stop_is_dead_lettered_and_repeated_by_a_redrive() {
    let request = without("tags");
    let mut stage = Rig::with("CreateTrainingJob", &request);
    stage.refuse();
    assert!(stage.receives("CreateTrainingJob", &request).dead_lettered);
    assert_eq!(stage.published().last(), expected(&[("Stop Failed", "1")]).last());
    stage.services.accept();
    assert_eq!(stage.receives("CreateTrainingJob", &request).codes, ["stop_again", "stopped"]);
    assert_eq!((stage.stops(), stage.published().len()), (1, 3));
}

#[test]
fn calls_of_exempt_roles_are_skipped() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.world.ledger.contents().organization.as_mut().unwrap().guard.as_mut().unwrap().exempt =
        ["arn:aws:iam::123456789012:role/data-*".to_owned()].into();
    assert_eq!(stage.receives("CreateTrainingJob", &without("tags")).codes, ["exempt"]);
    assert_eq!((stage.published(), stage.stops()), (vec![], 0));
}

#[test]
fn failed_or_unknown_call_is_no_finding() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    let mut failed = call(1, NOW, "CreateTrainingJob", &Value::Null);
    failed["detail"]["errorCode"] = json!("AccessDenied");
    assert_eq!(stage.react(&failed).codes, ["call_failed"]);
    assert_eq!(stage.receives("CreateFlowDefinition", &json!({})).codes, ["unknown_call"]);
    assert_eq!(stage.published(), vec![]);
}

#[test]
fn deleted_resource_closes_its_finding() {
    let request = json!({"modelName": "churn-by-hand", "primaryContainer": {"image": "pytorch:latest"}});
    let mut stage = Rig::with("CreateModel", &request);
    stage.receives("CreateModel", &request);
    stage.services.resources().resource = None;
    assert_eq!(stage.receives("DeleteModel", &json!({"modelName": "churn-by-hand"})).codes, ["gone"]);
    assert_eq!(stage.receives("DeleteModel", &json!({"modelName": "churn-by-hand"})).codes, ["gone"]);
    assert_eq!(stage.published(), expected(&[("Finding Reported", "1"), ("Finding Closed", "1")]));
}

#[test]
fn without_the_table_nothing_is_recorded() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    for organization in [None, Some(OrganizationPolicy::parse("organization.toml", "version = 1\n").unwrap())] {
        stage.world.ledger.contents().organization = organization;
        assert_eq!(stage.receives("CreateTrainingJob", &without("tags")).codes, ["off"]);
    }
    assert!(stage.world.ledger.contents().history.is_empty());
}

#[test]
fn call_during_a_pause_is_dead_lettered() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.world.ledger.contents().paused = Some(Pause { by: "mira".into(), since: NOW.parse().unwrap() });
    assert!(stage.receives("CreateTrainingJob", &without("tags")).dead_lettered);
    assert_eq!((stage.published(), stage.stops()), (vec![], 0));
}
