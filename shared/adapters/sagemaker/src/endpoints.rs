//! The Model Registry and endpoints.

use aws_sdk_sagemaker::types::{
    Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, CapacitySize, CapacitySizeType, CaptureContentTypeHeader,
    CaptureMode, CaptureOption, ContainerDefinition, DataCaptureConfig, DeploymentConfig, ModelLifeCycle,
    ModelPackageSortBy, ModelPackageSummary, ModelPackageType, ProductionVariant, ProductionVariantInstanceType,
    SortOrder, TrafficRoutingConfig, TrafficRoutingConfigType,
};
use jiff::Timestamp;
use trimtab_core::event::{Approval, EndpointStatus, LifeCycle};
use trimtab_core::failure::Failure;
use trimtab_core::name::{EndpointName, GroupName, PackageArn};
use trimtab_core::policy::Canary;
use trimtab_core::policy::monitor::Capture;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{
    Accepted, EndpointRequest, EndpointTruth, Endpoints, Listed, PackageTruth, Registry, ServingRequest,
};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, says};

/// The one variant of an endpoint.
const VARIANT: &str = "AllTraffic";

/// How long the old fleet stays after the new one has all traffic; 0 to 3600.
const TERMINATION_WAIT_SECONDS: i32 = 120;

/// When SageMaker gives a deployment up; 600 to 28800. Two hours hold the longest bake.
const MAXIMUM_SECONDS: i32 = 7200;

/// How many of a group's newest versions are looked through.
const NEWEST: i32 = 50;

impl Registry for SageMaker {
    async fn newest(&self, group: &GroupName) -> Answer<Vec<Listed>> {
        let call = self.0.list_model_packages().model_package_group_name(group.as_str()).max_results(NEWEST);
        // Without a type SageMaker lists packages that have no versions.
        let call = call.model_package_type(ModelPackageType::Versioned).sort_by(ModelPackageSortBy::CreationTime);
        let page = match call.sort_order(SortOrder::Descending).send().await {
            Ok(page) => page,
            Err(error) if says::is_missing(code(&error), message(&error)) => return Ok(Vec::new()),
            Err(error) => return Err(failure("sagemaker:ListModelPackages", &error)),
        };
        let read = |summary: &ModelPackageSummary| {
            let approval = summary.model_approval_status().map_or("unknown", |status| status.as_str());
            let status = summary.model_package_status().map_or("unknown", |status| status.as_str());
            let lifecycle = summary.model_life_cycle().map(lifecycle);
            let truth = PackageTruth { approval: Approval::parse(approval), status: status.to_owned(), lifecycle };
            Some(Listed { package: PackageArn::parse(summary.model_package_arn()?).ok()?, truth })
        };
        let mut versions: Vec<Listed> = page.model_package_summary_list().iter().filter_map(read).collect();
        versions.sort_by_key(|listed| listed.package.version());
        Ok(versions)
    }

    async fn package(&self, package: &PackageArn) -> Answer<Option<PackageTruth>> {
        match self.0.describe_model_package().model_package_name(package.as_str()).send().await {
            Ok(found) => Ok(Some(PackageTruth {
                approval: Approval::parse(found.model_approval_status().map_or("unknown", |status| status.as_str())),
                status: found.model_package_status().map_or("unknown", |status| status.as_str()).to_owned(),
                lifecycle: found.model_life_cycle().map(lifecycle),
            })),
            Err(error) if says::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeModelPackage", &error)),
        }
    }
}

