//! The chapters, in order: people and monitors do something, and it is looked at what came of it.

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionStatus};
use serde_json::{Value, json};
use trimtab_core::plan::Decision;

use crate::code::{commit, defined};
use crate::look::version;
use crate::stage::{BIAS_METRICS, DATA_METRICS, DPPL, ERRORS, SERVING_METRICS, TENURE, register};
use crate::story::{Story, StoryError, service};

/// A version from before the suite goes live: the endpoint is made, and scales.
pub(crate) async fn first_version(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A first version, registered by hand, is approved");
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
    story.told("Rollout Succeeded", "rollout/churn/1/1").await?;
    story.saw("endpoint churn-prod is InService with version 1, and scales between 1 and 4 instances").await
}

/// Push, build, training, registered package.
pub(crate) async fn push(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody pushes to main");
    let commit = commit(story, "main").await?;
    let built = async |story: &Story| {
        let builds = story.builds(&commit).await?;
        let done = builds.iter().any(|build| build.build_status().is_some_and(|status| status.as_str() == "SUCCEEDED"));
        Ok(done.then_some(builds.len()))
    };
    let builds = story.until("a build of the commit that succeeded", built).await?;
    Story::expect("builds of the commit:", &builds, &1)?;
    story.saw(format!("CodeBuild has built exactly {commit}, once")).await?;
    let run = ended_run(story, "churn-build-").await?;
    defined(story, &commit).await?;
    let parameters = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(&run);
    let parameters = parameters.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let given = parameters.iter().find(|parameter| parameter.name() == Some("Commit"));
    let given = given.and_then(|parameter| parameter.value().map(str::to_owned));
    Story::expect("the run's parameter Commit:", &given, &Some(commit))?;
    registered(story, 2, &run).await?;
    story.told("Training Succeeded", "incident/churn-build-").await?;
    story.told("Approval Requested", "candidate/churn/2").await?;
    story
        .saw(
            "one run of churn-training on that commit succeeded; version 2 has passed its tests, and a person is asked",
        )
        .await
}

/// The run of an incident of this kind, once it has succeeded.
pub(crate) async fn ended_run(story: &mut Story, incident: &str) -> Result<String, StoryError> {
    let look = async |story: &Story| {
        let runs = story.runs().await?;
        let run = runs.into_iter().find(|run| {
            run.pipeline_execution_display_name().is_some_and(|name| name.starts_with(incident))
                && run.pipeline_execution_status() == Some(&PipelineExecutionStatus::Succeeded)
        });
        Ok(run.and_then(|run| run.pipeline_execution_arn))
    };
    story.until(&format!("a run {incident}… that succeeded"), look).await
}

/// The registry has the version, pending, made by this run.
pub(crate) async fn registered(story: &mut Story, number: u32, run: &str) -> Result<String, StoryError> {
    let look = async |story: &Story| Ok(story.versions("churn").await?.into_iter().find(|arn| version(arn) == number));
    let package = story.until(&format!("version {number} in the registry"), look).await?;
    let found =
        story.aws.sagemaker.describe_model_package().model_package_name(&package).send().await.map_err(service)?;
    let pending = found.model_approval_status() == Some(&ModelApprovalStatus::PendingManualApproval);
    Story::expect("version waits for a verdict:", &pending, &true)?;
    let made_by = found.metadata_properties().and_then(|properties| properties.generated_by());
    Story::expect("the package was made by run", &made_by, &Some(run))?;
    Ok(package)
}

pub(crate) fn serving(number: u32) -> impl AsyncFn(&Story) -> Result<Option<()>, StoryError> {
    async move |story: &Story| Ok((story.serves().await? == Some(number)).then_some(()))
}

