//! The story `strategies`: asynchronous and serverless endpoints, rolling and linear updates, shadow and A/B tests,
//! batch transform. Each is verified in the configuration and the deployment of the endpoint.

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StateValue, Statistic};
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::operation::describe_endpoint_config::DescribeEndpointConfigOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_cli::commands::promote;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{AbTest, Policy, Strategy, Target, VariantTest};
use trimtab_eventbridge::EventBus;

use crate::batch_transform;
use crate::lost_events::tick;
use crate::queries::version;
use crate::setup::{ERRORS, SERVING_METRICS, register};
use crate::story::{Story, StoryError, service};

const BAKING: &str = "SageMaker Endpoint Deployment State Change";

/// A shadow test short enough for a story.
const SHORT_TEST: SignedDuration = SignedDuration::from_secs(1);

/// One model for each kind of endpoint and update.
pub(crate) async fn all(story: &mut Story) -> Result<(), StoryError> {
    for group in ["documents", "summaries", "fraud", "leads"] {
        let call = story.aws.sagemaker.create_model_package_group().model_package_group_name(group);
        call.send().await.map_err(service)?;
    }
    asynchronous_by_batches(story).await?;
    serverless(story).await?;
    shadow_then_linear(story).await?;
    ab_test_ended_by_operator(story).await?;
    ab_test_ended_by_alarm(story).await?;
    batch_transform::in_batches(story).await
}

/// Creates an alarm on the errors of a variant, and waits for its state OK.
async fn alarm_with_data(story: &mut Story, alarm: &str, endpoint: &str, variant: &str) -> Result<(), StoryError> {
    let dimensions = [("EndpointName", endpoint), ("VariantName", variant)];
    let dimension = |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
    let call = story
        .aws
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(alarm)
        .namespace(SERVING_METRICS)
        .metric_name(ERRORS)
        .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold);
    call.send().await.map_err(service)?;
    story.publish(SERVING_METRICS, ERRORS, &dimensions, 0.0).await?;
    let ok =
        async |story: &Story| Ok(story.alarm(alarm).await?.filter(|(state, _)| *state == StateValue::Ok).map(|_| ()));
    story.until(&format!("data for alarm {alarm}"), ok).await
}

