//! The setup of each flow, and the events of its steps.

use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};

use super::cloud::{DEBOUNCE, event};
use super::{Environment, Flow, Model, batch_transform, engines};

/// Time for an effect to become visible in a service.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Interval between reads of a service; hundreds of cases read concurrently.
const POLL: Duration = Duration::from_millis(700);

/// The resources of a model that appear in its events.
#[derive(Default)]
pub(super) struct Scene {
    commit: String,
    digest: String,
    pull: String,
    package: String,
    machine: String,
    job: String,
}

#[allow(clippy::too_many_lines, reason = "one arm for each flow")]
pub(super) async fn prepare(model: &mut Model<'_>, flow: Flow) -> Scene {
    let (env, name) = (model.env, model.name.clone());
    let engine = engines::engine(env, flow, &name).await;
    match flow {
        Flow::Stack => env.apply_stack(&name).await,
        Flow::BatchTransform => env.apply_transform(&name).await,
        Flow::OperatorRollback => env.apply_stages(&name).await,
        _ => env.apply(&name, flow, engine).await,
    }
    let mut scene = Scene::default();
    use ModelApprovalStatus::{Approved, PendingManualApproval};
    match flow {
        Flow::Drift | Flow::LostDrift => {
            env.pipeline(&name).await;
            env.alarm(&format!("{name}-prod-data-drift"), StateValue::Alarm).await;
        }
        Flow::StepFunctions | Flow::Airflow | Flow::Kubeflow | Flow::CodePipelineTraining => {
            env.alarm(&format!("{name}-prod-data-drift"), StateValue::Alarm).await;
        }
        Flow::Violations => {
            env.pipeline(&name).await;
            scene.job = env.monitored(&name).await;
        }
        Flow::NewData => env.pipeline(&name).await,
        Flow::LostPush => {
            // The first reconcile adopts existing resources without acting on them.
            model.deliver("integrate", &reconcile_request(&name)).await.unwrap();
            scene.commit = env.repository(&name).await;
        }
        Flow::LostVersion => {
            model.deliver("deploy", &reconcile_request(&name)).await.unwrap();
            scene.package = env.package(&name, true, Approved).await;
        }
        Flow::Push => {
            env.pipeline(&name).await;
            scene.commit = env.repository(&name).await;
        }
        Flow::PipelineBuild => {
            env.build_pipeline(&name).await;
            scene.commit = env.repository(&name).await;
        }
        Flow::Image => scene.digest = env.image(&name).await,
        Flow::Review => {
            env.repository(&name).await;
            (scene.pull, scene.commit) = env.pull_request(&name).await;
        }
        Flow::OperatorRollback => {
            model.deliver("deploy", &reconcile_request(&name)).await.unwrap();
            scene.package = env.package(&name, true, Approved).await;
        }
        Flow::FirstVersion | Flow::Stack | Flow::BatchTransform => {
            scene.package = env.package(&name, true, Approved).await;
        }
        Flow::NextVersion => {
            env.alarm(&format!("{name}-prod-5xx"), StateValue::Ok).await;
            scene.package = env.package(&name, true, Approved).await;
            for step in 0..2 {
                let (function, event) = scene.event(model, Flow::FirstVersion, step).await;
                model.deliver(function, &event).await.unwrap();
            }
            scene.package = env.package(&name, false, Approved).await;
        }
        Flow::Candidate => {
            scene.machine = env.tests(&name).await;
            scene.package = env.package(&name, true, PendingManualApproval).await;
        }
        Flow::GuardViolation => env.job(&name).await,
        Flow::Monitoring => {
            scene.package = env.package(&name, true, Approved).await;
            for step in 0..2 {
                let (function, event) = scene.event(model, Flow::FirstVersion, step).await;
                model.deliver(function, &event).await.unwrap();
            }
        }
        Flow::Notification | Flow::Schedule | Flow::Lineage => {}
    }
    scene
}

