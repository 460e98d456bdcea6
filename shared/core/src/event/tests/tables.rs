//! Tables of AWS's words, times and names, as AWS's references list them.

use super::*;
use crate::name::{AlarmName, EnvironmentName};

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
        assert_eq!(loose::time(&value), expected, "{value}");
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

#[test]
fn explicit_null_reads_as_an_absent_field() {
    let with = |detail: &str, source: &str, kind: &str, resources: Value| {
        Event::parse(&event(source, kind, resources, serde_json::from_str(detail).unwrap())).unwrap().body
    };
    let Body::Alarm(alarm) = with(
        r#"{"alarmName": "drift", "configuration": null, "state": {"value": "OK", "timestamp": 0, "reason": null,
            "actionsSuppressedBy": null}}"#,
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift"]),
    ) else {
        panic!()
    };
    assert!(alarm.metrics.is_empty() && alarm.reason.is_empty() && !alarm.suppressed && !alarm.is_composite());
    let Body::Alarm(alarm) = with(
        r#"{"alarmName": "drift", "state": {"value": "OK", "timestamp": 0}, "configuration": {"alarmRule": null, "metrics":
            [{"metricStat": null}, {"metricStat": {"metric": {"namespace": null, "name": null, "dimensions": null}}}]}}"#,
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        json!(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift"]),
    ) else {
        panic!()
    };
    assert_eq!((alarm.metrics.len(), alarm.metrics[0].dimensions.len()), (1, 0), "an expression is no metric");
    let Body::Reference(reference) = with(
        r#"{"event": "referenceUpdated", "repositoryName": "churn", "referenceType": null, "referenceName": null,
            "commitId": null, "oldCommitId": null}"#,
        "aws.codecommit",
        "CodeCommit Repository State Change",
        json!(null),
    ) else {
        panic!()
    };
    assert_eq!((reference.branch, reference.commit, reference.before), (None, None, None));
    let Body::PullRequest(request) = with(
        r#"{"repositoryNames": ["churn"], "pullRequestId": "4", "event": null, "pullRequestStatus": null, "isMerged": null,
            "sourceCommit": null, "destinationReference": null}"#,
        "aws.codecommit",
        "CodeCommit Pull Request State Change",
        json!([]),
    ) else {
        panic!()
    };
    assert_eq!((request.merged, request.source_commit, request.destination), (false, None, None));
    let Body::Build(build) = with(
        r#"{"build-status": "STOPPED", "project-name": "churn-build", "additional-information":
            {"source-version": null, "logs": {"deep-link": null}, "environment": {"environment-variables": null}},
            "build-id": "arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:1"}"#,
        "aws.codebuild",
        "CodeBuild Build State Change",
        json!([]),
    ) else {
        panic!()
    };
    assert_eq!((build.variables.len(), build.logs, build.status), (0, None, BuildStatus::Stopped));
    let Body::Image(image) = with(
        r#"{"repository-name": "churn", "action-type": "PUSH", "result": "FAILURE", "image-digest": null, "image-tag": null}"#,
        "aws.ecr",
        "ECR Image Action",
        json!([]),
    ) else {
        panic!()
    };
    assert_eq!((image.pushed, image.digest, image.tag), (false, None, None), "a push that failed is no push");
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