async fn approved(story: &Story, group: &str) -> Result<String, StoryError> {
    let package = register(story, group).await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// The endpoint and its configuration, if it is InService with this version only.
async fn serves_only(
    story: &Story,
    endpoint: &str,
    number: u32,
) -> Result<Option<(DescribeEndpointOutput, DescribeEndpointConfigOutput)>, StoryError> {
    let Some((found, config)) = in_service(story, endpoint).await? else { return Ok(None) };
    let serving = versions(story, &config).await?;
    let no_shadow = config.shadow_production_variants().is_empty();
    Ok((serving == [number] && no_shadow).then_some((found, config)))
}

/// The endpoint and its configuration, if it is InService.
async fn in_service(
    story: &Story,
    endpoint: &str,
) -> Result<Option<(DescribeEndpointOutput, DescribeEndpointConfigOutput)>, StoryError> {
    let sagemaker = &story.aws.sagemaker;
    let Ok(found) = sagemaker.describe_endpoint().endpoint_name(endpoint).send().await else { return Ok(None) };
    if found.endpoint_status().map(|status| status.as_str()) != Some("InService") {
        return Ok(None);
    }
    let name = found.endpoint_config_name().unwrap_or_default();
    let config = sagemaker.describe_endpoint_config().endpoint_config_name(name).send().await.map_err(service)?;
    Ok(Some((found, config)))
}

/// The version of each production variant.
async fn versions(story: &Story, config: &DescribeEndpointConfigOutput) -> Result<Vec<u32>, StoryError> {
    let mut found = Vec::new();
    for variant in config.production_variants() {
        found.push(model_of(story, variant.model_name().unwrap_or_default()).await?);
    }
    Ok(found)
}

/// The version in this SageMaker model.
pub(crate) async fn model_of(story: &Story, model: &str) -> Result<u32, StoryError> {
    let model = story.aws.sagemaker.describe_model().model_name(model).send().await.map_err(service)?;
    let package = model.containers().first().and_then(|container| container.model_package_name());
    Ok(package.map(version).unwrap_or_default())
}

/// The number of baking events of this endpoint so far.
async fn baked(story: &Story, endpoint: &str) -> Result<usize, StoryError> {
    let events = story.events(BAKING).await?;
    Ok(events.iter().filter(|event| event.pointer("/detail/EndpointName") == Some(&json!(endpoint))).count())
}

async fn asynchronous_by_batches(story: &mut Story) -> Result<(), StoryError> {
    story.section("documents is asynchronous; its second version is rolled out in batches");
    approved(story, "documents").await?;
    let first = async |story: &Story| serves_only(story, "documents-prod", 1).await;
    let (_, config) = story.until("documents-prod serves version 1", first).await?;
    let output = config.async_inference_config().and_then(|config| config.output_config());
    let path = output.and_then(|output| output.s3_output_path());
    Story::expect("output path:", &path, &Some("s3://documents-123456789012/answers/"))?;
    story.received("Rollout Succeeded", "rollout/documents/1/1").await?;
    let call = story.aws.autoscaling.describe_scaling_policies().service_namespace(ServiceNamespace::Sagemaker);
    let policies = call.send().await.map_err(service)?.scaling_policies.unwrap_or_default();
    let scaled = policies.iter().find(|policy| policy.resource_id().contains("documents-prod"));
    let metric = scaled
        .and_then(|policy| policy.target_tracking_scaling_policy_configuration()?.customized_metric_specification())
        .and_then(|metric| metric.metric_name());
    Story::expect("scaling metric:", &metric, &Some("ApproximateBacklogSizePerInstance"))?;
    story.observed("documents-prod is asynchronous and scales by its backlog").await?;
    alarm_with_data(story, "documents-prod-backlog", "documents-prod", "AllTraffic").await?;
    approved(story, "documents").await?;
    let second = async |story: &Story| serves_only(story, "documents-prod", 2).await;
    let (endpoint, _) = story.until("documents-prod serves version 2", second).await?;
    let batch = endpoint
        .last_deployment_config()
        .and_then(|config| config.rolling_update_policy()?.maximum_batch_size()?.value());
    Story::expect("percent of a batch:", &batch, &Some(50))?;
    Story::expect("batches:", &baked(story, "documents-prod").await?, &2)?;
    story.received("Rollout Succeeded", "rollout/documents/2/1").await?;
    story.observed("version 2 replaced version 1 in two batches of half the fleet, each under its alarm").await
}

async fn serverless(story: &mut Story) -> Result<(), StoryError> {
    story.section("summaries is serverless");
    approved(story, "summaries").await?;
    let first = async |story: &Story| serves_only(story, "summaries-prod", 1).await;
    let (_, config) = story.until("summaries-prod serves version 1", first).await?;
    let serverless = config.production_variants().first().and_then(|variant| variant.serverless_config());
    let memory = serverless.and_then(|config| Some((config.memory_size_in_mb()?, config.max_concurrency()?)));
    Story::expect("memory and maximum concurrency:", &memory, &Some((4096, 20)))?;
    story.received("Rollout Succeeded", "rollout/summaries/1/1").await?;
    approved(story, "summaries").await?;
    let second = async |story: &Story| serves_only(story, "summaries-prod", 2).await;
    story.until("summaries-prod serves version 2", second).await?;
    story.received("Rollout Succeeded", "rollout/summaries/2/1").await?;
    Story::expect("traffic steps:", &baked(story, "summaries-prod").await?, &0)?;
    story.observed("summaries-prod is serverless and was updated to version 2 all at once").await
}

fn short_shadow(policy: &mut Policy) {
    if let Some(Target::Endpoint(target)) =
        policy.deploy.as_mut().and_then(|deploy| deploy.stages.first_mut()).map(|stage| &mut stage.target)
        && let Some(VariantTest::Shadow(shadow)) = &mut target.variant_test
    {
        shadow.duration = SHORT_TEST;
    }
}

async fn shadow_then_linear(story: &mut Story) -> Result<(), StoryError> {
    story.section("fraud: version 2 runs as a shadow of version 1, then receives the traffic in steps");
    approved(story, "fraud").await?;
    let first = async |story: &Story| serves_only(story, "fraud-prod", 1).await;
    story.until("fraud-prod serves version 1", first).await?;
    story.received("Rollout Succeeded", "rollout/fraud/1/1").await?;
    scheduled_scaling(story).await?;
    alarm_with_data(story, "fraud-prod-5xx", "fraud-prod", "AllTraffic").await?;
    approved(story, "fraud").await?;
    let has_shadow = async |story: &Story| {
        let found = in_service(story, "fraud-prod").await?;
        Ok(found.filter(|(endpoint, config)| {
            !config.shadow_production_variants().is_empty() && !endpoint.shadow_production_variants().is_empty()
        }))
    };
    let (_, config) = story.until("version 2 as a shadow on fraud-prod", has_shadow).await?;
    Story::expect("versions in production variants:", &versions(story, &config).await?, &vec![1])?;
    let shadow = config.shadow_production_variants().first();
    let model = shadow.and_then(|variant| variant.model_name()).unwrap_or_default();
    Story::expect("version of the shadow:", &model_of(story, model).await?, &2)?;
    Story::expect("its weight:", &shadow.and_then(|variant| variant.initial_variant_weight()), &Some(0.5))?;
    recorded(story, "version 2 is in its variant test").await?;
    story.observed("version 1 responds, and version 2 receives half of the traffic as mirrored traffic").await?;
    tick(story).await?;
    tick(story).await?;
    story.apply_to("fraud", short_shadow).await?;
    alarm_with_data(story, "fraud-shadow-5xx", "fraud-prod", "Shadow").await?;
    Story::expect("traffic steps before the end of the shadow test:", &baked(story, "fraud-prod").await?, &0)?;
    tick(story).await?;
    let second = async |story: &Story| serves_only(story, "fraud-prod", 2).await;
    let (endpoint, _) = story.until("fraud-prod serves only version 2", second).await?;
    let step = endpoint.last_deployment_config().and_then(|config| {
        config.blue_green_update_policy()?.traffic_routing_configuration()?.linear_step_size()?.value()
    });
    Story::expect("percent of a step:", &step, &Some(25))?;
    Story::expect("traffic steps:", &baked(story, "fraud-prod").await?, &4)?;
    story.received("Rollout Succeeded", "rollout/fraud/2/1").await?;
    story.observed("its alarms did not fire: version 2 received all traffic in four steps").await
}

/// Verifies the scheduled scaling action in Application Auto Scaling.
async fn scheduled_scaling(story: &mut Story) -> Result<(), StoryError> {
    let probe = async |story: &Story| {
        let call = story.aws.autoscaling.describe_scheduled_actions().service_namespace(ServiceNamespace::Sagemaker);
        let actions = call.send().await.map_err(service)?.scheduled_actions.unwrap_or_default();
        Ok(actions.into_iter().find(|action| action.scheduled_action_name() == "trimtab-sales"))
    };
    let action = story.until("a scheduled action on fraud-prod", probe).await?;
    let limits =
        action.scalable_target_action().and_then(|limits| Some((limits.min_capacity()?, limits.max_capacity()?)));
    Story::expect("minimum and maximum capacity:", &limits, &Some((8, 12)))?;
    story
        .observed(format!(
            "scheduled action {} of {} sets the capacity at {}",
            action.scheduled_action_name(),
            action.resource_id(),
            action.schedule()
        ))
        .await
}

async fn recorded(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let probe = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    story.until(&format!("deploy's record: {words}"), probe).await.map(drop)
}

fn with_ab_test(policy: &mut Policy) {
    if let Some(Target::Endpoint(target)) =
        policy.deploy.as_mut().and_then(|deploy| deploy.stages.first_mut()).map(|stage| &mut stage.target)
    {
        target.strategy = Strategy::AllAtOnce;
        let alarms = AlarmName::parse("churn-challenger-5xx").into_iter().collect();
        target.variant_test =
            Some(VariantTest::AbTest(AbTest { percent: 20, duration: SignedDuration::from_hours(24 * 7), alarms }));
    }
}

/// Waits until churn-prod serves these two versions, the second in an A/B test.
async fn in_ab_test(story: &mut Story, numbers: [u32; 2]) -> Result<DescribeEndpointOutput, StoryError> {
    let both = async |story: &Story| {
        let Some((endpoint, config)) = in_service(story, "churn-prod").await? else { return Ok(None) };
        Ok((versions(story, &config).await? == numbers).then_some(endpoint))
    };
    let endpoint = story.until(&format!("churn-prod serves versions {numbers:?}"), both).await?;
    recorded(story, &format!("version {} is in its variant test", numbers[1])).await?;
    Ok(endpoint)
}

async fn ab_test_ended_by_operator(story: &mut Story) -> Result<(), StoryError> {
    story.section("churn: version 2 runs in an A/B test against version 1, until an operator promotes it");
    story.apply(with_ab_test).await?;
    approved(story, "churn").await?;
    let first = async |story: &Story| serves_only(story, "churn-prod", 1).await;
    story.until("churn-prod serves version 1", first).await?;
    story.received("Rollout Succeeded", "rollout/churn/1/1").await?;
    approved(story, "churn").await?;
    let endpoint = in_ab_test(story, [1, 2]).await?;
    let weights: Vec<Option<f32>> =
        endpoint.production_variants().iter().map(|variant| variant.current_weight()).collect();
    Story::expect("variant weights:", &weights, &vec![Some(0.8), Some(0.2)])?;
    story.observed("version 2 receives a fifth of the traffic, version 1 the rest").await?;
    let command = "trimtab promote churn 2 --to prod --by";
    story.received("Rollout Started", "rollout/churn/2/1").await?;
    let message = story.message("Rollout Started", "rollout/churn/2/1");
    Story::expect("the message contains the command:", &message.contains(command), &true)?;
    let bus = EventBus::new(&crate::aws::config(&story.endpoint), "trimtab");
    promote::promote(&bus, "churn", 2, "prod", "maya", Timestamp::now()).await?;
    let second = async |story: &Story| serves_only(story, "churn-prod", 2).await;
    story.until("churn-prod serves only version 2", second).await?;
    story.received("Rollout Succeeded", "rollout/churn/2/1").await?;
    recorded(story, "maya ended the variant test of version 2").await?;
    story.observed("maya promoted version 2 with the command from the message, days before the end of the test").await
}

async fn ab_test_ended_by_alarm(story: &mut Story) -> Result<(), StoryError> {
    story.section("churn: version 3 runs in an A/B test against version 2, and its alarm fires");
    approved(story, "churn").await?;
    in_ab_test(story, [2, 3]).await?;
    alarm_with_data(story, "churn-challenger-5xx", "churn-prod", "Challenger").await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "Challenger")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 42.0).await?;
    crate::main_loop::in_alarm(story, "churn-challenger-5xx").await?;
    tick(story).await?;
    let second = async |story: &Story| serves_only(story, "churn-prod", 2).await;
    story.until("churn-prod serves only version 2", second).await?;
    story.received("Rollout Rolled Back", "rollout/churn/3/1").await?;
    story.received("Rollout Succeeded", "rollout/churn/2/2").await?;
    story
        .observed("the alarm ended the A/B test: only version 2 serves, and the on-call subscribers were notified")
        .await
}
