//! [`Scaling`] over Application Auto Scaling. Both calls are puts: repeating them changes nothing.

use aws_config::SdkConfig;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::error::BuildError;
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::policy::Autoscaling;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::Scaling;
use trimtab_runtime::sdk;

const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";
const PUT_POLICY: &str = "application-autoscaling:PutScalingPolicy";

/// The name of the one policy that the suite keeps for a variant.
const POLICY: &str = "trimtab-invocations";

/// Application Auto Scaling.
#[derive(Debug, Clone)]
pub struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    /// The scalable targets of the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn register(&self, resource: &str, limits: &Autoscaling) -> Answer<()> {
        self.client
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
            .min_capacity(i32::try_from(limits.min).unwrap_or(i32::MAX))
            .max_capacity(i32::try_from(limits.max).unwrap_or(i32::MAX))
            .send()
            .await
            .map(drop)
            .map_err(|error| sdk::failure(REGISTER, &error))
    }
}

impl Scaling for AutoScaling {
    async fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> Answer<()> {
        let resource = format!("endpoint/{endpoint}/variant/AllTraffic");
        self.register(&resource, limits).await?;
        let tracking = tracking(limits).map_err(|error| Failure::reject(PUT_POLICY, error.to_string()))?;
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
}

fn tracking(limits: &Autoscaling) -> Result<TargetTrackingScalingPolicyConfiguration, BuildError> {
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::SageMakerVariantInvocationsPerInstance)
        .build()?;
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(f64::from(limits.invocations_per_instance))
        .predefined_metric_specification(metric)
        .build()
}