/// AWS's words, by the API references of the services.
#[test]
fn each_word_of_aws_has_its_meaning_however_it_is_written() {
    macro_rules! check {
        ($type:ident: $($word:literal = $variant:ident),* $(,)?) => {$(
            assert_eq!($type::parse($word), $type::$variant, "{}", $word);
            assert_eq!($type::parse(&$word.to_lowercase()), $type::$variant, "{} in lower case", $word);
            assert_eq!($type::parse($word).to_string(), $word);
            assert_eq!(serde_json::from_value::<$type>(json!($word)).unwrap(), $type::$variant);
        )*};
    }
    check!(RunStatus: "Executing" = Executing, "Stopping" = Stopping, "Stopped" = Stopped, "Failed" = Failed, "Succeeded" = Succeeded);
    check!(Approval: "Approved" = Approved, "Rejected" = Rejected, "PendingManualApproval" = Pending);
    check!(EndpointStatus: "InService" = InService, "Creating" = Creating, "Updating" = Updating, "SystemUpdating" = SystemUpdating,
        "RollingBack" = RollingBack, "OutOfService" = OutOfService, "Deleting" = Deleting, "Failed" = Failed,
        "UpdateRollbackFailed" = UpdateRollbackFailed);
    check!(BuildStatus: "IN_PROGRESS" = InProgress, "SUCCEEDED" = Succeeded, "FAILED" = Failed, "FAULT" = Fault,
        "STOPPED" = Stopped, "TIMED_OUT" = TimedOut);
    check!(DeliveryState: "STARTED" = Started, "RESUMED" = Resumed, "SUCCEEDED" = Succeeded, "FAILED" = Failed,
        "STOPPING" = Stopping, "STOPPED" = Stopped, "SUPERSEDED" = Superseded, "CANCELED" = Canceled);
    check!(ExecutionStatus: "RUNNING" = Running, "SUCCEEDED" = Succeeded, "FAILED" = Failed, "TIMED_OUT" = TimedOut,
        "ABORTED" = Aborted, "PENDING_REDRIVE" = PendingRedrive);
    check!(AlarmState: "OK" = Ok, "ALARM" = Alarm, "INSUFFICIENT_DATA" = InsufficientData);
    check!(ReferenceKind: "referenceCreated" = Created, "referenceUpdated" = Updated, "referenceDeleted" = Deleted);
    assert_eq!(EndpointStatus::parse("IN_SERVICE"), EndpointStatus::InService, "events write it so");
    let new = EndpointStatus::parse(&"New\nword".repeat(20));
    assert!(
        matches!(&new, EndpointStatus::Other(word) if word.chars().count() <= 64 && !word.contains('\n')),
        "{new:?}"
    );
}

#[test]
fn endpoint_on_its_way_takes_no_update() {
    use EndpointStatus::*;
    for moving in [Creating, Updating, SystemUpdating, RollingBack, Deleting, Other("New".into())] {
        assert!(moving.is_moving(), "{moving}");
    }
    for resting in [InService, OutOfService, Failed, UpdateRollbackFailed] {
        assert!(!resting.is_moving(), "{resting}");
    }
}

#[test]
fn run_of_each_engine_stands_as_a_run_of_sagemakers_would() {
    use RunStatus::{Executing, Failed, Other, Stopped, Stopping, Succeeded};
    let executions = [
        ("RUNNING", Executing),
        ("PENDING_REDRIVE", Executing),
        ("SUCCEEDED", Succeeded),
        ("FAILED", Failed),
        ("TIMED_OUT", Failed),
        ("ABORTED", Stopped),
        ("NEW", Other("NEW".into())),
    ];
    for (word, expected) in executions {
        assert_eq!(RunStatus::from(&ExecutionStatus::parse(word)), expected, "Step Functions: {word}");
    }
    let deliveries = [
        ("STARTED", Executing),
        ("RESUMED", Executing),
        ("STOPPING", Stopping),
        ("SUCCEEDED", Succeeded),
        ("FAILED", Failed),
        ("STOPPED", Stopped),
        ("SUPERSEDED", Stopped),
        ("CANCELED", Stopped),
        ("NEW", Other("NEW".into())),
    ];
    for (word, expected) in deliveries {
        assert_eq!(RunStatus::from(&DeliveryState::parse(word)), expected, "CodePipeline: {word}");
    }
}

#[test]
fn status_of_a_stack_says_what_can_be_done_about_it() {
    use StackRest::*;
    let rows = [
        ("CREATE_COMPLETE", Complete),
        ("UPDATE_COMPLETE", Complete),
        ("IMPORT_COMPLETE", Complete),
        ("UPDATE_ROLLBACK_COMPLETE", RolledBack),
        ("IMPORT_ROLLBACK_COMPLETE", RolledBack),
        ("UPDATE_ROLLBACK_FAILED", RollbackFailed),
        ("ROLLBACK_COMPLETE", NeverMade),
        ("CREATE_IN_PROGRESS", Moving),
        ("UPDATE_IN_PROGRESS", Moving),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Moving),
        ("UPDATE_ROLLBACK_IN_PROGRESS", Moving),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Moving),
        ("ROLLBACK_IN_PROGRESS", Moving),
        ("DELETE_IN_PROGRESS", Moving),
        ("REVIEW_IN_PROGRESS", Moving),
        ("CREATE_FAILED", Stuck),
        ("ROLLBACK_FAILED", Stuck),
        ("UPDATE_FAILED", Stuck),
        ("DELETE_FAILED", Stuck),
        ("DELETE_COMPLETE", Stuck),
    ];
    for (status, rest) in rows {
        assert_eq!(StackStatus::new(status).rest(), rest, "{status}");
        assert_eq!(StackStatus::new(status).to_string(), status);
    }
}