impl Scene {
    /// Waits for the effects of the previous step; returns the event of this step and the function that handles it.
    #[allow(clippy::too_many_lines, reason = "one arm for each flow")]
    pub(super) async fn event(&mut self, model: &Model<'_>, flow: Flow, step: usize) -> (&'static str, Value) {
        let (env, name) = (model.env, &model.name);
        match (flow, step) {
            (Flow::Drift | Flow::StepFunctions | Flow::Airflow | Flow::Kubeflow | Flow::CodePipelineTraining, 0) => {
                ("retrain", alarm(name))
            }
            (Flow::StepFunctions | Flow::Airflow | Flow::Kubeflow | Flow::CodePipelineTraining, _) => {
                ("retrain", engines::ended(env, flow, name).await)
            }
            (Flow::Drift, _) => ("retrain", run_ended(env, name).await),
            (Flow::Violations, 0) => {
                let detail = json!({"ProcessingJobName": self.job, "ProcessingJobStatus": "Completed"});
                ("retrain", event("aws.sagemaker", "SageMaker Processing Job State Change", &self.job, &detail))
            }
            (Flow::NewData, 0) => {
                let object = json!({"key": "features/part-00000.csv", "size": 5});
                let detail = json!({"bucket": {"name": format!("{name}-{ACCOUNT}")}, "object": object});
                ("retrain", event("aws.s3", "Object Created", name, &detail))
            }
            (Flow::NewData, 1) => {
                // The debounce time has to pass without new data.
                tokio::time::sleep(DEBOUNCE.unsigned_abs()).await;
                ("retrain", reconcile_request(name))
            }
            (Flow::Violations | Flow::NewData, _) => ("retrain", run_ended(env, name).await),
            (Flow::LostDrift, step) => {
                if step > 0 {
                    run_ended(env, name).await;
                }
                ("retrain", reconcile_request(name))
            }
            (Flow::LostPush, 0) => ("integrate", reconcile_request(name)),
            (Flow::LostPush, step) => {
                if step > 1 {
                    build_ended(env, flow, name).await;
                }
                let details = json!({"branch": "main", "commit": self.commit});
                ("integrate", request("Build Requested", name, &details))
            }
            (Flow::LostVersion, step) => {
                if step > 0 {
                    endpoint_is_stable(env, name).await;
                }
                ("deploy", reconcile_request(name))
            }
            (Flow::Schedule, _) => ("reconcile", event("aws.events", "Scheduled Event", name, &json!({}))),
            (Flow::PipelineBuild, 1) => ("integrate", execution_ended(env, name).await),
            (Flow::PipelineBuild, 2) => {
                let execution = env.executions(name).await.pop().unwrap_or_default();
                let details = json!({"execution": execution, "commit": self.commit});
                ("integrate", request("Build Requested", name, &details))
            }
            (Flow::Image, _) => {
                let detail = json!({"result": "SUCCESS", "repository-name": format!("{name}-training"),
                    "image-digest": self.digest, "action-type": "PUSH", "image-tag": "latest"});
                ("integrate", event("aws.ecr", "ECR Image Action", name, &detail))
            }
            (Flow::Push | Flow::PipelineBuild, 0) => {
                let detail = json!({"event": "referenceUpdated", "repositoryName": format!("{name}-model"),
                    "referenceType": "branch", "referenceName": "main", "commitId": self.commit});
                ("integrate", event("aws.codecommit", "CodeCommit Repository State Change", name, &detail))
            }
            (Flow::Review, 0) => {
                let detail = json!({"event": "pullRequestCreated", "repositoryNames": [format!("{name}-model")],
                    "pullRequestId": self.pull, "pullRequestStatus": "Open", "sourceCommit": self.commit,
                    "destinationReference": "refs/heads/main"});
                ("integrate", event("aws.codecommit", "CodeCommit Pull Request State Change", name, &detail))
            }
            (Flow::Push | Flow::Review | Flow::PipelineBuild, _) => ("integrate", build_ended(env, flow, name).await),
            (Flow::OperatorRollback, 2) => {
                env.control("endpoint", &json!({"name": format!("{name}-prod"), "status": "Failed"})).await;
                ("deploy", request("Rollback Requested", name, &json!({"by": "maya"})))
            }
            (Flow::OperatorRollback, 3) => {
                endpoint_is_gone(env, name).await;
                ("deploy", reconcile_request(name))
            }
            (
                Flow::FirstVersion | Flow::NextVersion | Flow::Stack | Flow::BatchTransform | Flow::OperatorRollback,
                0,
            ) => ("deploy", self.package_is(name, "Approved")),
            (Flow::BatchTransform, _) => ("deploy", batch_transform::ended(env, name).await),
            (Flow::Candidate, 0) => ("evaluate", self.package_is(name, "PendingManualApproval")),
            (Flow::Candidate, _) => ("evaluate", tests_ended(env, &self.machine).await),
            (Flow::FirstVersion | Flow::NextVersion | Flow::OperatorRollback, _) => {
                endpoint_is_stable(env, name).await;
                let detail = json!({"EndpointName": format!("{name}-prod"), "EndpointStatus": "IN_SERVICE"});
                ("deploy", event("aws.sagemaker", "SageMaker Endpoint State Change", name, &detail))
            }
            (Flow::Stack, _) => {
                until("a stack that is made", async || {
                    env.stack(name).await.filter(|status| status == "CREATE_COMPLETE")
                })
                .await;
                let id = format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}-prod/1");
                let detail = json!({"stack-id": id, "status-details": {"status": "CREATE_COMPLETE"}});
                ("deploy", event("aws.cloudformation", "CloudFormation Stack Status Change", name, &detail))
            }
            (Flow::GuardViolation, _) => {
                let who = json!({"arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/data-science/maya")});
                let detail = json!({"eventSource": "sagemaker.amazonaws.com", "eventName": "CreateTrainingJob",
                    "requestParameters": {"trainingJobName": name}, "userIdentity": who});
                ("guard", event("aws.sagemaker", "AWS API Call via CloudTrail", name, &detail))
            }
            (Flow::Monitoring, 0) => {
                ("monitor", request("Monitoring Requested", name, &json!({"kind": "data-quality"})))
            }
            (Flow::Monitoring, _) => ("monitor", baseline_ended(env, name).await),
            (Flow::Lineage, step) => {
                let kind = if step == 0 { "Training Started" } else { "Training Succeeded" };
                let detail = json!({"version": 1, "model": name, "dedup_key": format!("incident/{name}-build-1"),
                    "at": jiff::Timestamp::now().to_string(), "reasons": ["because"],
                    "details": {"run": run_of(name), "commit": "c".repeat(40)}});
                let mut event = event("trimtab", kind, name, &detail);
                event["id"] = json!(format!("{kind} {name}"));
                ("lineage", event)
            }
            (Flow::Notification, _) => {
                let detail = json!({"version": 1, "model": name, "dedup_key": format!("rollout/{name}/1/1"),
                    "at": jiff::Timestamp::now().to_string(), "reasons": ["because"], "details": {"version": "1"}});
                ("notify", event("trimtab", "Rollout Succeeded", name, &detail))
            }
        }
    }
}

