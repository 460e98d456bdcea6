//! The events of the flows, in the format of AWS.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_core::event::Approval;
use trimtab_core::fact::{Fact, SOURCE};
use trimtab_core::name::{ExecutionArn, RunId};

use crate::services::{Build, Ending};

/// The target commit of the pull request.
pub(crate) const TARGET: &str = "3f9b1e7c6d2a4085b9e1f0c3d4a5968778695a4b";

pub(crate) const COMMIT: &str = "8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190";

/// The account of Trimtab.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The endpoint of the model without stages.
pub(crate) const PROD: &str = "churn-prod";

fn event(source: &str, kind: &str, at: Timestamp, resources: &[String], detail: &Value) -> Value {
    json!({"version": "0", "id": "", "source": source, "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": at.to_string(), "resources": resources, "detail": detail})
}

/// The first version of `segments`, which CodePipeline delivers.
pub(crate) const SEGMENTS: u32 = 101;

/// The first version of `tariffs`, which is deployed to a CloudFormation stack.
pub(crate) const TARIFFS: u32 = 201;

/// The first version of `loans`, the model with stages.
pub(crate) const LOANS: u32 = 301;

/// The first version of `leads`, which batch transform jobs use.
pub(crate) const LEADS: u32 = 401;

pub(crate) fn group(version: u32) -> &'static str {
    match version {
        LEADS.. => "leads",
        LOANS.. => "loans",
        TARIFFS.. => "tariffs",
        SEGMENTS.. => "segments",
        _ => "churn",
    }
}

pub(crate) fn package_arn(version: u32) -> String {
    format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/{}/{version}", group(version))
}

pub(crate) fn alarm_arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")
}

pub(crate) fn alarm(name: &str, at: Timestamp) -> Value {
    let metric = json!({"metricStat": {"metric": {"namespace": "aws/sagemaker/Endpoints/data-metrics",
        "name": "feature_baseline_drift_tenure", "dimensions": {"Endpoint": "churn-prod"}}, "period": 3600, "stat": "Maximum"}});
    let detail = json!({"alarmName": name, "configuration": {"metrics": [metric]},
        "state": {"value": "ALARM", "timestamp": at.to_string(), "reason": "Threshold Crossed"}});
    event("aws.cloudwatch", "CloudWatch Alarm State Change", at, &[alarm_arn(name)], &detail)
}

/// The event of the end of a batch transform job.
pub(crate) fn transform(job: &str, status: &str, at: Timestamp) -> Value {
    let arn = format!("arn:aws:sagemaker:eu-west-1:{ACCOUNT}:transform-job/{job}");
    let detail = json!({"TransformJobName": job, "TransformJobArn": arn, "TransformJobStatus": status});
    event("aws.sagemaker", "SageMaker Transform Job State Change", at, &[arn], &detail)
}

pub(crate) fn composite(name: &str, children: &[&str], held_back: bool, at: Timestamp) -> Value {
    let rule = children.iter().map(|child| format!("ALARM({child})")).collect::<Vec<_>>().join(" OR ");
    let mut detail = json!({"alarmName": name, "configuration": {"alarmRule": rule},
        "state": {"value": "ALARM", "timestamp": at.to_string(), "reason": "Alarm Rule Evaluated"}});
    if held_back {
        detail["state"]["actionsSuppressedBy"] = json!("WaitPeriod");
    }
    event("aws.cloudwatch", "CloudWatch Alarm State Change", at, &[alarm_arn(name)], &detail)
}

