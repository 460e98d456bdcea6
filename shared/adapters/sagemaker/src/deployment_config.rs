//! The contents of an endpoint configuration, and the deployment configuration of an update.

use aws_sdk_sagemaker::types::{
    Alarm, AsyncInferenceClientConfig, AsyncInferenceConfig, AsyncInferenceNotificationConfig,
    AsyncInferenceOutputConfig, AutoRollbackConfig, BlueGreenUpdatePolicy, CapacitySize, CapacitySizeType,
    CaptureContentTypeHeader, CaptureMode, CaptureOption, DataCaptureConfig, DeploymentConfig, ProductionVariant,
    ProductionVariantInstanceType, ProductionVariantServerlessConfig, RollingUpdatePolicy, TrafficRoutingConfig,
    TrafficRoutingConfigType,
};
use jiff::SignedDuration;
use trimtab_core::name::S3Uri;
use trimtab_core::policy::monitor::Capture;
use trimtab_core::policy::{Canary, Linear, Rolling, Serving, Strategy, VariantTest};
use trimtab_core::port::ServingRequest;

/// The variant of the live version; a variant test adds another one.
const VARIANT: &str = "AllTraffic";

/// The seconds for which the old fleet stays after the new one has all traffic; 0 to 3600.
const TERMINATION_WAIT_SECONDS: i32 = 120;

/// The seconds after which SageMaker fails a deployment; 600 to 28800. Two hours are enough for the longest bake time.
const MAXIMUM_SECONDS: i32 = 7200;

/// The limit of deployments with many steps: the largest that SageMaker allows.
const MAXIMUM_SECONDS_OF_STEPS: i32 = 28_800;

/// The variants that serve requests.
pub(crate) fn variants(request: &ServingRequest) -> Vec<ProductionVariant> {
    let serving = &request.serving;
    match &request.second_variant {
        None => vec![variant(VARIANT, &request.model, serving, 1.0)],
        Some(second) => match &second.test {
            VariantTest::Shadow(_) => vec![variant(VARIANT, &second.live, serving, 1.0)],
            VariantTest::AbTest(_) => {
                let share = share(&second.test);
                let live = variant(VARIANT, &second.live, serving, 1.0 - share);
                vec![live, variant(second.test.variant(), &request.model, serving, share)]
            }
        },
    }
}

/// The variant that receives mirrored requests; its share is its weight in relation to the live variant's.
pub(crate) fn shadows(request: &ServingRequest) -> Option<Vec<ProductionVariant>> {
    let test = request
        .second_variant
        .as_ref()
        .map(|second| &second.test)
        .filter(|test| matches!(test, VariantTest::Shadow(_)))?;
    Some(vec![variant(test.variant(), &request.model, &request.serving, share(test))])
}

fn share(test: &VariantTest) -> f32 {
    f32::from(test.percent()) / 100.0
}

fn variant(name: &str, model: &str, serving: &Serving, weight: f32) -> ProductionVariant {
    let variant = ProductionVariant::builder().variant_name(name).model_name(model).initial_variant_weight(weight);
    match serving {
        Serving::RealTime(fleet) | Serving::Asynchronous { fleet, .. } => variant
            .instance_type(ProductionVariantInstanceType::from(fleet.instance_type.as_str()))
            .initial_instance_count(number(fleet.instances)),
        Serving::Serverless(serverless) => variant.serverless_config(
            ProductionVariantServerlessConfig::builder()
                .memory_size_in_mb(number(serverless.memory_mb))
                .max_concurrency(number(serverless.max_concurrency))
                .set_provisioned_concurrency(serverless.provisioned.map(number))
                .build(),
        ),
    }
    .build()
}

/// The configuration of an asynchronous endpoint's responses.
pub(crate) fn async_config(request: &ServingRequest) -> Option<AsyncInferenceConfig> {
    let Serving::Asynchronous { answers, .. } = &request.serving else { return None };
    let notification = answers.topics.as_ref().map(|topics| {
        AsyncInferenceNotificationConfig::builder()
            .success_topic(topics.success.as_str())
            .error_topic(topics.error.as_str())
            .build()
    });
    let output = AsyncInferenceOutputConfig::builder()
        .s3_output_path(answers.output.as_str())
        .set_s3_failure_path(answers.failures.as_ref().map(S3Uri::to_string))
        .set_notification_config(notification)
        .build();
    let most = answers.max_concurrent.map(number);
    let client =
        most.map(|most| AsyncInferenceClientConfig::builder().max_concurrent_invocations_per_instance(most).build());
    Some(AsyncInferenceConfig::builder().output_config(output).set_client_config(client).build())
}