#[test]
fn drift_is_told_by_the_namespace_of_a_monitor_only() {
    let rows = [
        ("aws/sagemaker/Endpoints/data-metrics", Some(DriftKind::DataQuality)),
        ("/aws/sagemaker/Endpoints/data-metrics", Some(DriftKind::DataQuality)),
        ("aws/sagemaker/ModelMonitoring/data-metrics", Some(DriftKind::DataQuality)),
        ("aws/sagemaker/Endpoints/model-metrics", Some(DriftKind::ModelQuality)),
        ("aws/sagemaker/Endpoints/bias-metrics", Some(DriftKind::Bias)),
        ("aws/sagemaker/Endpoints/explainability-metrics", Some(DriftKind::FeatureAttribution)),
        ("aws/sagemaker/Endpoints", None),
        ("AWS/SageMaker", None),
        ("data-metrics", None),
        ("custom/data-metrics", None),
        ("", None),
    ];
    for (namespace, kind) in rows {
        assert_eq!(DriftKind::of_namespace(namespace), kind, "{namespace}");
    }
    let words = [
        (DriftKind::DataQuality, "data quality", "data_quality"),
        (DriftKind::ModelQuality, "model quality", "model_quality"),
        (DriftKind::Bias, "bias", "bias"),
        (DriftKind::FeatureAttribution, "feature attribution", "feature_attribution"),
    ];
    for (kind, said, written) in words {
        assert_eq!((kind.to_string().as_str(), serde_json::to_value(kind).unwrap()), (said, json!(written)));
    }
}

#[test]
fn feature_is_named_by_the_metric_or_by_the_facet() {
    assert_eq!(feature("feature_baseline_drift_tenure", None), Some("tenure"));
    assert_eq!(feature("feature_baseline_drift_tenure", Some("age")), Some("tenure"));
    assert_eq!(feature("bias_metric_DPPL", Some("age")), Some("age"));
    for (metric, facet) in
        [("bias_metric_DPPL", None), ("feature_baseline_drift_", None), ("bias_metric_DPPL", Some(""))]
    {
        assert_eq!(feature(metric, facet), None, "{metric} {facet:?}");
    }
}

#[test]
fn rule_of_a_composite_alarm_names_its_alarms_by_cloudwatchs_syntax() {
    let names = |rule: &str| children(rule).iter().map(AlarmName::to_string).collect::<Vec<_>>();
    assert_eq!(names("ALARM(a) AND OK(b) AND INSUFFICIENT_DATA(c)"), ["a", "b", "c"]);
    assert_eq!(names("NOT (ALARM (\"a b\") OR ALARM( c ))"), ["a b", "c"]);
    assert_eq!(names("ALARM(\"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a: b\")"), ["a: b"]);
    assert_eq!(names("ALARM(\"a) OR ALARM(b\")"), ["a) OR ALARM(b"], "what is quoted is one name");
    assert_eq!(names("ALARM(a) OR ALARM(a)"), ["a"]);
    for rule in ["TRUE", "FALSE", "NOALARM(a)", "alarm(a)", "MY_OK(a)", "ALARM()", "ALARM(\"\")"] {
        assert_eq!(names(rule), Vec::<String>::new(), "{rule}");
    }
    let many: Vec<String> = (0..101).map(|number| format!("ALARM(a{number})")).collect();
    assert_eq!(children(&many.join(" OR ")).len(), 100, "CloudWatch allows a rule 100");
}

#[test]
fn object_is_in_each_of_its_folders_up_to_eight_deep() {
    let object = |key: &str| other::Object { bucket: "churn".to_owned(), key: key.to_owned() };
    assert_eq!(object("a/b/c.csv").folders(), ["s3://churn/a/b/", "s3://churn/a/"]);
    assert_eq!(object("c.csv").folders(), Vec::<String>::new());
    let deep = object("1/2/3/4/5/6/7/8/9/x").folders();
    assert_eq!((deep.len(), deep[0].as_str()), (8, "s3://churn/1/2/3/4/5/6/7/8/"));
    assert!(object("a/b").is_data() && !object("a/").is_data(), "a console's empty object is a folder");
    let groups = [
        ("x/offline-store/churn-1795166530/data/year=2026/a.parquet", Some("churn")),
        ("offline-store/churn-features-1/data/a", Some("churn-features")),
        ("xoffline-store/churn-1/data/a", None),
        ("offline-store/churn-1/metadata/a", None),
        ("offline-store/churn-1x/data/a", None),
        ("offline-store/churn-/data/a", None),
        ("offline-store/-1/data/a", None),
        ("offline-store/churn/data/a", None),
        ("offline-store/churn-1", None),
        ("churn-1/data/a", None),
    ];
    for (key, group) in groups {
        assert_eq!(object(key).feature_group(), group, "{key}");
    }
}