impl Scene {
    fn package_is(&self, model: &str, approval: &str) -> Value {
        let version: u32 = self.package.rsplit('/').next().unwrap().parse().unwrap();
        let detail = json!({"ModelPackageGroupName": model, "ModelPackageVersion": version,
            "ModelPackageArn": self.package, "ModelApprovalStatus": approval, "ModelPackageStatus": "Completed"});
        event("aws.sagemaker", "SageMaker Model Package State Change", &self.package, &detail)
    }
}

/// The ARN of the run in the lineage flow.
pub(super) fn run_of(model: &str) -> String {
    format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{model}-training/execution/1")
}

fn request(kind: &str, model: &str, details: &Value) -> Value {
    let now = jiff::Timestamp::now();
    let detail = json!({"version": 1, "model": model, "dedup_key": format!("reconcile/{model}/{now}"),
        "at": now, "reasons": [], "details": details});
    let mut event = event("trimtab", kind, model, &detail);
    // A model gets the same request more than once.
    event["id"] = json!(format!("{kind} {model} {}", event["time"]));
    event
}

pub(super) fn reconcile_request(model: &str) -> Value {
    request("Reconcile Requested", model, &json!({}))
}

fn alarm(model: &str) -> Value {
    let name = format!("{model}-prod-data-drift");
    let metric = json!({"metricStat": {"metric": {"namespace": "aws/sagemaker/Endpoints/data-metrics",
        "name": "feature_baseline_drift_tenure"}, "period": 3600, "stat": "Maximum"}});
    let state = json!({"value": "ALARM", "timestamp": "2026-11-20T03:00:00.000+0000"});
    let detail = json!({"alarmName": name, "configuration": {"metrics": [metric]}, "state": state});
    let arn = format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}");
    event("aws.cloudwatch", "CloudWatch Alarm State Change", &arn, &detail)
}

/// Repeats `probe` until it returns a value.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < TIMEOUT, "not observed: {what}");
        tokio::time::sleep(POLL).await;
    }
}