/// The configuration of data capture. Requests and responses with a text content type are stored as text.
pub(crate) fn data_capture(capture: &Capture) -> DataCaptureConfig {
    let mode = |mode| CaptureOption::builder().capture_mode(mode).build();
    let header = CaptureContentTypeHeader::builder().csv_content_types("text/csv");
    let header = header.json_content_types("application/json").json_content_types("application/jsonlines");
    DataCaptureConfig::builder()
        .enable_capture(true)
        .initial_sampling_percentage(i32::from(capture.percent))
        .destination_s3_uri(capture.destination.as_str())
        .set_kms_key_id(capture.kms_key.as_ref().map(ToString::to_string))
        .capture_options(mode(CaptureMode::Input))
        .capture_options(mode(CaptureMode::Output))
        .capture_content_type_header(header.build())
        .build()
}

/// The deployment configuration of an update. It is always sent, because SageMaker drops the earlier one otherwise.
pub(crate) fn deployment(strategy: &Strategy) -> DeploymentConfig {
    let alarms = strategy.alarms().iter().map(|name| Alarm::builder().alarm_name(name.as_str()).build());
    let alarms: Vec<Alarm> = alarms.collect();
    let rollback = (!alarms.is_empty()).then(|| AutoRollbackConfig::builder().set_alarms(Some(alarms)).build());
    let config = DeploymentConfig::builder().set_auto_rollback_configuration(rollback);
    match strategy {
        Strategy::AllAtOnce => config.blue_green_update_policy(blue_green(at_once(), MAXIMUM_SECONDS)),
        Strategy::Canary(canary) => config.blue_green_update_policy(blue_green(self::canary(canary), MAXIMUM_SECONDS)),
        Strategy::Linear(linear) => {
            config.blue_green_update_policy(blue_green(self::linear(linear), MAXIMUM_SECONDS_OF_STEPS))
        }
        Strategy::Rolling(rolling) => config.rolling_update_policy(self::rolling(rolling)),
    }
    .build()
}

fn blue_green(routing: TrafficRoutingConfig, most: i32) -> BlueGreenUpdatePolicy {
    BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(routing)
        .termination_wait_in_seconds(TERMINATION_WAIT_SECONDS)
        .maximum_execution_timeout_in_seconds(most)
        .build()
}

fn at_once() -> TrafficRoutingConfig {
    TrafficRoutingConfig::builder().r#type(TrafficRoutingConfigType::AllAtOnce).wait_interval_in_seconds(0).build()
}

fn canary(canary: &Canary) -> TrafficRoutingConfig {
    TrafficRoutingConfig::builder()
        .r#type(TrafficRoutingConfigType::Canary)
        .canary_size(percent(canary.percent))
        .wait_interval_in_seconds(seconds(canary.bake_time))
        .build()
}

fn linear(linear: &Linear) -> TrafficRoutingConfig {
    TrafficRoutingConfig::builder()
        .r#type(TrafficRoutingConfigType::Linear)
        .linear_step_size(percent(linear.percent))
        .wait_interval_in_seconds(seconds(linear.bake_time))
        .build()
}

/// A rolling update. Without a batch size for the rollback, SageMaker restores the whole old fleet at once.
fn rolling(rolling: &Rolling) -> RollingUpdatePolicy {
    RollingUpdatePolicy::builder()
        .maximum_batch_size(percent(rolling.percent))
        .wait_interval_in_seconds(seconds(rolling.bake_time))
        .maximum_execution_timeout_in_seconds(MAXIMUM_SECONDS_OF_STEPS)
        .build()
}

fn percent(percent: u8) -> CapacitySize {
    CapacitySize::builder().r#type(CapacitySizeType::CapacityPercent).value(i32::from(percent)).build()
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn seconds(length: SignedDuration) -> i32 {
    i32::try_from(length.as_secs()).unwrap_or(i32::MAX)
}
