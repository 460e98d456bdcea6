//! Tables of AWS's words, times and names, as AWS's references list them.

use super::*;
use crate::name::AlarmName;

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
    check!(CodePipelineState: "STARTED" = Started, "RESUMED" = Resumed, "SUCCEEDED" = Succeeded, "FAILED" = Failed,
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
fn endpoint_in_transition_takes_no_update() {
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
        assert_eq!(RunStatus::from(&CodePipelineState::parse(word)), expected, "CodePipeline: {word}");
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
        assert_eq!(StackStatus::new(status).stable_state(), rest, "{status}");
        assert_eq!(StackStatus::new(status).to_string(), status);
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
fn composite_alarms_rule_names_alarms_in_cloudwatchs_syntax() {
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
    let object = |key: &str| Object { bucket: "churn".to_owned(), key: key.to_owned() };
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
fn approval_is_distinguished_from_an_edit_of_metadata() {
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
    assert!(lifecycle("Staging", "Approved").opens_gate("Staging"));
    assert!(!lifecycle("Staging", "Approved").opens_gate("Production"), "another stage's approval is none");
    assert!(!lifecycle("Staging", "PendingApproval").opens_gate("Staging"));
    let other_version = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 4, "ModelApprovalStatus": "Approved",
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"});
    assert!(
        Event::parse(&event("aws.sagemaker", "SageMaker Model Package State Change", json!([]), other_version))
            .is_err()
    );
}

#[test]
fn scheduled_and_frequent_events_are_marked() {
    let of_fact = |kind: FactKind| {
        let detail = json!({"version": 1, "dedup_key": "image/churn/1", "at": "2026-11-20T03:10:00Z"});
        Event::parse(&event("trimtab", kind.as_str(), json!([]), detail)).unwrap()
    };
    // What looking finds: the next look finds it again.
    let routine = [
        "Reconcile Requested",
        "Stage Reconcile Requested",
        "Build Requested",
        "Evaluation Requested",
        "Monitoring Requested",
        "Image Requested",
    ];
    for kind in FactKind::ALL {
        let event = of_fact(*kind);
        assert_eq!(event.is_routine(), routine.contains(&kind.as_str()), "{kind:?} by the clock");
        assert_eq!(event.is_reconcile_request(), kind.as_str().ends_with("Reconcile Requested"), "{kind:?} is a look");
        assert_eq!((event.is_counted(), event.is_one_of_many()), (false, false), "{kind:?}");
    }
    let clock = Event::parse(&event("aws.events", "Scheduled Event", json!([]), json!({}))).unwrap();
    assert!(clock.is_routine() && !clock.is_reconcile_request() && !clock.is_counted() && !clock.is_one_of_many());
    let detail = json!({"bucket": {"name": "churn"}, "object": {"key": "a/b"}});
    let object = Event::parse(&event("aws.s3", "Object Created", json!([]), detail)).unwrap();
    assert!(object.is_counted() && object.is_one_of_many() && !object.is_routine() && !object.is_reconcile_request());
    for (name, many) in [("model-monitoring-202611220300-4f7a", true), ("trimtab-churn-data-quality", false)] {
        let detail = json!({"ProcessingJobName": name, "ProcessingJobStatus": "Completed"});
        let job =
            Event::parse(&event("aws.sagemaker", "SageMaker Processing Job State Change", json!([]), detail)).unwrap();
        assert_eq!((job.is_one_of_many(), job.is_counted(), job.is_routine()), (many, false, false), "{name}");
    }
}
