#![allow(clippy::needless_pass_by_value, reason = "a test reads better with json!(…) in place")]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::name::{BranchName, CommitId};

mod calls;
mod forms;
mod samples;
mod tables;

fn event(source: &str, kind: &str, resources: Value, detail: Value) -> Value {
    json!({"version": "0", "id": "6b1f", "source": source, "detail-type": kind, "account": "123456789012",
           "time": "2026-11-20T03:10:00Z", "region": "eu-west-1", "resources": resources, "detail": detail})
}

fn body_of(value: &Value) -> Body {
    Event::parse(value).unwrap().body
}

fn alarm(metrics: Value) -> Alarm {
    let detail = json!({"alarmName": "churn-prod-data-drift", "configuration": {"metrics": metrics, "description": null},
        "state": {"value": "ALARM", "timestamp": "2026-11-20T03:09:58.554+0000", "reason": "r", "reasonData": "{}"}});
    let arn = json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-prod-data-drift"]);
    match body_of(&event("aws.cloudwatch", "CloudWatch Alarm State Change", arn, detail)) {
        Body::Alarm(alarm) => alarm,
        other => panic!("{other:?}"),
    }
}

fn metric(namespace: &str) -> Value {
    json!({"id": "m1", "metricStat": {"metric": {"namespace": namespace, "name": "feature_baseline_drift_tenure",
        "dimensions": {"Endpoint": "churn-prod"}}, "period": 300, "stat": "Maximum"}})
}

#[test]
fn namespace_has_its_kind_of_drift_with_and_without_slash() {
    assert_eq!(alarm(json!([metric("aws/sagemaker/Endpoints/data-metrics")])).drift(), Some(DriftKind::DataQuality));
    assert_eq!(alarm(json!([metric("/aws/sagemaker/Endpoints/bias-metrics")])).drift(), Some(DriftKind::Bias));
    assert_eq!(
        alarm(json!([metric("aws/sagemaker/ModelMonitoring/model-metrics")])).drift(),
        Some(DriftKind::ModelQuality)
    );
    assert_eq!(alarm(json!([metric("AWS/EC2")])).drift(), None);
}

#[test]
fn a_metric_math_alarm_is_read_through_its_expression() {
    let metrics = json!([{"id": "e1", "expression": "MAX(METRICS())", "returnData": true}, metric("aws/sagemaker/Endpoints/explainability-metrics")]);
    assert_eq!(alarm(metrics).drift(), Some(DriftKind::FeatureAttribution));
}

#[test]
fn an_alarm_without_metrics_says_nothing_about_drift() {
    assert_eq!(alarm(Value::Null).drift(), None);
}

#[test]
fn the_time_of_a_transition_is_read_with_its_offset() {
    assert_eq!(alarm(json!([])).since, "2026-11-20T03:09:58.554Z".parse().unwrap());
}

#[test]
fn endpoint_event_with_milliseconds_as_text_is_read() {
    let mut value = event(
        "aws.sagemaker",
        "SageMaker Endpoint State Change",
        json!([]),
        json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE", "EndpointConfigName": null, "CreationTime": 1_592_411_992_203.0, "Tags": {}}),
    );
    value["time"] = json!("1583831889050");
    let event = Event::parse(&value).unwrap();
    assert_eq!(event.envelope.time, Timestamp::from_millisecond(1_583_831_889_050).unwrap());
    assert!(matches!(event.body, Body::Endpoint(Endpoint { status: EndpointStatus::InService, config: None, .. })));
}

#[test]
fn the_api_and_the_event_write_one_endpoint_status() {
    assert_eq!(EndpointStatus::parse("UPDATE_ROLLBACK_FAILED"), EndpointStatus::parse("UpdateRollbackFailed"));
}

#[test]
fn a_word_that_aws_adds_is_a_value() {
    assert_eq!(RunStatus::parse("Paused"), RunStatus::Other("Paused".into()));
}

#[test]
fn a_package_whose_arn_contradicts_its_group_is_malformed() {
    let detail = json!({"ModelPackageGroupName": "fraud", "ModelPackageVersion": 3, "ModelApprovalStatus": "Approved",
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"});
    let error =
        Event::parse(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), detail)).unwrap_err();
    assert_eq!(error.path, "detail.ModelPackageArn");
}

#[test]
fn a_malformed_detail_names_the_path_and_what_was_expected() {
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 3, "ModelApprovalStatus": "Approved", "ModelPackageArn": "churn/3; rm -rf"});
    let error =
        Event::parse(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), detail)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "malformed SageMaker Model Package State Change: detail.ModelPackageArn: \
        not a valid model package ARN: expected arn:aws:sagemaker:…:model-package/GROUP/VERSION"
    );
}

#[test]
fn a_tag_is_not_a_branch_and_a_short_commit_is_not_a_commit() {
    let detail = json!({"event": "referenceCreated", "repositoryName": "churn-model", "referenceType": "tag", "referenceName": "v1", "commitId": "7f0103f"});
    let Body::Reference(reference) =
        body_of(&event("aws.codecommit", "CodeCommit Repository State Change", json!([]), detail))
    else {
        panic!()
    };
    assert_eq!((reference.branch, reference.commit), (None, None));
}

#[test]
fn a_build_in_progress_with_nulls_is_read() {
    let detail = json!({"build-status": "IN_PROGRESS", "project-name": "churn-build", "additional-information": {"logs": null, "environment": null},
        "build-id": "arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:1"});
    let Body::Build(build) = body_of(&event("aws.codebuild", "CodeBuild Build State Change", json!([]), detail)) else {
        panic!()
    };
    assert_eq!((build.status, build.commit, build.id.short()), (BuildStatus::InProgress, None, "churn-build:1"));
}

#[test]
fn unknown_kinds_are_unknown_and_malformed_envelopes_fail() {
    assert_eq!(body_of(&event("aws.new", "Thing", json!([]), json!({}))), Body::Unknown);
    for bad in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({"source": 1, "time": "2026-11-20T03:10:00Z", "detail": {}}),
    ] {
        assert!(Event::parse(&bad).is_err(), "{bad}");
    }
}