impl Endpoints for SageMaker {
    async fn describe(&self, endpoint: &EndpointName) -> Answer<Option<EndpointTruth>> {
        match self.0.describe_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(found) => Ok(Some(EndpointTruth {
                status: EndpointStatus::parse(found.endpoint_status().map_or("unknown", |status| status.as_str())),
                config: found.endpoint_config_name().map(str::to_owned),
                pending: found
                    .pending_deployment_summary()
                    .and_then(|pending| pending.endpoint_config_name())
                    .map(str::to_owned),
                failure: found.failure_reason().map(str::to_owned),
                modified: found
                    .last_modified_time()
                    .and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok()),
            })),
            Err(error) if says::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeEndpoint", &error)),
        }
    }

    async fn create_model(&self, request: &ServingRequest) -> Answer<()> {
        let container = ContainerDefinition::builder().model_package_name(request.package.as_str()).build();
        let call = self
            .0
            .create_model()
            .model_name(&request.name)
            .execution_role_arn(request.role.as_str())
            .containers(container);
        match call.send().await {
            Ok(_) => Ok(()),
            // The name is a digest of what the model holds: the same name is the same model.
            Err(error) if says::is_there_already(message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:CreateModel", &error)),
        }
    }

    async fn create_config(&self, request: &ServingRequest) -> Answer<()> {
        let variant = ProductionVariant::builder()
            .variant_name(VARIANT)
            .model_name(&request.name)
            .instance_type(ProductionVariantInstanceType::from(request.instance_type.as_str()))
            .initial_instance_count(i32::try_from(request.instances).unwrap_or(i32::MAX))
            .initial_variant_weight(1.0)
            .build();
        match self
            .0
            .create_endpoint_config()
            .endpoint_config_name(&request.name)
            .production_variants(variant)
            .set_data_capture_config(request.capture.as_ref().map(data_capture))
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if says::is_there_already(message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:CreateEndpointConfig", &error)),
        }
    }

    async fn create(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let call =
            self.0.create_endpoint().endpoint_name(request.endpoint.as_str()).endpoint_config_name(&request.config);
        match call.send().await {
            Ok(_) => Ok(Accepted::Started),
            Err(error) if says::is_there_already(message(&error)) => self.adopt(request).await,
            Err(error) => Err(not_yet("sagemaker:CreateEndpoint", message(&error))
                .unwrap_or_else(|| failure("sagemaker:CreateEndpoint", &error))),
        }
    }

    async fn update(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let operation = "sagemaker:UpdateEndpoint";
        let call = self
            .0
            .update_endpoint()
            .endpoint_name(request.endpoint.as_str())
            .endpoint_config_name(&request.config)
            .deployment_config(blue_green(request.canary.as_ref()));
        match call.send().await {
            Ok(_) => Ok(Accepted::Started),
            Err(error) if says::is_in_progress(message(&error)) => self.adopt(request).await,
            Err(error) => Err(not_yet(operation, message(&error)).unwrap_or_else(|| failure(operation, &error))),
        }
    }

    async fn delete(&self, endpoint: &EndpointName) -> Answer<()> {
        match self.0.delete_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if says::is_missing(code(&error), message(&error)) => Ok(()),
            Err(error) => match self.describe(endpoint).await? {
                // An earlier attempt was heard after all.
                None => Ok(()),
                Some(truth) if truth.status == EndpointStatus::Deleting => Ok(()),
                Some(_) => Err(failure("sagemaker:DeleteEndpoint", &error)),
            },
        }
    }
}

fn lifecycle(found: &ModelLifeCycle) -> LifeCycle {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    LifeCycle { stage: text(found.stage()), stage_status: text(found.stage_status()) }
}

impl SageMaker {
    /// The endpoint is on its way to something: to what was asked for, or to something else.
    async fn adopt(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let ours = Some(&request.config);
        let truth = self.describe(&request.endpoint).await?;
        // What is pending decides: the configuration that serves is about to be replaced by it.
        let at_it = truth.is_some_and(|truth| truth.pending.as_ref().or(truth.config.as_ref()) == ours);
        Ok(if at_it { Accepted::Started } else { Accepted::Busy })
    }
}

/// A configuration that was created a moment ago may not be visible yet: try again.
fn not_yet(operation: &'static str, message: &str) -> Option<Failure> {
    says::is_config_missing(message).then(|| Failure::retry(operation, message))
}

/// Requests and answers are kept as text where their content type says that they are.
fn data_capture(capture: &Capture) -> DataCaptureConfig {
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

/// Blue/green: a canary that bakes under its alarms, or all at once.
fn blue_green(canary: Option<&Canary>) -> DeploymentConfig {
    let routing = match canary {
        None => TrafficRoutingConfig::builder()
            .r#type(TrafficRoutingConfigType::AllAtOnce)
            .wait_interval_in_seconds(0)
            .build(),
        Some(canary) => {
            let size = CapacitySize::builder()
                .r#type(CapacitySizeType::CapacityPercent)
                .value(i32::from(canary.percent))
                .build();
            TrafficRoutingConfig::builder()
                .r#type(TrafficRoutingConfigType::Canary)
                .canary_size(size)
                .wait_interval_in_seconds(i32::try_from(canary.bake.as_secs()).unwrap_or(i32::MAX))
                .build()
        }
    };
    let policy = BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(routing)
        .termination_wait_in_seconds(TERMINATION_WAIT_SECONDS)
        .maximum_execution_timeout_in_seconds(MAXIMUM_SECONDS)
        .build();
    let alarms = canary
        .map(|canary| canary.alarms.iter().map(|name| Alarm::builder().alarm_name(name.as_str()).build()).collect());
    let rollback = alarms.map(|alarms: Vec<Alarm>| AutoRollbackConfig::builder().set_alarms(Some(alarms)).build());
    DeploymentConfig::builder().blue_green_update_policy(policy).set_auto_rollback_configuration(rollback).build()
}
