//! The story `loop`: each function triggers one part of the lifecycle and verifies its effects.

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionStatus};
use serde_json::{Value, json};
use trimtab_core::plan::Decision;

use crate::pull_request::{commit, defined};
use crate::queries::version;
use crate::setup::{BIAS_METRICS, DATA_METRICS, DPPL, ERRORS, SERVING_METRICS, TENURE, register};
use crate::story::{Story, StoryError, service};

/// The first approved version: the endpoint is created and scales.
pub(crate) async fn first_version(story: &mut Story) -> Result<(), StoryError> {
    story.section("The first version is registered manually and approved");
    let package = register(story, "churn").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    story.until("churn-prod serves version 1", serving(1)).await?;
    let scales = async |story: &Story| {
        use aws_sdk_applicationautoscaling::types::ServiceNamespace;
        let call = story.aws.autoscaling.describe_scaling_policies().service_namespace(ServiceNamespace::Sagemaker);
        let policies = call.send().await.map_err(service)?.scaling_policies.unwrap_or_default();
        Ok(policies.iter().any(|policy| policy.resource_id() == "endpoint/churn-prod/variant/AllTraffic").then_some(()))
    };
    story.until("a scaling policy on churn-prod", scales).await?;
    story.received("Rollout Succeeded", "rollout/churn/1/1").await?;
    story.observed("endpoint churn-prod is InService with version 1 and scales between 1 and 4 instances").await
}

/// A push is built and trained; the run registers a version.
pub(crate) async fn push(story: &mut Story) -> Result<(), StoryError> {
    story.section("A commit is pushed to main");
    let commit = commit(story, "main").await?;
    let built = async |story: &Story| {
        let builds = story.builds(&commit).await?;
        let done = builds.iter().any(|build| build.build_status().is_some_and(|status| status.as_str() == "SUCCEEDED"));
        Ok(done.then_some(builds.len()))
    };
    let builds = story.until("a successful build of the commit", built).await?;
    Story::expect("builds of the commit:", &builds, &1)?;
    story.observed(format!("CodeBuild built commit {commit} once")).await?;
    let run = ended_run(story, "churn-build-").await?;
    defined(story, &commit).await?;
    let parameters = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(&run);
    let parameters = parameters.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let given = parameters.iter().find(|parameter| parameter.name() == Some("Commit"));
    let given = given.and_then(|parameter| parameter.value().map(str::to_owned));
    Story::expect("the run's parameter Commit:", &given, &Some(commit))?;
    registered(story, 2, &run).await?;
    story.received("Training Succeeded", "incident/churn-build-").await?;
    story.received("Approval Requested", "evaluation/churn/2").await?;
    story
        .observed(
            "one run of churn-training for this commit succeeded; version 2 passed its tests and waits for manual approval",
        )
        .await
}

/// Waits for a successful run whose incident has this prefix; returns its ARN.
pub(crate) async fn ended_run(story: &mut Story, incident: &str) -> Result<String, StoryError> {
    let probe = async |story: &Story| {
        let runs = story.runs().await?;
        let run = runs.into_iter().find(|run| {
            run.pipeline_execution_display_name().is_some_and(|name| name.starts_with(incident))
                && run.pipeline_execution_status() == Some(&PipelineExecutionStatus::Succeeded)
        });
        Ok(run.and_then(|run| run.pipeline_execution_arn))
    };
    story.until(&format!("a successful run {incident}…"), probe).await
}

/// Waits for the version in the registry; verifies that it is pending and registered by this run.
pub(crate) async fn registered(story: &mut Story, number: u32, run: &str) -> Result<String, StoryError> {
    let probe = async |story: &Story| Ok(story.versions("churn").await?.into_iter().find(|arn| version(arn) == number));
    let package = story.until(&format!("version {number} in the registry"), probe).await?;
    let found =
        story.aws.sagemaker.describe_model_package().model_package_name(&package).send().await.map_err(service)?;
    let pending = found.model_approval_status() == Some(&ModelApprovalStatus::PendingManualApproval);
    Story::expect("version is pending:", &pending, &true)?;
    let made_by = found.metadata_properties().and_then(|properties| properties.generated_by());
    Story::expect("the package was registered by run", &made_by, &Some(run))?;
    Ok(package)
}

pub(crate) fn serving(number: u32) -> impl AsyncFn(&Story) -> Result<Option<()>, StoryError> {
    async move |story: &Story| Ok((story.serves().await? == Some(number)).then_some(()))
}

