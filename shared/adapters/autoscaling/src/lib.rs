//! [`Scaling`] over Application Auto Scaling. All calls are puts, or delete Trimtab's own actions: repeating them
//! changes nothing.

use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::error::BuildError;
use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, MetricStatistic, MetricType, PolicyType,
    PredefinedMetricSpecification, ScalableDimension, ScalableTargetAction, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::policy::{Aim, Autoscaling, Scheduled};
use trimtab_core::port::PortResult;
use trimtab_core::port::Scaling;
use trimtab_runtime::sdk;

const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";
const PUT_POLICY: &str = "application-autoscaling:PutScalingPolicy";

const PUT_ACTION: &str = "application-autoscaling:PutScheduledAction";
const DESCRIBE_ACTIONS: &str = "application-autoscaling:DescribeScheduledActions";
const DELETE_ACTION: &str = "application-autoscaling:DeleteScheduledAction";

/// The prefix of the names of Trimtab's scheduled actions; others are not changed.
const OWN: &str = "trimtab-";

/// The name of the one scaling policy that Trimtab puts for a variant.
const POLICY: &str = "trimtab-invocations";

/// A client of Application Auto Scaling.
#[derive(Debug, Clone)]
pub struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn register(&self, resource: &str, limits: &Autoscaling) -> PortResult<()> {
        self.client
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
            .min_capacity(number(limits.min))
            .max_capacity(number(limits.max))
            .send()
            .await
            .map(drop)
            .map_err(|error| sdk::failure(REGISTER, &error))
    }

    async fn put(&self, resource: &str, one: &Scheduled) -> PortResult<()> {
        let action = ScalableTargetAction::builder().min_capacity(number(one.min)).max_capacity(number(one.max));
        self.client
            .put_scheduled_action()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
            .scheduled_action_name(action_name(one))
            .schedule(&one.at)
            .set_timezone(one.timezone.clone())
            .scalable_target_action(action.build())
            .send()
            .await
            .map(drop)
            .map_err(|error| sdk::failure(PUT_ACTION, &error))
    }

    /// The variant's scheduled actions that Trimtab has put.
    async fn own(&self, resource: &str) -> PortResult<Vec<String>> {
        let call = self
            .client
            .describe_scheduled_actions()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount);
        let mut pages = call.into_paginator().send();
        let mut own = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sdk::failure(DESCRIBE_ACTIONS, &error))?;
            let names = page.scheduled_actions().iter().map(|action| action.scheduled_action_name().to_owned());
            own.extend(names.filter(|name| name.starts_with(OWN)));
        }
        Ok(own)
    }

    async fn delete(&self, resource: &str, name: &str) -> PortResult<()> {
        let call = self
            .client
            .delete_scheduled_action()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
            .scheduled_action_name(name);
        match call.send().await {
            Ok(_) => Ok(()),
            // Another call has already deleted it.
            Err(error) if sdk::code(&error) == Some("ObjectNotFoundException") => Ok(()),
            Err(error) => Err(sdk::failure(DELETE_ACTION, &error)),
        }
    }
}

impl Scaling for AutoScaling {
    async fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        let resource = resource(endpoint);
        self.register(&resource, limits).await?;
        let tracking = tracking(endpoint, limits).map_err(|error| Failure::permanent(PUT_POLICY, error.to_string()))?;
        self.client
            .put_scaling_policy()
            .policy_name(POLICY)
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking)
            .send()
            .await
            .map(drop)
            .map_err(|error| sdk::failure(PUT_POLICY, &error))
    }

    async fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        let resource = resource(endpoint);
        for one in &limits.schedule {
            self.put(&resource, one).await?;
        }
        for old in self.own(&resource).await? {
            if !limits.schedule.iter().any(|one| action_name(one) == old) {
                self.delete(&resource, &old).await?;
            }
        }
        Ok(())
    }
}

fn resource(endpoint: &EndpointName) -> String {
    format!("endpoint/{endpoint}/variant/AllTraffic")
}

fn action_name(one: &Scheduled) -> String {
    format!("{OWN}{}", one.name)
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn tracking(
    endpoint: &EndpointName,
    limits: &Autoscaling,
) -> Result<TargetTrackingScalingPolicyConfiguration, BuildError> {
    let config = TargetTrackingScalingPolicyConfiguration::builder();
    match limits.aim {
        Aim::Invocations(aim) => {
            let metric = PredefinedMetricSpecification::builder()
                .predefined_metric_type(MetricType::SageMakerVariantInvocationsPerInstance)
                .build()?;
            config.target_value(f64::from(aim)).predefined_metric_specification(metric).build()
        }
        // The backlog metric of asynchronous endpoints, for which Application Auto Scaling has no predefined name.
        Aim::Backlog(aim) => {
            let dimension = MetricDimension::builder().name("EndpointName").value(endpoint.as_str()).build()?;
            let metric = CustomizedMetricSpecification::builder()
                .namespace("AWS/SageMaker")
                .metric_name("ApproximateBacklogSizePerInstance")
                .dimensions(dimension)
                .statistic(MetricStatistic::Average)
                .build();
            config.target_value(f64::from(aim)).customized_metric_specification(metric).build()
        }
    }
}