/// Approval, canary with alarms, in service.
pub(crate) async fn canary(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A person approves version 2: a canary bakes under its alarm, then takes all traffic");
    story
        .publish(SERVING_METRICS, ERRORS, &[("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")], 0.0)
        .await?;
    let watched = async |story: &Story| {
        let state = story.alarm("churn-prod-5xx").await?.map(|(state, _)| state);
        Ok(state.filter(|state| *state == StateValue::Ok))
    };
    story.until("data on churn-prod-5xx, without which no canary goes out", watched).await?;
    story.control("hold", json!({"phase": "bakes"})).await?;
    approve(story, 2).await?;
    let baking = async |story: &Story| {
        let endpoint = story.endpoint().await?;
        let baking = story.events("SageMaker Endpoint Deployment State Change").await?;
        Ok(endpoint.filter(|endpoint| endpoint.pending_deployment_summary().is_some() && !baking.is_empty()))
    };
    let endpoint = story.until("a canary that bakes", baking).await?;
    let deployment = endpoint.last_deployment_config();
    let routing = deployment
        .and_then(|config| config.blue_green_update_policy())
        .and_then(|policy| policy.traffic_routing_configuration())
        .and_then(|routing| Some((routing.r#type()?.as_str().to_owned(), routing.canary_size()?.value()?)));
    Story::expect("traffic moves by", &routing, &Some(("CANARY".to_owned(), 10)))?;
    let alarms = deployment.and_then(|config| config.auto_rollback_configuration()).map(|config| config.alarms().len());
    Story::expect("alarms that would send it back:", &alarms, &Some(1))?;
    story.saw("churn-prod is Updating; 10 % of its capacity bakes under alarm churn-prod-5xx").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    story.until("churn-prod serves version 2", serving(2)).await?;
    closed(story, "in service with version 2").await?;
    story.saw("endpoint churn-prod is InService with version 2").await
}

pub(crate) async fn approve(story: &Story, number: u32) -> Result<(), StoryError> {
    let package = package(story, number).await?;
    story.judge(&package, ModelApprovalStatus::Approved).await
}

pub(crate) async fn package(story: &Story, number: u32) -> Result<String, StoryError> {
    let found = story.versions("churn").await?.into_iter().find(|arn| version(arn) == number);
    found.ok_or_else(|| StoryError::NotSeen(format!("version {number} in the registry")))
}

/// `deploy` has taken the end of the rollout into the ledger.
async fn closed(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let look = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    story.until(&format!("deploy's record: {words}"), look).await.map(drop)
}

/// CloudWatch evaluates drift from data; one run answers it.
pub(crate) async fn drift(story: &mut Story) -> Result<(), StoryError> {
    story.begin("The monitor publishes drift; CloudWatch raises the alarm from the data");
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-data-quality")];
    story.publish(DATA_METRICS, TENURE, &dimensions, 0.31).await?;
    let reason = in_alarm(story, "churn-prod-data-drift").await?;
    story.saw(format!("CloudWatch says ALARM: {reason}")).await?;
    let run = ended_run(story, "churn-drift-").await?;
    registered(story, 3, &run).await?;
    let closed = async |story: &Story| story.recorded("retrain", Decision::Acted, "the run of churn-drift-").await;
    story.until("retrain's record of the run's end", closed).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &2)?;
    story.told("Approval Requested", "candidate/churn/3").await?;
    story
        .saw("one run of churn-training answered the alarm; version 3 has passed its tests, and a person is asked")
        .await
}

pub(crate) async fn in_alarm(story: &mut Story, alarm: &str) -> Result<String, StoryError> {
    let look = async |story: &Story| {
        Ok(story.alarm(alarm).await?.filter(|(state, _)| *state == StateValue::Alarm).map(|(_, reason)| reason))
    };
    story.until(&format!("alarm {alarm} in ALARM"), look).await
}

/// A second alarm, within the cool-down: no run, and the reason on record.
pub(crate) async fn cool_down(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A second alarm, within the cool-down");
    story.apply(|_| {}).await?;
    story.saw("the policy is applied as it is in policies/: a cool-down of a day").await?;
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-bias")];
    story.publish(BIAS_METRICS, DPPL, &dimensions, 0.18).await?;
    in_alarm(story, "churn-prod-bias-drift").await?;
    let held = async |story: &Story| story.recorded("retrain", Decision::Skipped, "cool-down").await;
    story.until("retrain's record: cool-down", held).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &2)?;
    story.saw("no run was started; the ledger says why").await
}

/// The same three events again, under new ids, as AWS may send them.
pub(crate) async fn duplicates(story: &mut Story) -> Result<(), StoryError> {
    story.begin("AWS delivers a push, an approval and an alarm again");
    let effects = ["StartBuild", "StartPipelineExecution", "UpdateEndpoint", "CreateEndpoint"];
    let mut before = Vec::new();
    for effect in effects {
        before.push(story.calls(effect).await?);
    }
    let again = [
        ("CodeCommit Repository State Change", "/detail/event", "referenceCreated", "integrate", "has its build"),
        (
            "SageMaker Model Package State Change",
            "/detail/ModelApprovalStatus",
            "Approved",
            "deploy",
            "has had its answer",
        ),
        ("CloudWatch Alarm State Change", "/detail/alarmName", "churn-prod-data-drift", "retrain", "was answered"),
    ];
    for (kind, field, value, function, words) in again {
        let events = story.events(kind).await?;
        let event = events.iter().rev().find(|event| event.pointer(field) == Some(&json!(value)));
        let event = event.ok_or_else(|| StoryError::NotSeen(format!("{kind} to send again")))?.clone();
        send(story, &event).await?;
        let look = async |story: &Story| story.recorded(function, Decision::Skipped, words).await;
        story.until(&format!("{function}'s record: {words}"), look).await?;
    }
    let mut after = Vec::new();
    for effect in effects {
        after.push(story.calls(effect).await?);
    }
    Story::expect("calls with an effect:", &after, &before)?;
    story.saw("not one build, run or update more").await
}

/// Puts an event on the default bus, as AWS itself.
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
    let answer = story.aws.events.put_events().entries(entry).send().await.map_err(service)?;
    Story::expect("events that the bus refused:", &answer.failed_entry_count(), &0)
}