/// An approved version is rolled out by a canary with alarms.
pub(crate) async fn canary(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 2 is approved: a canary with an alarm bakes, then receives all traffic");
    story
        .publish(SERVING_METRICS, ERRORS, &[("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")], 0.0)
        .await?;
    let has_data = async |story: &Story| {
        let state = story.alarm("churn-prod-5xx").await?.map(|(state, _)| state);
        Ok(state.filter(|state| *state == StateValue::Ok))
    };
    story.until("data for alarm churn-prod-5xx, without which no canary starts", has_data).await?;
    story.control("hold", json!({"phase": "bakes"})).await?;
    approve(story, 2).await?;
    let baking = async |story: &Story| {
        let endpoint = story.endpoint().await?;
        let baking = story.events("SageMaker Endpoint Deployment State Change").await?;
        Ok(endpoint.filter(|endpoint| endpoint.pending_deployment_summary().is_some() && !baking.is_empty()))
    };
    let endpoint = story.until("a baking canary", baking).await?;
    let deployment = endpoint.last_deployment_config();
    let routing = deployment
        .and_then(|config| config.blue_green_update_policy())
        .and_then(|policy| policy.traffic_routing_configuration())
        .and_then(|routing| Some((routing.r#type()?.as_str().to_owned(), routing.canary_size()?.value()?)));
    Story::expect("traffic routing:", &routing, &Some(("CANARY".to_owned(), 10)))?;
    let alarms = deployment.and_then(|config| config.auto_rollback_configuration()).map(|config| config.alarms().len());
    Story::expect("alarms of the automatic rollback:", &alarms, &Some(1))?;
    story.observed("churn-prod is Updating; a canary of 10 % of its capacity bakes under alarm churn-prod-5xx").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    story.until("churn-prod serves version 2", serving(2)).await?;
    closed(story, "in service with version 2").await?;
    story.observed("endpoint churn-prod is InService with version 2").await
}

pub(crate) async fn approve(story: &Story, number: u32) -> Result<(), StoryError> {
    let package = package(story, number).await?;
    story.judge(&package, ModelApprovalStatus::Approved).await
}

pub(crate) async fn package(story: &Story, number: u32) -> Result<String, StoryError> {
    let found = story.versions("churn").await?.into_iter().find(|arn| version(arn) == number);
    found.ok_or_else(|| StoryError::NotObserved(format!("version {number} in the registry")))
}

/// Waits for the record in which `deploy` finished the rollout.
async fn closed(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let probe = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    story.until(&format!("deploy's record: {words}"), probe).await.map(drop)
}

/// CloudWatch raises a drift alarm from published data; it starts one run.
pub(crate) async fn drift(story: &mut Story) -> Result<(), StoryError> {
    story.section("A monitor publishes a drift metric; CloudWatch raises the alarm");
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-data-quality")];
    story.publish(DATA_METRICS, TENURE, &dimensions, 0.31).await?;
    let reason = in_alarm(story, "churn-prod-data-drift").await?;
    story.observed(format!("the alarm is in state ALARM: {reason}")).await?;
    let run = ended_run(story, "churn-drift-").await?;
    registered(story, 3, &run).await?;
    let closed = async |story: &Story| story.recorded("retrain", Decision::Acted, "the run of churn-drift-").await;
    story.until("retrain's record of the run's end", closed).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &2)?;
    story.received("Approval Requested", "evaluation/churn/3").await?;
    story
        .observed(
            "the alarm started one run of churn-training; version 3 passed its tests and waits for manual approval",
        )
        .await
}

pub(crate) async fn in_alarm(story: &mut Story, alarm: &str) -> Result<String, StoryError> {
    let probe = async |story: &Story| {
        Ok(story.alarm(alarm).await?.filter(|(state, _)| *state == StateValue::Alarm).map(|(_, reason)| reason))
    };
    story.until(&format!("alarm {alarm} in ALARM"), probe).await
}

/// A second alarm during the cool-down starts no run; the reason is recorded.
pub(crate) async fn cool_down(story: &mut Story) -> Result<(), StoryError> {
    story.section("A second alarm during the cool-down");
    story.apply(|_| {}).await?;
    story.observed("the policy of policies/ is applied unchanged: the cool-down is one day").await?;
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-bias")];
    story.publish(BIAS_METRICS, DPPL, &dimensions, 0.18).await?;
    in_alarm(story, "churn-prod-bias-drift").await?;
    let recorded = async |story: &Story| story.recorded("retrain", Decision::Skipped, "cool-down").await;
    story.until("retrain's record: cool-down", recorded).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &2)?;
    story.observed("no run was started; the ledger holds the reason").await
}

/// Delivers three events again under new ids, as AWS may.
pub(crate) async fn duplicates(story: &mut Story) -> Result<(), StoryError> {
    story.section("A push, an approval and an alarm are delivered twice");
    let effects = ["StartBuild", "StartPipelineExecution", "UpdateEndpoint", "CreateEndpoint"];
    let mut before = Vec::new();
    for effect in effects {
        before.push(story.calls(effect).await?);
    }
    let duplicates = [
        ("CodeCommit Repository State Change", "/detail/event", "referenceCreated", "integrate", "has a build"),
        (
            "SageMaker Model Package State Change",
            "/detail/ModelApprovalStatus",
            "Approved",
            "deploy",
            "was already processed",
        ),
        ("CloudWatch Alarm State Change", "/detail/alarmName", "churn-prod-data-drift", "retrain", "was handled at"),
    ];
    for (kind, field, value, function, words) in duplicates {
        let events = story.events(kind).await?;
        let event = events.iter().rev().find(|event| event.pointer(field) == Some(&json!(value)));
        let event = event.ok_or_else(|| StoryError::NotObserved(format!("{kind} to redeliver")))?.clone();
        send(story, &event).await?;
        let probe = async |story: &Story| story.recorded(function, Decision::Skipped, words).await;
        story.until(&format!("{function}'s record: {words}"), probe).await?;
    }
    let mut after = Vec::new();
    for effect in effects {
        after.push(story.calls(effect).await?);
    }
    Story::expect("calls with an effect:", &after, &before)?;
    story.observed("no additional build, run or update was made").await
}

/// Puts an event on the default bus, as AWS does.
pub(crate) async fn send(story: &Story, event: &Value) -> Result<(), StoryError> {
    use aws_sdk_eventbridge::types::PutEventsRequestEntry;
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let resources = event.get("resources").and_then(Value::as_array).into_iter().flatten();
    let entry = PutEventsRequestEntry::builder()
        .source(text("source"))
        .detail_type(text("detail-type"))
        .set_resources(Some(resources.filter_map(Value::as_str).map(str::to_owned).collect()))
        .detail(event.get("detail").cloned().unwrap_or_default().to_string())
        .build();
    let response = story.aws.events.put_events().entries(entry).send().await.map_err(service)?;
    Story::expect("events that the bus rejected:", &response.failed_entry_count(), &0)
}

/// An approval during a rollout is queued; its own canary later fires the alarm.
pub(crate) async fn queued_and_rolled_back(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 4 is approved during the rollout of version 3; then its canary fails");
    story.control("hold", json!({"phase": "bakes"})).await?;
    approve(story, 3).await?;
    let updating = async |story: &Story| {
        Ok(story.endpoint().await?.filter(|endpoint| endpoint.pending_deployment_summary().is_some()))
    };
    story.until("the update of churn-prod to version 3", updating).await?;
    let package = register(story, "churn").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    let queued = async |story: &Story| story.recorded("deploy", Decision::Deferred, "version 4 is queued").await;
    story.until("deploy's record: version 4 waits", queued).await?;
    Story::expect("the endpoint was updated", &story.calls("UpdateEndpoint").await?, &2)?;
    story.observed("version 4 is queued in the ledger; the rollout of version 3 continues").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    let third = async |story: &Story| Ok((story.calls("UpdateEndpoint").await? == 3).then_some(()));
    story.until("the update of churn-prod to version 4", third).await?;
    story.control("hold", json!({"phase": "bakes"})).await?;
    closed(story, "in service with version 3").await?;
    story.observed("version 3 is live; the end of its rollout started the rollout of version 4").await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 42.0).await?;
    let reason = in_alarm(story, "churn-prod-5xx").await?;
    story.until("churn-prod serves version 3 again", serving(3)).await?;
    story.received("Rollout Rolled Back", "rollout/churn/4/1").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    story
        .observed(format!("SageMaker rolled back to version 3 ({reason}); the on-call subscribers were notified"))
        .await
}