/// The event of the end of a run; `None` for engines without such an event.
pub(crate) fn run(run: &RunId, name: &str, end: Ending, at: Timestamp) -> Option<Value> {
    match run {
        RunId::Pipeline(arn) => {
            let detail = json!({"pipelineExecutionDisplayName": name, "currentPipelineExecutionStatus": end.word(),
                "pipelineExecutionArn": arn.as_str()});
            let kind = "SageMaker Model Building Pipeline Execution Status Change";
            Some(event("aws.sagemaker", kind, at, &[], &detail))
        }
        RunId::Execution(execution) => Some(execution_ended(execution, end, at)),
        RunId::CodePipeline(pipeline, id) => {
            let detail = json!({"pipeline": pipeline, "execution-id": id, "state": end.upper_case()});
            Some(event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", at, &[], &detail))
        }
        RunId::Airflow(..) | RunId::Kubeflow(_) => None,
    }
}

/// The request for training of a built commit.
pub(crate) fn training_requested(model: &str, at: Timestamp) -> Value {
    let detail = json!({"version": 1, "model": model, "dedup_key": format!("build/{model}/{COMMIT}"),
        "at": at.to_string(), "reasons": [], "details": {"commit": COMMIT}});
    event(SOURCE, "Training Requested", at, &[], &detail)
}

pub(crate) fn monitored(job: &str, at: Timestamp) -> Value {
    let detail = json!({"ProcessingJobName": job, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", at, &[], &detail)
}

pub(crate) fn object(number: u32, at: Timestamp) -> Value {
    let detail = json!({"bucket": {"name": "churn-123456789012"},
        "object": {"key": format!("features/part-{number:05}.parquet")}, "reason": "PutObject"});
    event("aws.s3", "Object Created", at, &["arn:aws:s3:::churn-123456789012".to_owned()], &detail)
}

pub(crate) fn tick(at: Timestamp) -> Value {
    let rule = "arn:aws:events:eu-west-1:123456789012:rule/trimtab-ReconcileClock-1";
    event("aws.events", "Scheduled Event", at, &[rule.to_owned()], &json!({}))
}

pub(crate) fn push(at: Timestamp) -> Value {
    let detail = json!({"event": "referenceUpdated", "repositoryName": "churn-model", "referenceType": "branch",
        "referenceName": "main", "commitId": COMMIT});
    event("aws.codecommit", "CodeCommit Repository State Change", at, &[], &detail)
}

pub(crate) fn branch_deleted(at: Timestamp) -> Value {
    let mut event = push(at);
    event["detail"]["event"] = json!("referenceDeleted");
    event["detail"]["oldCommitId"] = event["detail"]["commitId"].take();
    event
}

/// The repository that CodePipeline builds.
pub(crate) const PIPELINE_REPOSITORY: &str = "demand-model";

pub(crate) fn push_to_pipeline(at: Timestamp) -> Value {
    let mut event = push(at);
    event["detail"]["repositoryName"] = json!(PIPELINE_REPOSITORY);
    event
}

pub(crate) fn merged(at: Timestamp) -> Value {
    let mut event = pull_request(at);
    let ended = [("event", "pullRequestMergeStatusUpdated"), ("pullRequestStatus", "Closed"), ("isMerged", "True")];
    for (field, value) in ended {
        event["detail"][field] = json!(value);
    }
    event
}

pub(crate) fn pipeline_ended(id: &str, at: Timestamp) -> Value {
    let detail = json!({"pipeline": "demand-integration", "execution-id": id, "state": "SUCCEEDED"});
    event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", at, &[], &detail)
}

pub(crate) fn image(digest: &str, at: Timestamp) -> Value {
    let detail = json!({"result": "SUCCESS", "repository-name": "churn-training", "image-digest": digest,
        "action-type": "PUSH", "image-tag": "latest"});
    event("aws.ecr", "ECR Image Action", at, &[], &detail)
}

pub(crate) fn pull_request(at: Timestamp) -> Value {
    let detail = json!({"event": "pullRequestCreated", "repositoryNames": ["churn-model"], "pullRequestId": "41",
        "pullRequestStatus": "Open", "sourceCommit": COMMIT, "destinationReference": "refs/heads/main"});
    event("aws.codecommit", "CodeCommit Pull Request State Change", at, &[], &detail)
}

pub(crate) fn build(build: &Build, end: Ending, at: Timestamp) -> Value {
    let variables: Vec<Value> =
        build.request.variables.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let detail = json!({"build-status": end.upper_case(), "project-name": build.request.project, "build-id": build.id.as_str(),
        "additional-information": {"source-version": build.request.commit.as_str(),
            "environment": {"environment-variables": variables}}});
    event("aws.codebuild", "CodeBuild Build State Change", at, &[], &detail)
}

/// The event of the end of a build without the variables that name its pull request.
pub(crate) fn without_variables(build: &Value) -> Value {
    let mut event = build.clone();
    event["detail"]["additional-information"]["environment"]["environment-variables"] = json!([]);
    event
}

pub(crate) fn package(version: u32, approval: &Approval, status: &str, at: Timestamp) -> Value {
    let group = group(version);
    let detail = json!({"ModelPackageGroupName": group, "ModelPackageVersion": version,
        "ModelPackageArn": package_arn(version), "ModelApprovalStatus": approval.to_string(),
        "ModelPackageStatus": status});
    event("aws.sagemaker", "SageMaker Model Package State Change", at, &[], &detail)
}

pub(crate) fn execution_ended(execution: &ExecutionArn, end: Ending, at: Timestamp) -> Value {
    let detail = json!({"executionArn": execution, "stateMachineArn": execution.machine(), "name": execution.name(),
        "status": end.execution()});
    event("aws.states", "Step Functions Execution Status Change", at, &[execution.to_string()], &detail)
}

pub(crate) fn endpoint(at: Timestamp) -> Value {
    let detail = json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE"});
    event("aws.sagemaker", "SageMaker Endpoint State Change", at, &[], &detail)
}

pub(crate) fn job_ended(name: &str, at: Timestamp) -> Value {
    let detail = json!({"ProcessingJobName": name, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", at, &[], &detail)
}

pub(crate) fn stage_endpoint(account: &str, name: &str, at: Timestamp) -> Value {
    let detail = json!({"EndpointName": name, "EndpointStatus": "IN_SERVICE"});
    let mut event = event("aws.sagemaker", "SageMaker Endpoint State Change", at, &[], &detail);
    event["account"] = json!(account);
    event
}

pub(crate) fn fact(fact: &Fact, at: Timestamp) -> Value {
    event(SOURCE, fact.kind.as_str(), at, &[], &json!(fact))
}

pub(crate) fn delivery(id: &str, end: Ending, at: Timestamp) -> Value {
    let detail = json!({"pipeline": "segments-delivery", "execution-id": id, "state": end.upper_case()});
    event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", at, &[], &detail)
}

pub(crate) fn stack(status: &str, at: Timestamp) -> Value {
    let id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/tariffs-prod/5f0c1d2e-3b4a-11f0-9c8d-0a1b2c3d4e5f";
    let detail = json!({"stack-id": id, "status-details": {"status": status, "status-reason": ""}});
    event("aws.cloudformation", "CloudFormation Stack Status Change", at, &[id.to_owned()], &detail)
}

pub(crate) fn call(name: &str, field: &str, value: &str, role: &str, at: Timestamp) -> Value {
    let issuer = json!({"arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}")});
    let who = json!({"arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/maya"),
        "sessionContext": {"sessionIssuer": issuer}});
    let detail = json!({"eventSource": "sagemaker.amazonaws.com", "eventName": name, "userIdentity": who,
        "requestParameters": {(field): value}});
    event("aws.sagemaker", "AWS API Call via CloudTrail", at, &[], &detail)
}

pub(crate) fn malformed(at: Timestamp) -> Value {
    let detail = json!({"ModelPackageArn": "churn, the newest", "ModelApprovalStatus": "Approved"});
    event("aws.sagemaker", "SageMaker Model Package State Change", at, &[], &detail)
}
