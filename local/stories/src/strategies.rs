//! What serves, and how traffic moves: asynchronous, serverless, by batches, step by step, as a shadow,
//! as a challenger; and not at all, but in batches. Each is seen in the endpoint's own configuration and
//! deployment.

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StateValue, Statistic};
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::operation::describe_endpoint_config::DescribeEndpointConfigOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_cli::release;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::{AbTest, Policy, Strategy, Target, Trial};
use trimtab_eventbridge::EventBus;

use crate::look::version;
use crate::lost::tick;
use crate::stage::{ERRORS, SERVING_METRICS, register};
use crate::story::{Story, StoryError, service};
use crate::transform;

const BAKING: &str = "SageMaker Endpoint Deployment State Change";

/// A trial that a story can wait for.
const SHORT_TRIAL: SignedDuration = SignedDuration::from_secs(1);

/// Five models, five shapes.
pub(crate) async fn all(story: &mut Story) -> Result<(), StoryError> {
    for group in ["documents", "summaries", "fraud", "leads"] {
        let call = story.aws.sagemaker.create_model_package_group().model_package_group_name(group);
        call.send().await.map_err(service)?;
    }
    asynchronous_by_batches(story).await?;
    serverless(story).await?;
    shadow_then_linear(story).await?;
    challenger_that_is_let_on(story).await?;
    challenger_that_fails(story).await?;
    transform::in_batches(story).await
}

/// An alarm on errors of a variant, with data: nothing is wrong.
async fn watched(story: &mut Story, alarm: &str, endpoint: &str, variant: &str) -> Result<(), StoryError> {
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
    let quiet =
        async |story: &Story| Ok(story.alarm(alarm).await?.filter(|(state, _)| *state == StateValue::Ok).map(|_| ()));
    story.until(&format!("data on {alarm}"), quiet).await
}

async fn approved(story: &Story, group: &str) -> Result<String, StoryError> {
    let package = register(story, group).await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    Ok(package)
}

/// The endpoint, if it is in service with this version alone, and its configuration.
async fn alone(
    story: &Story,
    endpoint: &str,
    number: u32,
) -> Result<Option<(DescribeEndpointOutput, DescribeEndpointConfigOutput)>, StoryError> {
    let Some((found, config)) = at_rest(story, endpoint).await? else { return Ok(None) };
    let serving = versions(story, &config).await?;
    let no_shadow = config.shadow_production_variants().is_empty();
    Ok((serving == [number] && no_shadow).then_some((found, config)))
}