/// The live version is rejected: by policy, the previous version is restored.
pub(crate) async fn rejected(story: &mut Story) -> Result<(), StoryError> {
    story.section("The live version 3 is rejected");
    let clear = story.aws.cloudwatch.set_alarm_state().alarm_name("churn-prod-5xx").state_value(StateValue::Ok);
    clear.state_reason("the errors have stopped").send().await.map_err(service)?;
    let package = package(story, 3).await?;
    story.judge(&package, ModelApprovalStatus::Rejected).await?;
    story.until("churn-prod serves version 2", serving(2)).await?;
    let recorded = async |story: &Story| story.recorded("deploy", Decision::Acted, "rolling back to version").await;
    story.until("deploy's record: rolling back", recorded).await?;
    story.received("Rollout Succeeded", "rollout/churn/2/2").await?;
    story.observed("endpoint churn-prod is InService with version 2, the previous live version").await
}

/// Another model is deployed by CodePipeline.
pub(crate) async fn codepipeline_deployment(story: &mut Story) -> Result<(), StoryError> {
    story.section("Another model, segments, is deployed by CodePipeline");
    make_pipeline(story, "segments-delivery", &["ModelPackageArn"]).await?;
    let package = register(story, "segments").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    let probe = async |story: &Story| {
        let ended = story.events("CodePipeline Pipeline Execution State Change").await?;
        Ok(ended.into_iter().find(|event| event.pointer("/detail/state") == Some(&json!("SUCCEEDED"))))
    };
    let ended = story.until("the end of the pipeline execution", probe).await?;
    let id = ended.pointer("/detail/execution-id").and_then(Value::as_str).unwrap_or_default();
    let call = story.aws.codepipeline.get_pipeline_execution().pipeline_name("segments-delivery");
    let execution = call.pipeline_execution_id(id).send().await.map_err(service)?.pipeline_execution;
    let variables = execution.and_then(|execution| execution.variables).unwrap_or_default();
    let carried = variables.first().and_then(|variable| variable.resolved_value().map(str::to_owned));
    Story::expect("ModelPackageArn of the execution:", &carried, &Some(package))?;
    let done = async |story: &Story| {
        let records = story.records().await?;
        let ended = |record: &trimtab_core::port::HistoryEntry| {
            record.owner == "segments" && record.source == "aws.codepipeline" && record.decision == Decision::Acted
        };
        Ok(records.into_iter().find(ended))
    };
    story.until("deploy's record of the end of the pipeline execution", done).await?;
    story.observed("one execution of segments-delivery received the ARN of the approved version").await
}