/// An approval in the middle of a rollout waits; its own canary then sets off the alarm.
pub(crate) async fn parked_and_rolled_back(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 4 is approved while version 3 is on its way; then its canary fails");
    story.control("hold", json!({"phase": "bakes"})).await?;
    approve(story, 3).await?;
    let updating = async |story: &Story| {
        Ok(story.endpoint().await?.filter(|endpoint| endpoint.pending_deployment_summary().is_some()))
    };
    story.until("churn-prod takes version 3", updating).await?;
    let package = register(story, "churn").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    let queued = async |story: &Story| story.recorded("deploy", Decision::Deferred, "version 4 is queued").await;
    story.until("deploy's record: version 4 waits", queued).await?;
    Story::expect("the endpoint was updated", &story.calls("UpdateEndpoint").await?, &2)?;
    story.saw("version 4 is queued in the ledger; the endpoint goes on with version 3").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    let third = async |story: &Story| Ok((story.calls("UpdateEndpoint").await? == 3).then_some(()));
    story.until("churn-prod takes version 4", third).await?;
    story.control("hold", json!({"phase": "bakes"})).await?;
    closed(story, "in service with version 3").await?;
    story.saw("version 3 is live, and its end has let version 4 go ahead").await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 42.0).await?;
    let reason = in_alarm(story, "churn-prod-5xx").await?;
    story.until("churn-prod serves version 3 again", serving(3)).await?;
    story.told("Rollout Rolled Back", "rollout/churn/4/1").await?;
    story.control("release", json!({"phase": "bakes"})).await?;
    story.saw(format!("SageMaker went back to version 3 ({reason}), and the people on call know")).await
}

/// A live version is rejected: by policy, back to the one before.
pub(crate) async fn rejected(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 3, which is live, is rejected");
    let clear = story.aws.cloudwatch.set_alarm_state().alarm_name("churn-prod-5xx").state_value(StateValue::Ok);
    clear.state_reason("the errors have stopped").send().await.map_err(service)?;
    let package = package(story, 3).await?;
    story.judge(&package, ModelApprovalStatus::Rejected).await?;
    story.until("churn-prod serves version 2", serving(2)).await?;
    let back = async |story: &Story| story.recorded("deploy", Decision::Acted, "rolling back to version").await;
    story.until("deploy's record: rolling back", back).await?;
    story.told("Rollout Succeeded", "rollout/churn/2/2").await?;
    story.saw("endpoint churn-prod is InService with version 2, the last one live before it").await
}

/// Another model goes by CodePipeline.
pub(crate) async fn delivered(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Another model, segments, is delivered by CodePipeline");
    make_pipeline(story, "segments-delivery", &["ModelPackageArn"]).await?;
    let package = register(story, "segments").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    let look = async |story: &Story| {
        let ended = story.events("CodePipeline Pipeline Execution State Change").await?;
        Ok(ended.into_iter().find(|event| event.pointer("/detail/state") == Some(&json!("SUCCEEDED"))))
    };
    let ended = story.until("the delivery's end", look).await?;
    let id = ended.pointer("/detail/execution-id").and_then(Value::as_str).unwrap_or_default();
    let call = story.aws.codepipeline.get_pipeline_execution().pipeline_name("segments-delivery");
    let execution = call.pipeline_execution_id(id).send().await.map_err(service)?.pipeline_execution;
    let variables = execution.and_then(|execution| execution.variables).unwrap_or_default();
    let carried = variables.first().and_then(|variable| variable.resolved_value().map(str::to_owned));
    Story::expect("the execution carries", &carried, &Some(package))?;
    let done = async |story: &Story| {
        let records = story.records().await?;
        let ended = |record: &trimtab_core::port::HistoryEntry| {
            record.owner == "segments" && record.source == "aws.codepipeline" && record.decision == Decision::Acted
        };
        Ok(records.into_iter().find(ended))
    };
    story.until("deploy's record of the delivery's end", done).await?;
    story.saw("one execution of segments-delivery carried exactly the approved version's ARN").await
}

/// A pipeline of type V2 that declares these variables.
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

/// An event that is none: rejected, kept whole, told.
pub(crate) async fn malformed(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A malformed event comes");
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 9, "ModelPackageArn": "churn, the newest",
        "ModelApprovalStatus": "Approved"});
    let event = json!({"source": "aws.sagemaker", "detail-type": "SageMaker Model Package State Change",
        "resources": [], "detail": detail});
    send(story, &event).await?;
    let look = async |story: &Story| {
        let kept = story.ledger.dead_letters().await?;
        Ok(kept.into_iter().find(|kept| kept.event.as_ref().is_some_and(|event| event["detail"] == detail)))
    };
    let kept = story.until("the event in the ledger, kept whole", look).await?;
    Story::expect("it was", &kept.entry.decision, &Decision::Failed)?;
    story.told("Event Dead-Lettered", "rejected/deploy/").await?;
    story
        .saw(format!("it is kept whole in the ledger, and the people on call know: {}", kept.entry.reasons.join("; ")))
        .await
}