/// The endpoint, if it is in service, and its configuration.
async fn at_rest(
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

/// The versions that answer, variant by variant.
async fn versions(story: &Story, config: &DescribeEndpointConfigOutput) -> Result<Vec<u32>, StoryError> {
    let mut found = Vec::new();
    for variant in config.production_variants() {
        found.push(model_of(story, variant.model_name().unwrap_or_default()).await?);
    }
    Ok(found)
}

/// The version that this model runs.
pub(crate) async fn model_of(story: &Story, model: &str) -> Result<u32, StoryError> {
    let model = story.aws.sagemaker.describe_model().model_name(model).send().await.map_err(service)?;
    let package = model.containers().first().and_then(|container| container.model_package_name());
    Ok(package.map(version).unwrap_or_default())
}

/// How many steps of this endpoint's deployments have baked so far.
async fn baked(story: &Story, endpoint: &str) -> Result<usize, StoryError> {
    let events = story.events(BAKING).await?;
    Ok(events.iter().filter(|event| event.pointer("/detail/EndpointName") == Some(&json!(endpoint))).count())
}

async fn asynchronous_by_batches(story: &mut Story) -> Result<(), StoryError> {
    story.begin("documents answers into S3; its second version goes out batch by batch");
    approved(story, "documents").await?;
    let first = async |story: &Story| alone(story, "documents-prod", 1).await;
    let (_, config) = story.until("documents-prod serves version 1", first).await?;
    let answers = config.async_inference_config().and_then(|config| config.output_config());
    let place = answers.and_then(|output| output.s3_output_path());
    Story::expect("answers go to", &place, &Some("s3://documents-123456789012/answers/"))?;
    story.told("Rollout Succeeded", "rollout/documents/1/1").await?;
    let call = story.aws.autoscaling.describe_scaling_policies().service_namespace(ServiceNamespace::Sagemaker);
    let policies = call.send().await.map_err(service)?.scaling_policies.unwrap_or_default();
    let scaled = policies.iter().find(|policy| policy.resource_id().contains("documents-prod"));
    let metric = scaled
        .and_then(|policy| policy.target_tracking_scaling_policy_configuration()?.customized_metric_specification())
        .and_then(|metric| metric.metric_name());
    Story::expect("it scales by", &metric, &Some("ApproximateBacklogSizePerInstance"))?;
    story.saw("documents-prod is asynchronous, and scales by what waits").await?;
    watched(story, "documents-prod-backlog", "documents-prod", "AllTraffic").await?;
    approved(story, "documents").await?;
    let second = async |story: &Story| alone(story, "documents-prod", 2).await;
    let (endpoint, _) = story.until("documents-prod serves version 2", second).await?;
    let batch = endpoint
        .last_deployment_config()
        .and_then(|config| config.rolling_update_policy()?.maximum_batch_size()?.value());
    Story::expect("percent in a batch:", &batch, &Some(50))?;
    Story::expect("batches:", &baked(story, "documents-prod").await?, &2)?;
    story.told("Rollout Succeeded", "rollout/documents/2/1").await?;
    story.saw("version 2 has replaced version 1 in two batches of half the fleet, each under its alarm").await
}

async fn serverless(story: &mut Story) -> Result<(), StoryError> {
    story.begin("summaries has no instances");
    approved(story, "summaries").await?;
    let first = async |story: &Story| alone(story, "summaries-prod", 1).await;
    let (_, config) = story.until("summaries-prod serves version 1", first).await?;
    let serverless = config.production_variants().first().and_then(|variant| variant.serverless_config());
    let memory = serverless.and_then(|config| Some((config.memory_size_in_mb()?, config.max_concurrency()?)));
    Story::expect("memory and requests at once:", &memory, &Some((4096, 20)))?;
    story.told("Rollout Succeeded", "rollout/summaries/1/1").await?;
    approved(story, "summaries").await?;
    let second = async |story: &Story| alone(story, "summaries-prod", 2).await;
    story.until("summaries-prod serves version 2", second).await?;
    story.told("Rollout Succeeded", "rollout/summaries/2/1").await?;
    Story::expect("steps:", &baked(story, "summaries-prod").await?, &0)?;
    story.saw("summaries-prod is serverless, and went to version 2 all at once").await
}

fn short_shadow(policy: &mut Policy) {
    if let Some(Target::Endpoint(target)) =
        policy.deploy.as_mut().and_then(|deploy| deploy.stages.first_mut()).map(|stage| &mut stage.target)
        && let Some(VariantTest::Shadow(shadow)) = &mut target.variant_test
    {
        shadow.duration = SHORT_TRIAL;
    }
}

async fn shadow_then_linear(story: &mut Story) -> Result<(), StoryError> {
    story.begin("fraud's second version is a shadow of the first, then takes over step by step");
    approved(story, "fraud").await?;
    let first = async |story: &Story| alone(story, "fraud-prod", 1).await;
    story.until("fraud-prod serves version 1", first).await?;
    story.told("Rollout Succeeded", "rollout/fraud/1/1").await?;
    scheduled(story).await?;
    watched(story, "fraud-prod-5xx", "fraud-prod", "AllTraffic").await?;
    approved(story, "fraud").await?;
    let tried = async |story: &Story| {
        let found = at_rest(story, "fraud-prod").await?;
        Ok(found.filter(|(endpoint, config)| {
            !config.shadow_production_variants().is_empty() && !endpoint.shadow_production_variants().is_empty()
        }))
    };
    let (_, config) = story.until("version 2 is a shadow on fraud-prod", tried).await?;
    Story::expect("those who ask are answered by version", &versions(story, &config).await?, &vec![1])?;
    let shadow = config.shadow_production_variants().first();
    let model = shadow.and_then(|variant| variant.model_name()).unwrap_or_default();
    Story::expect("the shadow is version", &model_of(story, model).await?, &2)?;
    Story::expect("its share", &shadow.and_then(|variant| variant.initial_variant_weight()), &Some(0.5))?;
    recorded(story, "version 2 is in its variant test").await?;
    story.saw("version 1 answers, and version 2 hears half of what is asked").await?;
    tick(story).await?;
    tick(story).await?;
    story.apply_to("fraud", short_shadow).await?;
    watched(story, "fraud-shadow-5xx", "fraud-prod", "Shadow").await?;
    Story::expect("steps before the shadow has served its time:", &baked(story, "fraud-prod").await?, &0)?;
    tick(story).await?;
    let second = async |story: &Story| alone(story, "fraud-prod", 2).await;
    let (endpoint, _) = story.until("fraud-prod serves version 2 alone", second).await?;
    let step = endpoint.last_deployment_config().and_then(|config| {
        config.blue_green_update_policy()?.traffic_routing_configuration()?.linear_step_size()?.value()
    });
    Story::expect("percent in a step:", &step, &Some(25))?;
    Story::expect("steps:", &baked(story, "fraud-prod").await?, &4)?;
    story.told("Rollout Succeeded", "rollout/fraud/2/1").await?;
    story.saw("its alarms were quiet: version 2 has taken all traffic in four steps").await
}

/// What the clock changes, as Application Auto Scaling has it.
async fn scheduled(story: &mut Story) -> Result<(), StoryError> {
    let look = async |story: &Story| {
        let call = story.aws.autoscaling.describe_scheduled_actions().service_namespace(ServiceNamespace::Sagemaker);
        let actions = call.send().await.map_err(service)?.scheduled_actions.unwrap_or_default();
        Ok(actions.into_iter().find(|action| action.scheduled_action_name() == "trimtab-sales"))
    };
    let action = story.until("a scheduled action on fraud-prod", look).await?;
    let limits =
        action.scalable_target_action().and_then(|limits| Some((limits.min_capacity()?, limits.max_capacity()?)));
    Story::expect("from then on at least and at most", &limits, &Some((8, 12)))?;
    story
        .saw(format!(
            "{} of {} sets the limits at {}",
            action.scheduled_action_name(),
            action.resource_id(),
            action.schedule()
        ))
        .await
}

async fn recorded(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let look = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    story.until(&format!("deploy's record: {words}"), look).await.map(drop)
}

fn challenged(policy: &mut Policy) {
    if let Some(Target::Endpoint(target)) =
        policy.deploy.as_mut().and_then(|deploy| deploy.stages.first_mut()).map(|stage| &mut stage.target)
    {
        target.strategy = Strategy::AllAtOnce;
        let alarms = AlarmName::parse("churn-challenger-5xx").into_iter().collect();
        target.variant_test =
            Some(VariantTest::AbTest(AbTest { percent: 20, duration: SignedDuration::from_hours(24 * 7), alarms }));
    }
}

/// churn-prod serves these two versions, and the second is on trial.
async fn challenges(story: &mut Story, numbers: [u32; 2]) -> Result<DescribeEndpointOutput, StoryError> {
    let both = async |story: &Story| {
        let Some((endpoint, config)) = at_rest(story, "churn-prod").await? else { return Ok(None) };
        Ok((versions(story, &config).await? == numbers).then_some(endpoint))
    };
    let endpoint = story.until(&format!("churn-prod serves versions {numbers:?}"), both).await?;
    recorded(story, &format!("version {} is in its variant test", numbers[1])).await?;
    Ok(endpoint)
}

async fn challenger_that_is_let_on(story: &mut Story) -> Result<(), StoryError> {
    story.begin("churn's second version challenges the first, until a person has seen enough");
    story.apply(challenged).await?;
    approved(story, "churn").await?;
    let first = async |story: &Story| alone(story, "churn-prod", 1).await;
    story.until("churn-prod serves version 1", first).await?;
    story.told("Rollout Succeeded", "rollout/churn/1/1").await?;
    approved(story, "churn").await?;
    let endpoint = challenges(story, [1, 2]).await?;
    let weights: Vec<Option<f32>> =
        endpoint.production_variants().iter().map(|variant| variant.current_weight()).collect();
    Story::expect("their shares", &weights, &vec![Some(0.8), Some(0.2)])?;
    story.saw("version 2 answers a fifth of the requests beside version 1").await?;
    let command = "trimtab promote churn 2 --to prod --by";
    story.told("Rollout Started", "rollout/churn/2/1").await?;
    let message = story.message("Rollout Started", "rollout/churn/2/1");
    Story::expect("the message has the command:", &message.contains(command), &true)?;
    let bus = EventBus::new(&crate::aws::config(&story.endpoint), "trimtab");
    release::promote(&bus, "churn", 2, "prod", "maya", Timestamp::now()).await?;
    let second = async |story: &Story| alone(story, "churn-prod", 2).await;
    story.until("churn-prod serves version 2 alone", second).await?;
    story.told("Rollout Succeeded", "rollout/churn/2/1").await?;
    recorded(story, "maya ended the variant test of version 2").await?;
    story.saw("maya let it on with the command from the message: version 2 is alone, days before its time").await
}

async fn challenger_that_fails(story: &mut Story) -> Result<(), StoryError> {
    story.begin("churn's third version challenges the second, and sets off its alarm");
    approved(story, "churn").await?;
    challenges(story, [2, 3]).await?;
    watched(story, "churn-challenger-5xx", "churn-prod", "Challenger").await?;
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "Challenger")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 42.0).await?;
    crate::chapters::in_alarm(story, "churn-challenger-5xx").await?;
    tick(story).await?;
    let second = async |story: &Story| alone(story, "churn-prod", 2).await;
    story.until("churn-prod serves version 2 alone", second).await?;
    story.told("Rollout Rolled Back", "rollout/churn/3/1").await?;
    story.told("Rollout Succeeded", "rollout/churn/2/2").await?;
    story.saw("the alarm ended the trial: version 2 is alone again, and the people on call know").await
}
