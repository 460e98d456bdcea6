//! The forms in which AWS writes times, nulls and envelopes, and what is said of an event that has none of them.

use super::*;
use crate::name::EnvironmentName;

#[test]
fn time_is_read_in_each_form_that_aws_writes() {
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let rows = [
        (json!("2026-11-20T03:09:58Z"), at("2026-11-20T03:09:58Z")),
        (json!("2026-11-20T03:09:58.554Z"), at("2026-11-20T03:09:58.554Z")),
        (json!("2026-11-20T05:09:58+02:00"), at("2026-11-20T03:09:58Z")),
        (json!("2026-11-20T03:09:58.554+0000"), at("2026-11-20T03:09:58.554Z")),
        (json!("2026-11-20T05:09:58+0200"), at("2026-11-20T03:09:58Z")),
        // The endpoint's sample: milliseconds as text; the training job's, too.
        (json!("1583831889050"), at("2020-03-10T09:18:09.050Z")),
        // Integer and float, seconds and milliseconds.
        (json!(1_583_831_889_050_i64), at("2020-03-10T09:18:09.050Z")),
        (json!(1_583_831_889_050.0), at("2020-03-10T09:18:09.050Z")),
        (json!(1_583_831_889), at("2020-03-10T09:18:09Z")),
        (json!(1_583_831_889.05), at("2020-03-10T09:18:09.050Z")),
        (json!("1583831889"), at("2020-03-10T09:18:09Z")),
        (json!(0), at("1970-01-01T00:00:00Z")),
        (json!(-1), at("1969-12-31T23:59:59Z")),
        (json!(-1_000_000_000_000_i64), at("1938-04-24T22:13:20Z")),
        // Seconds up to the year 5138, milliseconds from 1973 on.
        (json!(99_999_999_999_i64), at("5138-11-16T09:46:39Z")),
        (json!(100_000_000_000_i64), at("1973-03-03T09:46:40Z")),
        (json!(100_000_000_001_i64), at("1973-03-03T09:46:40.001Z")),
        // No time.
        (json!(1e15), None),
        (json!(1e300), None),
        (json!("NaN"), None),
        (json!("inf"), None),
        (json!("-inf"), None),
        (json!(""), None),
        (json!("yesterday"), None),
        (json!("2026-13-40T03:09:58Z"), None),
        (json!(null), None),
        (json!(true), None),
        (json!({}), None),
    ];
    for (value, expected) in rows {
        assert_eq!(lenient::time(&value), expected, "{value}");
        let mut raw = event("aws.events", "Scheduled Event", json!([]), json!({}));
        raw["time"] = value.clone();
        assert_eq!(Event::parse(&raw).ok().map(|event| event.envelope.time), expected, "{value} as an event's time");
    }
}

#[test]
fn time_within_a_detail_is_required_where_it_decides() {
    for time in [json!(null), json!("soon"), json!({})] {
        let detail = json!({"alarmName": "drift", "state": {"value": "ALARM", "timestamp": time}});
        let arn = json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift"]);
        let error = Event::parse(&event("aws.cloudwatch", "CloudWatch Alarm State Change", arn, detail)).unwrap_err();
        assert_eq!(error.path, "detail.state.timestamp", "without it, one change is not told from the next");
        assert!(error.problem.contains("expected a time"), "{error}");
    }
    let package = |modified: Value| {
        let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 3, "ModelApprovalStatus": "Approved",
            "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3", "LastModifiedTime": modified});
        match body_of(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), detail)) {
            Body::Package(package) => package.modified,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(package(json!(null)), None);
    assert_eq!(package(json!("soon")), None);
    assert_eq!(package(json!(1_583_831_889_050_i64)), Some("2020-03-10T09:18:09.050Z".parse().unwrap()));
}

macro_rules! read_with {
    ($kind:ident, $source:literal, $name:literal, $detail:tt) => {{
        let resources = json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift"]);
        match body_of(&event($source, $name, resources, json!($detail))) {
            Body::$kind(body) => body,
            other => panic!("{} is no {}: {other:?}", $name, stringify!($kind)),
        }
    }};
}

#[test]
fn explicit_null_in_an_alarm_reads_as_an_absent_field() {
    let alarm = read_with!(Alarm, "aws.cloudwatch", "CloudWatch Alarm State Change", {
        "alarmName": "drift", "configuration": null,
        "state": {"value": "OK", "timestamp": 0, "reason": null, "actionsSuppressedBy": null}
    });
    assert!(alarm.metrics.is_empty() && alarm.reason.is_empty() && !alarm.suppressed && !alarm.is_composite());
    let alarm = read_with!(Alarm, "aws.cloudwatch", "CloudWatch Alarm State Change", {
        "alarmName": "drift", "state": {"value": "OK", "timestamp": 0},
        "configuration": {"alarmRule": null, "metrics": [
            {"metricStat": null}, {"metricStat": {"metric": {"namespace": null, "name": null, "dimensions": null}}}
        ]}
    });
    assert_eq!((alarm.metrics.len(), alarm.metrics[0].dimensions.len()), (1, 0), "an expression is no metric");
}