async fn run_ended(env: &Environment, model: &str) -> Value {
    let run = until("a run that has ended", async || {
        let call = env.sagemaker.list_pipeline_executions().pipeline_name(format!("{model}-training"));
        let runs = call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default();
        let status = |status: &str| status == "Succeeded";
        runs.into_iter().find(|run| run.pipeline_execution_status().is_some_and(|found| status(found.as_str())))
    });
    let run = run.await;
    let detail = json!({"pipelineExecutionDisplayName": run.pipeline_execution_display_name(),
        "currentPipelineExecutionStatus": "Succeeded", "pipelineExecutionArn": run.pipeline_execution_arn()});
    event("aws.sagemaker", "SageMaker Model Building Pipeline Execution Status Change", model, &detail)
}

async fn build_ended(env: &Environment, flow: Flow, model: &str) -> Value {
    let build = until("a build that has ended", async || {
        let listed = env.codebuild.list_builds_for_project().project_name(flow.project(model)).send().await;
        let ids = listed.unwrap().ids.filter(|ids| !ids.is_empty())?;
        let builds = env.codebuild.batch_get_builds().set_ids(Some(ids)).send().await.unwrap().builds;
        let done = |status: &str| status == "SUCCEEDED";
        builds.unwrap_or_default().into_iter().find(|build| build.build_status().is_some_and(|s| done(s.as_str())))
    });
    let build = build.await;
    let variables = build.environment().map(|environment| environment.environment_variables()).unwrap_or_default();
    let variables: Vec<Value> =
        variables.iter().map(|variable| json!({"name": variable.name(), "value": variable.value()})).collect();
    let detail = json!({"build-status": "SUCCEEDED", "project-name": flow.project(model), "build-id": build.arn(),
        "additional-information": {"source-version": build.source_version(),
            "environment": {"environment-variables": variables}}});
    event("aws.codebuild", "CodeBuild Build State Change", model, &detail)
}

async fn execution_ended(env: &Environment, model: &str) -> Value {
    let ended = until("an execution that has ended", async || {
        let call = env.codepipeline.list_pipeline_executions().pipeline_name(format!("{model}-integration"));
        let listed = call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default();
        let done = listed.into_iter().find(|run| run.status().is_some_and(|status| status.as_str() == "Succeeded"));
        done.and_then(|run| run.pipeline_execution_id)
    });
    let detail = json!({"pipeline": format!("{model}-integration"), "execution-id": ended.await, "state": "SUCCEEDED"});
    event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", model, &detail)
}

pub(super) async fn tests_ended(env: &Environment, machine: &str) -> Value {
    let ended = until("an execution that has ended", async || {
        let listed = env.sfn.list_executions().state_machine_arn(machine).send().await.unwrap().executions;
        listed.into_iter().find(|execution| execution.status.as_str() == "SUCCEEDED")
    });
    let ended = ended.await;
    let detail = json!({"executionArn": ended.execution_arn, "stateMachineArn": machine, "name": ended.name,
        "status": "SUCCEEDED"});
    event("aws.states", "Step Functions Execution Status Change", &ended.execution_arn, &detail)
}

async fn baseline_ended(env: &Environment, model: &str) -> Value {
    let job = until("a baseline's job that has ended", async || {
        let call = env.sagemaker.list_processing_jobs().name_contains(format!("trimtab-{model}-"));
        let jobs = call.send().await.unwrap().processing_job_summaries.unwrap_or_default();
        jobs.into_iter().find(|job| job.processing_job_status().is_some_and(|status| status.as_str() == "Completed"))
    });
    let name = job.await.processing_job_name.unwrap();
    let detail = json!({"ProcessingJobName": name, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", &name, &detail)
}

async fn endpoint_is_stable(env: &Environment, model: &str) {
    until("an endpoint in service", async || {
        let found = env.sagemaker.describe_endpoint().endpoint_name(format!("{model}-prod")).send().await.ok()?;
        found.endpoint_status().filter(|status| status.as_str() == "InService").map(|_| ())
    })
    .await;
}

async fn endpoint_is_gone(env: &Environment, model: &str) {
    until("an endpoint that is gone", async || {
        let found = env.sagemaker.describe_endpoint().endpoint_name(format!("{model}-prod")).send().await;
        found.is_err().then_some(())
    })
    .await;
}
