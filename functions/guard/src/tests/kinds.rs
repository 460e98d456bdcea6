//! Each kind of resource against each rule, from requests as CloudTrail records them (the request syntax of SageMaker's
//! Create calls, in lower camel case).

use super::*;

const KEY: &str = "alias/ml";

fn vpc() -> Value {
    json!({"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]})
}

fn tags() -> Value {
    json!([{"key": "owner", "value": "mira"}, {"key": "model", "value": "churn"}])
}

/// The call that creates one of each kind, with a request that violates no rule of `policies/organization.toml`.
fn requests() -> [(&'static str, Value); 6] {
    [
        ("CreateTrainingJob", compliant()),
        (
            "CreateProcessingJob",
            json!({"processingJobName": "clean", "appSpecification": {"imageUri": IMAGE},
                "processingResources": {"clusterConfig": {"instanceType": "ml.m5.large", "volumeKmsKeyId": KEY}},
                "processingOutputConfig": {"kmsKeyId": KEY},
                "networkConfig": {"vpcConfig": vpc(), "enableNetworkIsolation": true}, "tags": tags()}),
        ),
        (
            "CreateModel",
            json!({"modelName": "churn", "primaryContainer": {"image": IMAGE}, "containers": [{"image": IMAGE}],
                "vpcConfig": vpc(), "enableNetworkIsolation": true, "tags": tags()}),
        ),
        (
            "CreateEndpointConfig",
            json!({"endpointConfigName": "churn", "kmsKeyId": KEY, "dataCaptureConfig": {"kmsKeyId": KEY},
                "productionVariants": [{"instanceType": "ml.m5.large"}],
                "shadowProductionVariants": [{"instanceType": "ml.m5.large"}], "tags": tags()}),
        ),
        ("CreateEndpoint", json!({"endpointName": "churn", "tags": tags()})),
        (
            "CreateNotebookInstance",
            json!({"notebookInstanceName": "maya", "instanceType": "ml.t3.medium", "kmsKeyId": KEY,
                "subnetId": "subnet-1", "directInternetAccess": "Disabled", "tags": tags()}),
        ),
    ]
}

fn request(call: &str) -> Value {
    requests().into_iter().find(|(name, _)| *name == call).unwrap().1
}

/// The rules in the finding about this request; empty without a finding.
fn broken(call: &str, request: &Value) -> String {
    let mut stage = Rig::with(call, request);
    stage.receives(call, request);
    let finding = stage.world.bus.facts().into_iter().find(|fact| fact.kind.as_str() == "Finding Reported");
    finding.map(|fact| fact.details.text("rules").unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn compliant_resource_of_each_kind_has_no_finding() {
    for (call, request) in requests() {
        assert_eq!(broken(call, &request), "", "{call}");
    }
}

/// One change of a compliant request each, and the rule that it violates.
#[test]
fn each_field_of_each_kind_breaks_its_own_rule() {
    let (none, large, public) = (Value::Null, json!("ml.p5.48xlarge"), json!("pytorch:latest"));
    let other = json!(IMAGE.replace("123456789012", "999999999999"));
    let by_tag = json!(IMAGE.split('@').next().unwrap());
    let no = json!(false);
    let enabled = json!("Enabled");
    let cases = [
        ("CreateTrainingJob", "/tags", &none, "tags"),
        ("CreateTrainingJob", "/tags/0/value", &json!("  "), "tags"),
        ("CreateTrainingJob", "/resourceConfig/volumeKmsKeyId", &none, "kms"),
        ("CreateTrainingJob", "/outputDataConfig/kmsKeyId", &none, "kms"),
        ("CreateTrainingJob", "/vpcConfig", &none, "vpc"),
        ("CreateTrainingJob", "/enableNetworkIsolation", &no, "network_isolation"),
        ("CreateTrainingJob", "/resourceConfig/instanceType", &large, "instance_types"),
        ("CreateTrainingJob", "/algorithmSpecification/trainingImage", &other, "registries"),
        ("CreateTrainingJob", "/algorithmSpecification/trainingImage", &by_tag, "image_digest"),
        ("CreateProcessingJob", "/processingResources/clusterConfig/volumeKmsKeyId", &none, "kms"),
        ("CreateProcessingJob", "/processingOutputConfig/kmsKeyId", &none, "kms"),
        ("CreateProcessingJob", "/networkConfig/vpcConfig", &none, "vpc"),
        ("CreateProcessingJob", "/networkConfig/enableNetworkIsolation", &no, "network_isolation"),
        ("CreateProcessingJob", "/processingResources/clusterConfig/instanceType", &large, "instance_types"),
        ("CreateProcessingJob", "/appSpecification/imageUri", &by_tag, "image_digest"),
        ("CreateModel", "/vpcConfig", &none, "vpc"),
        ("CreateModel", "/enableNetworkIsolation", &no, "network_isolation"),
        ("CreateModel", "/primaryContainer/image", &other, "registries"),
        ("CreateModel", "/containers/0/image", &by_tag, "image_digest"),
        ("CreateModel", "/primaryContainer/image", &public, "registries, image_digest"),
        ("CreateEndpointConfig", "/kmsKeyId", &none, "kms"),
        ("CreateEndpointConfig", "/dataCaptureConfig/kmsKeyId", &none, "kms"),
        ("CreateEndpointConfig", "/productionVariants/0/instanceType", &large, "instance_types"),
        ("CreateEndpointConfig", "/shadowProductionVariants/0/instanceType", &large, "instance_types"),
        ("CreateEndpoint", "/tags/1", &json!({"key": "other", "value": "x"}), "tags"),
        ("CreateNotebookInstance", "/kmsKeyId", &none, "kms"),
        ("CreateNotebookInstance", "/subnetId", &none, "vpc"),
        ("CreateNotebookInstance", "/directInternetAccess", &enabled, "vpc"),
        ("CreateNotebookInstance", "/instanceType", &large, "instance_types"),
    ];
    for (call, field, value, rule) in cases {
        let mut request = request(call);
        *request.pointer_mut(field).unwrap() = value.clone();
        assert_eq!(broken(call, &request), rule, "{call} with {field} = {value}");
    }
}

#[test]
fn instance_groups_are_compared_with_the_instance_types() {
    let mut request = request("CreateTrainingJob");
    request["resourceConfig"] = json!({"volumeKmsKeyId": KEY, "instanceGroups": [
        {"instanceType": "ml.m5.large"}, {"instanceType": "ml.p5.48xlarge"}]});
    assert_eq!(broken("CreateTrainingJob", &request), "instance_types");
}

/// A volume that SageMaker cannot encrypt, and an output that it does not write, need no key.
#[test]
fn key_is_required_only_where_sagemaker_accepts_one() {
    let mut serverless = request("CreateEndpointConfig");
    serverless["productionVariants"] = json!([{"serverlessConfig": {"memorySizeInMb": 2048}}]);
    serverless["shadowProductionVariants"] = Value::Null;
    serverless["kmsKeyId"] = Value::Null;
    assert_eq!(broken("CreateEndpointConfig", &serverless), "", "a serverless variant has no volume");
    let mut uncaptured = request("CreateEndpointConfig");
    uncaptured["dataCaptureConfig"] = Value::Null;
    assert_eq!(broken("CreateEndpointConfig", &uncaptured), "", "nothing is captured");
    let mut unresponsive = request("CreateProcessingJob");
    unresponsive["processingOutputConfig"] = Value::Null;
    assert_eq!(broken("CreateProcessingJob", &unresponsive), "", "the job has no output");
    let mut mixed = request("CreateTrainingJob");
    mixed["resourceConfig"] =
        json!({"instanceGroups": [{"instanceType": "ml.g5.xlarge"}, {"instanceType": "ml.m5.large"}]});
    assert!(broken("CreateTrainingJob", &mixed).contains("kms"), "one of the groups has a volume");
}

#[test]
fn only_training_processing_and_notebooks_are_stopped() {
    let stopped = [
        ("CreateTrainingJob", Some("StopTrainingJob")),
        ("CreateProcessingJob", Some("StopProcessingJob")),
        ("CreateNotebookInstance", Some("StopNotebookInstance")),
        ("CreateModel", None),
        ("CreateEndpointConfig", None),
        ("CreateEndpoint", None),
    ];
    for (call, action) in stopped {
        let mut request = request(call);
        request["tags"] = Value::Null;
        let mut stage = Rig::with(call, &request);
        stage.change(|actual| actual.activity = Activity::Running);
        let report = stage.receives(call, &request);
        let made = report.entry.actions.first().map(|made| made["action"].as_str().unwrap().to_owned());
        assert_eq!(made.as_deref(), action, "{call}");
        assert_eq!(stage.stops(), u32::from(action.is_some()), "{call}");
    }
}

#[test]
fn kind_that_the_policy_does_not_stop_is_only_reported() {
    for (call, kind) in [("CreateTrainingJob", "training"), ("CreateProcessingJob", "processing")] {
        let mut request = request(call);
        request["tags"] = Value::Null;
        let mut stage = Rig::with(call, &request);
        let others = ORGANIZATION.replace(&format!("\"{kind}\", "), "");
        stage.world.ledger.contents().organization =
            Some(OrganizationPolicy::parse("organization.toml", &others).unwrap());
        stage.receives(call, &request);
        assert_eq!((stage.published(), stage.stops()), (expected(&[("Finding Reported", "1")]), 0), "{call}");
    }
}

#[test]
fn job_that_is_over_or_stopped_is_reported_and_not_stopped() {
    for activity in [Activity::Over, Activity::Stopped] {
        let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
        stage.change(|actual| actual.activity = activity);
        stage.receives("CreateTrainingJob", &without("tags"));
        assert_eq!((stage.published(), stage.stops()), (expected(&[("Finding Reported", "1")]), 0), "{activity:?}");
    }
}