#[test]
fn explicit_null_in_a_push_or_proposal_reads_as_an_absent_field() {
    let push = read_with!(Reference, "aws.codecommit", "CodeCommit Repository State Change", {
        "event": "referenceUpdated", "repositoryName": "churn", "referenceType": null, "referenceName": null,
        "commitId": null, "oldCommitId": null
    });
    assert_eq!((push.branch, push.commit, push.before), (None, None, None));
    let proposal = read_with!(PullRequest, "aws.codecommit", "CodeCommit Pull Request State Change", {
        "repositoryNames": ["churn"], "pullRequestId": "4", "event": null, "pullRequestStatus": null,
        "isMerged": null, "sourceCommit": null, "destinationReference": null
    });
    assert_eq!((proposal.merged, proposal.source_commit, proposal.destination), (false, None, None));
}

#[test]
fn explicit_null_in_a_build_reads_as_an_absent_field() {
    let build = read_with!(Build, "aws.codebuild", "CodeBuild Build State Change", {
        "build-status": "STOPPED", "project-name": "churn-build",
        "build-id": "arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:1",
        "additional-information": {"source-version": null, "logs": {"deep-link": null},
            "environment": {"environment-variables": null}}
    });
    assert_eq!((build.variables.len(), build.logs, build.status), (0, None, BuildStatus::Stopped));
}

#[test]
fn image_whose_push_failed_is_no_push() {
    let image = read_with!(Image, "aws.ecr", "ECR Image Action", {
        "repository-name": "churn", "action-type": "PUSH", "result": "FAILURE", "image-digest": null, "image-tag": null
    });
    assert_eq!((image.pushed, image.digest, image.tag), (false, None, None));
}

#[test]
fn envelope_names_the_field_that_is_missing_or_wrong() {
    let mut null = event("aws.events", "Scheduled Event", json!([]), json!({}));
    null["resources"] = json!(null);
    null["version"] = json!(null);
    assert_eq!(Event::parse(&null).unwrap().envelope.resources, Vec::<String>::new());
    for field in ["id", "account", "region", "source", "detail-type", "time", "detail"] {
        for wrong in [None, Some(json!(null)), Some(json!(["x"]))] {
            let mut raw = event("aws.events", "Scheduled Event", json!([]), json!({}));
            match &wrong {
                Some(value) => raw[field] = value.clone(),
                None => drop(raw.as_object_mut().unwrap().remove(field)),
            }
            let error = Event::parse(&raw).unwrap_err();
            assert!(error.to_string().contains(field), "{field} as {wrong:?}: {error}");
        }
    }
    let mut account = event("aws.events", "Scheduled Event", json!([]), json!({}));
    account["account"] = json!("12345678901");
    assert_eq!(Event::parse(&account).unwrap_err().path, "account");
}

#[test]
fn known_kind_counts_only_from_its_own_source() {
    let kinds = [
        ("aws.cloudwatch", "CloudWatch Alarm State Change"),
        ("aws.codecommit", "CodeCommit Repository State Change"),
        ("aws.codebuild", "CodeBuild Build State Change"),
        ("aws.states", "Step Functions Execution Status Change"),
        ("aws.ecr", "ECR Image Action"),
        ("aws.s3", "Object Created"),
        ("aws.sagemaker", "SageMaker Endpoint State Change"),
        ("trimtab", "Build Started"),
    ];
    for (source, kind) in kinds {
        for other in ["aws.events", "aws.sagemaker", "trimtab", "com.example"] {
            if other == source {
                continue;
            }
            let body = body_of(&event(other, kind, json!([]), json!({})));
            assert_eq!(body, Body::Unknown, "{kind} from {other} instead of {source}");
        }
    }
}

#[test]
fn required_field_that_is_missing_is_named() {
    let rows = [
        ("aws.s3", "Object Created", json!({"object": {"key": "a"}}), "detail.bucket.name"),
        ("aws.s3", "Object Created", json!({"bucket": {"name": "a"}, "object": {"key": 7}}), "detail.object.key"),
        (
            "aws.sagemaker",
            "SageMaker Transform Job State Change",
            json!({"TransformJobStatus": "x"}),
            "detail.TransformJobName",
        ),
        (
            "aws.sagemaker",
            "SageMaker Processing Job State Change",
            json!({"ProcessingJobName": "x"}),
            "detail.ProcessingJobStatus",
        ),
        ("aws.sagemaker", "AWS API Call via CloudTrail", json!({}), "detail.eventName"),
        (
            "aws.cloudformation",
            "CloudFormation Stack Status Change",
            json!({"stack-id": "arn:aws:x", "status-details": {"status": "x"}}),
            "detail.stack-id",
        ),
        (
            "aws.codepipeline",
            "CodePipeline Pipeline Execution State Change",
            json!({"pipeline": "a b", "execution-id": "x", "state": "STARTED"}),
            "detail.pipeline",
        ),
        (
            "aws.ecr",
            "ECR Image Action",
            json!({"repository-name": "Churn", "action-type": "PUSH", "result": "SUCCESS"}),
            "detail.repository-name",
        ),
        (
            "aws.cloudwatch",
            "CloudWatch Alarm State Change",
            json!({"alarmName": "drift", "state": {"value": "OK", "timestamp": 0}}),
            "resources.0",
        ),
    ];
    for (source, kind, detail, path) in rows {
        let error = Event::parse(&event(source, kind, json!([]), detail)).unwrap_err();
        assert_eq!((error.path.as_str(), error.what.as_str()), (path, kind));
    }
}

#[test]
fn event_error_repeats_nothing_of_the_event_at_length() {
    let error = fault(&"w".repeat(999), &"p".repeat(999), &"m\n".repeat(999));
    assert!(error.to_string().chars().count() < 520 && !error.to_string().contains('\n'));
    assert!(name("w", "p", "not a name", EnvironmentName::parse).is_err());
}
