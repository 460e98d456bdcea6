//! Each field of an event that decides something, read from a sample that has the shape that AWS documents.

use super::*;
use crate::name::RunId;

macro_rules! sample {
    ($path:literal) => {
        Event::parse(&serde_json::from_str(include_str!(concat!("../../../../../events/", $path))).unwrap()).unwrap()
    };
}

macro_rules! body {
    ($path:literal, $kind:ident) => {
        match sample!($path).body {
            Body::$kind(body) => body,
            other => panic!("{} is a {}: {other:?}", $path, stringify!($kind)),
        }
    };
}

const COMMIT: &str = "8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190";
const BEFORE: &str = "3f9b1e7c6d2a4085b9e1f0c3d4a5968778695a4b";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn envelope_is_read_field_by_field() {
    let envelope = sample!("cloudwatch/drift-bias.json").envelope;
    assert_eq!(
        (envelope.id.as_str(), envelope.source.as_str()),
        ("2bb9e6ff-f683-45ac-ab7a-15478529382b", "aws.cloudwatch")
    );
    assert_eq!((envelope.account.as_str(), envelope.region.as_str()), ("123456789012", "eu-west-1"));
    assert_eq!(
        (envelope.detail_type.as_str(), envelope.time),
        ("CloudWatch Alarm State Change", time("2026-11-22T03:12:09Z"))
    );
    assert_eq!(envelope.resources, ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-prod-bias-drift"]);
}

#[test]
fn alarm_has_its_change_and_its_metrics() {
    let alarm = body!("cloudwatch/drift-bias.json", Alarm);
    assert_eq!(alarm.arn.as_str(), "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-prod-bias-drift");
    assert_eq!((alarm.name.as_str(), &alarm.state), ("churn-prod-bias-drift", &AlarmState::Alarm));
    assert_eq!(alarm.since, time("2026-11-22T03:12:09.482Z"), "the change, not the event");
    assert!(alarm.reason.starts_with("Threshold Crossed"));
    assert_eq!(alarm.description.as_deref(), Some("churn-prod-bias-drift: tell the churn team"));
    assert_eq!((alarm.metrics.len(), alarm.rule.as_deref(), alarm.suppressed), (1, None, false));
    let metric = &alarm.metrics[0];
    assert_eq!(
        (metric.namespace.as_str(), metric.name.as_str()),
        ("aws/sagemaker/Endpoints/bias-metrics", "bias_metric_DPPL")
    );
    assert_eq!(metric.dimensions["MonitoringSchedule"], "churn-prod-bias");
    assert_eq!((alarm.drift(), alarm.is_composite()), (Some(DriftKind::Bias), false));
    assert_eq!(alarm.features(), ["age_group"], "bias names the feature in its facet");
    assert_eq!(body!("cloudwatch/drift-data-quality.json", Alarm).drift(), Some(DriftKind::DataQuality));
    assert_eq!(body!("cloudwatch/drift-cleared.json", Alarm).state, AlarmState::Ok);
}

#[test]
fn composite_alarm_has_its_rule_and_its_suppression() {
    let again = body!("cloudwatch/drift-composite-again.json", Alarm);
    assert_eq!(again.rule.as_deref(), Some("ALARM(churn-prod-data-drift) OR ALARM(churn-prod-bias-drift)"));
    assert!(again.is_composite() && !again.suppressed, "its suppression is over");
    let children: Vec<String> = children(again.rule.as_deref().unwrap()).iter().map(ToString::to_string).collect();
    assert_eq!(children, ["churn-prod-data-drift", "churn-prod-bias-drift"]);
    let text = include_str!("../../../../../events/cloudwatch/drift-composite.json");
    let mut held: Value = serde_json::from_str(text).unwrap();
    held["detail"]["state"]["actionsSuppressedBy"] = json!("WaitPeriod");
    assert!(matches!(body_of(&held), Body::Alarm(alarm) if alarm.suppressed), "its actions are held back");
    assert_eq!(again.drift(), None);
}

#[test]
fn push_has_branch_and_commits() {
    let push = body!("codecommit/push-main.json", Reference);
    assert_eq!((push.repository.as_str(), &push.kind), ("churn-model", &ReferenceKind::Updated));
    assert_eq!(push.branch.as_ref().map(BranchName::as_str), Some("main"));
    let commit = |commit: &Option<CommitId>| commit.as_ref().map(ToString::to_string);
    assert_eq!((commit(&push.commit).as_deref(), commit(&push.before).as_deref()), (Some(COMMIT), Some(BEFORE)));
    let deleted = body!("codecommit/branch-deleted.json", Reference);
    assert_eq!((&deleted.kind, deleted.commit), (&ReferenceKind::Deleted, None));
    assert!(deleted.branch.is_some() && deleted.before.is_some());
    assert_eq!(body!("codecommit/branch-created.json", Reference).kind, ReferenceKind::Created);
    assert_eq!(body!("codecommit/tag-created.json", Reference).branch, None, "a tag is no branch");
}

#[test]
fn pull_request_has_number_branch_commit_and_merge() {
    let merged = body!("codecommit/pull-request-merged.json", PullRequest);
    assert_eq!((merged.repository.as_str(), merged.id.as_str()), ("churn-model", "41"));
    assert_eq!((merged.event.as_str(), merged.status.as_str()), ("pullRequestMergeStatusUpdated", "Closed"));
    assert!(merged.merged);
    assert_eq!(merged.source_commit.as_ref().map(CommitId::as_str), Some(COMMIT));
    assert_eq!(merged.destination.as_ref().map(BranchName::as_str), Some("main"), "without refs/heads/");
    let created = body!("codecommit/pull-request-created.json", PullRequest);
    assert_eq!(
        (created.event.as_str(), created.status.as_str(), created.merged),
        ("pullRequestCreated", "Open", false)
    );
    assert!(!body!("codecommit/pull-request-closed.json", PullRequest).merged);
}

#[test]
fn build_has_commit_variables_status_and_log() {
    let build = body!("codebuild/build-succeeded.json", Build);
    assert_eq!((build.project.as_str(), &build.status), ("churn-build", &BuildStatus::Succeeded));
    assert_eq!(build.id.short(), "churn-build:6d0f3c1e-52a7-4b1d-9a35-0e8b7c2d41f6");
    assert_eq!(build.commit.as_ref().map(CommitId::as_str), Some(COMMIT));
    assert_eq!(build.variables.get("TRIMTAB_MODEL").map(String::as_str), Some("churn"));
    assert!(build.logs.unwrap().starts_with("https://console.aws.amazon.com/cloudwatch/"));
    assert_eq!(body!("codebuild/build-failed.json", Build).status, BuildStatus::Failed);
    assert_eq!(body!("codebuild/build-in-progress.json", Build).status, BuildStatus::InProgress);
}

#[test]
fn codepipeline_execution_is_read() {
    let delivery = body!("codepipeline/deployment-succeeded.json", CodePipelineExecution);
    assert_eq!(
        (delivery.pipeline.as_str(), delivery.execution.as_str()),
        ("segments-delivery", "2b6a7c80-1d3e-4f5a-9b8c-7d6e5f4a3b2c")
    );
    assert_eq!(delivery.state, CodePipelineState::Succeeded);
    assert_eq!(body!("codepipeline/deployment-failed.json", CodePipelineExecution).state, CodePipelineState::Failed);
    assert_eq!(body!("codepipeline/deployment-started.json", CodePipelineExecution).state, CodePipelineState::Started);
}

#[test]
fn pipeline_run_has_name_arn_and_status() {
    let run = body!("sagemaker/run-succeeded.json", PipelineExecution);
    assert_eq!((run.pipeline.as_str(), &run.status), ("churn-training", &RunStatus::Succeeded));
    assert!(RunId::parse(run.arn.as_str()).is_ok() && run.display_name.is_some());
    assert_eq!(body!("sagemaker/run-failed.json", PipelineExecution).status, RunStatus::Failed);
    assert_eq!(
        body!("sagemaker/run-stopped.json", PipelineExecution).status,
        RunStatus::Stopped,
        "a stopped run is no success"
    );
    assert_eq!(body!("sagemaker/run-executing.json", PipelineExecution).status, RunStatus::Executing);
}

#[test]
fn execution_has_state_machine_arn_and_status() {
    let tests = body!("states/tests-succeeded.json", StateMachineExecution);
    assert_eq!(
        tests.execution_arn.as_str(),
        "arn:aws:states:eu-west-1:123456789012:execution:churn-tests:churn-v3-081952fe"
    );
    assert_eq!(tests.state_machine_arn.name(), "churn-tests");
    assert_eq!(tests.status, ExecutionStatus::Succeeded);
    assert_eq!(body!("states/tests-failed.json", StateMachineExecution).status, ExecutionStatus::Failed);
    assert_eq!(body!("states/tests-running.json", StateMachineExecution).status, ExecutionStatus::Running);
}

#[test]
fn package_has_version_approval_status_and_change() {
    let approved = body!("sagemaker/package-approved.json", Package);
    assert_eq!((approved.group.as_str(), approved.version), ("churn", 3));
    assert_eq!((approved.arn.group(), approved.arn.version()), ("churn", 3));
    assert_eq!((&approved.approval, approved.status.as_str()), (&Approval::Approved, "Completed"));
    assert!(!approved.is_metadata_edit());
    assert_eq!(body!("sagemaker/package-rejected.json", Package).approval, Approval::Rejected);
    assert_eq!(body!("sagemaker/package-registered.json", Package).approval, Approval::Pending);
    let edited = body!("sagemaker/package-metadata-edited.json", Package);
    assert!(edited.is_metadata_edit() && edited.lifecycle_edit().is_none(), "an edit of metadata is no approval");
    let staged = body!("sagemaker/package-lifecycle-edited.json", Package);
    assert!(staged.is_metadata_edit() && staged.modified.is_some());
    assert!(staged.lifecycle_edit().is_some_and(|lifecycle| lifecycle.opens_gate(&lifecycle.stage)));
}

#[test]
fn endpoint_has_name_configuration_and_status() {
    let updating = body!("sagemaker/endpoint-updating.json", Endpoint);
    assert_eq!((updating.name.as_str(), updating.config.as_deref()), ("churn-prod", Some("churn-9b1c2d3e4f5a")));
    assert_eq!(updating.arn, "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod");
    assert_eq!(updating.status, EndpointStatus::Updating);
    assert_eq!(
        sample!("sagemaker/endpoint-updating.json").envelope.time,
        Timestamp::from_millisecond(1_795_171_290_000).unwrap()
    );
    let statuses = [
        (body!("sagemaker/endpoint-in-service.json", Endpoint).status, EndpointStatus::InService),
        (body!("sagemaker/endpoint-failed.json", Endpoint).status, EndpointStatus::Failed),
        (body!("sagemaker/endpoint-rolling-back.json", Endpoint).status, EndpointStatus::RollingBack),
        (body!("sagemaker/endpoint-rollback-failed.json", Endpoint).status, EndpointStatus::UpdateRollbackFailed),
    ];
    for (found, expected) in statuses {
        assert_eq!(found, expected);
    }
}

#[test]
fn job_of_each_kind_has_name_and_status() {
    let baseline = body!("sagemaker/baseline-completed.json", ProcessingJob);
    assert!(baseline.name.starts_with("trimtab-") && !baseline.is_of_a_monitor());
    assert_eq!(baseline.status, "Completed");
    assert_eq!(body!("sagemaker/baseline-failed.json", ProcessingJob).status, "Failed");
    assert!(body!("sagemaker/monitoring-completed-with-violations.json", ProcessingJob).is_of_a_monitor());
    assert_eq!(body!("sagemaker/transform-job-failed.json", TransformJob).status, "Failed");
    assert!(body!("sagemaker/transform-job-completed.json", TransformJob).name.starts_with("trimtab-leads-"));
}

#[test]
fn events_that_no_function_reads_are_unknown() {
    let unread = [
        sample!("cloudwatch/alarm-created.json"),
        sample!("codepipeline/action-failed.json"),
        sample!("sagemaker/run-step-succeeded.json"),
        sample!("sagemaker/endpoint-deployment-baking.json"),
        sample!("sagemaker/training-job-completed.json"),
        sample!("sagemaker/feature-group-created.json"),
    ];
    for event in unread {
        assert_eq!((event.is_known(), event.body), (false, Body::Unknown), "{}", event.envelope.detail_type);
    }
}

#[test]
fn stack_has_name_and_status() {
    let stack = body!("cloudformation/stack-rolled-back.json", Stack);
    assert_eq!((stack.name.as_str(), stack.status.to_string().as_str()), ("tariffs-prod", "UPDATE_ROLLBACK_COMPLETE"));
    assert_eq!(
        stack.id,
        "arn:aws:cloudformation:eu-west-1:123456789012:stack/tariffs-prod/7a2c4e6f-1b3d-11f0-8a9b-0c1d2e3f4a5b"
    );
    assert_eq!(stack.status.stable_state(), StackRest::RolledBack);
}

#[test]
fn image_has_repository_tag_digest_and_action() {
    let pushed = body!("ecr/image-pushed.json", Image);
    assert_eq!((pushed.repository.as_str(), pushed.pushed), ("churn-training", true));
    assert_eq!(pushed.tag.unwrap().as_str(), COMMIT);
    let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(pushed.digest.unwrap().as_str(), digest);
    assert!(!body!("ecr/image-deleted.json", Image).pushed, "a deleted image is no push");
}

#[test]
fn object_has_bucket_key_folders_and_feature_group() {
    let object = body!("s3/feature-group-data.json", Object);
    assert_eq!(object.bucket, "churn-123456789012");
    assert!(object.key.ends_with("20261121T010000Z_4kq1.parquet") && object.is_data());
    assert_eq!(object.feature_group(), Some("churn-features"));
    assert_eq!(body!("s3/new-data.json", Object).feature_group(), None);
}

#[test]
fn call_has_operation_resource_caller_and_refusal() {
    let call = body!("cloudtrail/training-job-breaks-rules.json", ApiCall);
    assert_eq!((call.name.as_str(), call.error.as_deref()), ("CreateTrainingJob", None));
    let resource = call.resource.unwrap();
    assert_eq!((resource.kind, resource.name.as_str()), (ResourceKind::Training, "churn-by-hand"));
    assert_eq!(
        (call.caller.name(), call.caller.role.as_deref()),
        ("maya", Some("arn:aws:iam::123456789012:role/data-science"))
    );
    assert_eq!(call.caller.arn.as_deref(), Some("arn:aws:sts::123456789012:assumed-role/data-science/maya"));
    assert_eq!(call.request["enableNetworkIsolation"], json!(false));
    let refused = body!("cloudtrail/training-job-refused.json", ApiCall);
    assert!(refused.error.is_some() && refused.resource.is_none());
}

#[test]
fn facts_and_unknown_events_are_distinguished() {
    assert_eq!(sample!("scheduled/daily.json").body, Body::Scheduled);
    let fact = body!("trimtab/rollout-rolled-back.json", Fact);
    assert_eq!((fact.kind, fact.version), (FactKind::RolloutRolledBack, 1));
    assert!(sample!("trimtab/rollout-rolled-back.json").is_known() && !sample!("unknown/glue-crawler.json").is_known());
    assert_eq!(sample!("unknown/glue-crawler.json").body, Body::Unknown);
}