/// Creates a pipeline of type V2 that declares these variables.
pub(crate) async fn make_pipeline(story: &Story, name: &str, variables: &[&str]) -> Result<(), StoryError> {
    use aws_sdk_codepipeline::types::{
        ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, PipelineDeclaration, PipelineType,
        PipelineVariableDeclaration, StageDeclaration,
    };
    let action = |category, provider: &str, name: &str| {
        let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(provider).version("1");
        let kind = kind.build().map_err(service)?;
        ActionDeclaration::builder().name(name).action_type_id(kind).build().map_err(service)
    };
    let stage = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().map_err(service);
    let declared =
        |name: &&str| PipelineVariableDeclaration::builder().name(*name).default_value("none").build().map_err(service);
    let variables = variables.iter().map(declared).collect::<Result<_, _>>()?;
    let pipeline = PipelineDeclaration::builder()
        .name(name)
        .role_arn(format!("arn:aws:iam::123456789012:role/{name}"))
        .pipeline_type(PipelineType::V2)
        .set_variables(Some(variables))
        .stages(stage("Source", action(ActionCategory::Source, "S3", "Templates")?)?)
        .stages(stage("Production", action(ActionCategory::Deploy, "CloudFormation", "Deploy")?)?)
        .build()
        .map_err(service)?;
    story.aws.codepipeline.create_pipeline().pipeline(pipeline).send().await.map_err(service)?;
    Ok(())
}

/// A malformed event is dead-lettered whole and reported.
pub(crate) async fn malformed(story: &mut Story) -> Result<(), StoryError> {
    story.section("A malformed event arrives");
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 9, "ModelPackageArn": "churn, the newest",
        "ModelApprovalStatus": "Approved"});
    let event = json!({"source": "aws.sagemaker", "detail-type": "SageMaker Model Package State Change",
        "resources": [], "detail": detail});
    send(story, &event).await?;
    let probe = async |story: &Story| {
        let letters = story.ledger.dead_letters().await?;
        Ok(letters.into_iter().find(|letter| letter.event.as_ref().is_some_and(|event| event["detail"] == detail)))
    };
    let letter = story.until("the whole event in the ledger's dead letters", probe).await?;
    Story::expect("decision:", &letter.entry.decision, &Decision::Failed)?;
    story.received("Event Dead-Lettered", "dead-letter/deploy/").await?;
    story
        .observed(format!(
            "the whole event is in the dead letters, and the on-call subscribers were notified: {}",
            letter.entry.reasons.join("; ")
        ))
        .await
}