#[test]
fn approval_is_told_from_an_edit_of_metadata() {
    let package = |fields: Value, lifecycle: Value| {
        let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 3, "ModelApprovalStatus": "Approved",
            "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3",
            "UpdatedModelPackageFields": fields, "ModelLifeCycle": lifecycle});
        match body_of(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), detail)) {
            Body::Package(package) => package,
            other => panic!("{other:?}"),
        }
    };
    let staged = json!({"Stage": "Staging", "StageStatus": "Approved"});
    let rows = [
        (json!(null), false, false),
        (json!([]), false, false),
        (json!(["CustomerMetadataProperties"]), true, false),
        (json!(["CustomerMetadataProperties", "CustomerMetadataPropertiesToRemove"]), true, false),
        (json!(["ModelLifeCycle"]), true, true),
        (json!(["ModelLifeCycle", "CustomerMetadataProperties"]), true, true),
        (json!(["ModelApprovalStatus"]), false, false),
        (json!(["ModelApprovalStatus", "CustomerMetadataProperties"]), false, false),
        (json!(["ModelLifeCycle", "ModelApprovalStatus"]), false, false),
    ];
    for (fields, metadata, lifecycle) in rows {
        let package = package(fields.clone(), staged.clone());
        assert_eq!((package.is_metadata_edit(), package.lifecycle_edit().is_some()), (metadata, lifecycle), "{fields}");
    }
    let lifecycle = |stage: &str, status: &str| LifeCycle { stage: stage.to_owned(), stage_status: status.to_owned() };
    assert!(lifecycle("Staging", "Approved").lets_into("Staging"));
    assert!(!lifecycle("Staging", "Approved").lets_into("Production"), "another stage's approval is none");
    assert!(!lifecycle("Staging", "PendingApproval").lets_into("Staging"));
    let other_version = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 4, "ModelApprovalStatus": "Approved",
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"});
    assert!(
        Event::parse(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), other_version))
            .is_err()
    );
}

#[test]
fn event_by_the_clock_or_one_of_many_is_known_as_such() {
    let of_fact = |kind: FactKind| {
        let detail = json!({"version": 1, "matter": "m", "at": "2026-11-20T03:10:00Z"});
        Event::parse(&event("trimtab", kind.as_str(), json!([]), detail)).unwrap()
    };
    // What looking finds: the next look finds it again.
    let routine = [
        "Look Requested",
        "Stage Look Requested",
        "Build Requested",
        "Evaluation Requested",
        "Watch Requested",
        "Image Requested",
    ];
    for kind in FactKind::ALL {
        let event = of_fact(*kind);
        assert_eq!(event.is_routine(), routine.contains(&kind.as_str()), "{kind:?} by the clock");
        assert_eq!(event.is_look(), kind.as_str().ends_with("Look Requested"), "{kind:?} is a look");
        assert_eq!((event.is_counted(), event.is_one_of_many()), (false, false), "{kind:?}");
    }
    let clock = Event::parse(&event("aws.events", "Scheduled Event", json!([]), json!({}))).unwrap();
    assert!(clock.is_routine() && !clock.is_look() && !clock.is_counted() && !clock.is_one_of_many());
    let detail = json!({"bucket": {"name": "churn"}, "object": {"key": "a/b"}});
    let object = Event::parse(&event("aws.s3", "Object Created", json!([]), detail)).unwrap();
    assert!(object.is_counted() && object.is_one_of_many() && !object.is_routine() && !object.is_look());
    for (name, many) in [("model-monitoring-202611220300-4f7a", true), ("trimtab-churn-data-quality", false)] {
        let detail = json!({"ProcessingJobName": name, "ProcessingJobStatus": "Completed"});
        let job =
            Event::parse(&event("aws.sagemaker", "SageMaker Processing Job State Change", json!([]), detail)).unwrap();
        assert_eq!((job.is_one_of_many(), job.is_counted(), job.is_routine()), (many, false, false), "{name}");
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
            "SageMaker Training Job State Change",
            json!({"TrainingJobName": "x"}),
            "detail.TrainingJobStatus",
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
