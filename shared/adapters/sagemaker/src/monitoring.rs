//! The monitoring of a live version: the served version and the schedules. The port's other methods are in
//! [`crate::baselines`] and [`crate::job_definitions`].

use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::{MonitoringScheduleConfig, MonitoringType, ScheduleConfig};
use trimtab_core::event::{DriftKind, EndpointStatus};
use trimtab_core::name::{EndpointName, PackageArn};
use trimtab_core::port::PortResult;
use trimtab_core::port::UpdateAccepted;
use trimtab_core::port::{
    Baseline, BaselineRequest, JobDefinition, Monitoring, ObservedBaseline, ObservedSchedule, ScheduleRequest,
    ScheduleStatus, Served,
};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

impl Monitoring for SageMaker {
    async fn served(&self, endpoint: &EndpointName) -> PortResult<Option<Served>> {
        let found = match self.0.describe_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeEndpoint", &error)),
        };
        let status = EndpointStatus::parse(found.endpoint_status().map_or("unknown", |status| status.as_str()));
        let Some(config) = found.endpoint_config_name else { return Ok(None) };
        let shape = match self.0.describe_endpoint_config().endpoint_config_name(&config).send().await {
            Ok(shape) => shape,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeEndpointConfig", &error)),
        };
        let captures = shape.data_capture_config().and_then(|capture| capture.enable_capture()).unwrap_or(false);
        let package = match shape.production_variants().first().and_then(|variant| variant.model_name()) {
            Some(model) => self.package_of(model).await?,
            None => None,
        };
        Ok(Some(Served { status, config, package, captures }))
    }

    async fn baselines(&self, package: &PackageArn) -> PortResult<BTreeMap<DriftKind, Baseline>> {
        self.registered_baselines(package).await
    }

    async fn baseline_job(&self, name: &str) -> PortResult<Option<ObservedBaseline>> {
        self.baseline_truth(name).await
    }

    async fn start_baseline(&self, request: &BaselineRequest) -> PortResult<()> {
        self.create_baseline(request).await
    }

    async fn define(&self, definition: &JobDefinition) -> PortResult<()> {
        self.create_definition(definition).await
    }

    async fn undefine(&self, kind: DriftKind, name: &str) -> PortResult<()> {
        self.delete_definition(kind, name).await
    }

    async fn schedule(&self, name: &str) -> PortResult<Option<ObservedSchedule>> {
        let found = match self.0.describe_monitoring_schedule().monitoring_schedule_name(name).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeMonitoringSchedule", &error)),
        };
        let config = found.monitoring_schedule_config();
        let expression = config.and_then(|config| config.schedule_config()?.schedule_expression());
        Ok(Some(ObservedSchedule {
            status: match found.monitoring_schedule_status().map(|status| status.as_str()) {
                Some("Scheduled") => ScheduleStatus::Scheduled,
                Some("Stopped") => ScheduleStatus::Stopped,
                Some("Failed") => ScheduleStatus::Failed,
                // An unknown status may be one in progress.
                _ => ScheduleStatus::Pending,
            },
            definition: config.and_then(|config| config.monitoring_job_definition_name()).map(str::to_owned),
            expression: expression.map(str::to_owned),
            failure: found.failure_reason().map(str::to_owned),
        }))
    }

    async fn create_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        let call = self.0.create_monitoring_schedule().monitoring_schedule_name(&request.name);
        match call.monitoring_schedule_config(config(request)).send().await {
            Ok(_) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_in_use(code(&error), message(&error)) => self.taken(request).await,
            Err(error) => Err(failure("sagemaker:CreateMonitoringSchedule", &error)),
        }
    }

    async fn update_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        let call = self.0.update_monitoring_schedule().monitoring_schedule_name(&request.name);
        match call.monitoring_schedule_config(config(request)).send().await {
            Ok(_) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_schedule_busy(message(&error)) => self.taken(request).await,
            Err(error) => Err(failure("sagemaker:UpdateMonitoringSchedule", &error)),
        }
    }

    async fn delete_schedule(&self, name: &str) -> PortResult<UpdateAccepted> {
        match self.0.delete_monitoring_schedule().monitoring_schedule_name(name).send().await {
            Ok(_) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_schedule_busy(message(&error)) => Ok(UpdateAccepted::Busy),
            Err(error) => Err(failure("sagemaker:DeleteMonitoringSchedule", &error)),
        }
    }
}

impl SageMaker {
    async fn package_of(&self, model: &str) -> PortResult<Option<PackageArn>> {
        let found = match self.0.describe_model().model_name(model).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeModel", &error)),
        };
        let mut containers = found.primary_container().into_iter().chain(found.containers());
        let package = containers.find_map(|container| container.model_package_name());
        Ok(package.and_then(|arn| PackageArn::parse(arn).ok()))
    }

    /// Whether the existing schedule is the requested one, or another.
    async fn taken(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        let actual = self.schedule(&request.name).await?;
        let at_it = actual.is_some_and(|actual| {
            actual.definition.as_ref() == Some(&request.definition)
                && actual.expression.as_ref() == Some(&request.expression)
        });
        Ok(if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy })
    }
}

/// The kind of drift in SageMaker's terms.
fn word(kind: DriftKind) -> MonitoringType {
    match kind {
        DriftKind::DataQuality => MonitoringType::DataQuality,
        DriftKind::ModelQuality => MonitoringType::ModelQuality,
        DriftKind::Bias => MonitoringType::ModelBias,
        DriftKind::FeatureAttribution => MonitoringType::ModelExplainability,
    }
}

fn config(request: &ScheduleRequest) -> MonitoringScheduleConfig {
    MonitoringScheduleConfig::builder()
        .monitoring_job_definition_name(&request.definition)
        .monitoring_type(word(request.kind))
        .schedule_config(ScheduleConfig::builder().schedule_expression(&request.expression).build())
        .build()
}
