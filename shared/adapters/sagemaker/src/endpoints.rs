//! Endpoints. The contents of configurations are in `deployment_config`.

use aws_sdk_sagemaker::types::ContainerDefinition;
use jiff::Timestamp;
use trimtab_core::event::EndpointStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::port::PortResult;
use trimtab_core::port::{EndpointRequest, Endpoints, ModelRequest, ObservedEndpoint, ServingRequest, UpdateAccepted};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, deployment_config, error_messages};

impl Endpoints for SageMaker {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        match self.0.describe_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(found) => Ok(Some(ObservedEndpoint {
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
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeEndpoint", &error)),
        }
    }

    async fn create_model(&self, request: &ModelRequest) -> PortResult<()> {
        let container = ContainerDefinition::builder().model_package_name(request.package.as_str()).build();
        let call = self
            .0
            .create_model()
            .model_name(&request.model)
            .execution_role_arn(request.role.as_str())
            .containers(container);
        match call.send().await {
            Ok(_) => Ok(()),
            // The name is a digest of the model's contents: the same name is the same model.
            Err(error) if error_messages::is_there_already(message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:CreateModel", &error)),
        }
    }

    async fn create_config(&self, request: &ServingRequest) -> PortResult<()> {
        let call = self
            .0
            .create_endpoint_config()
            .endpoint_config_name(&request.name)
            .set_production_variants(Some(deployment_config::variants(request)))
            .set_shadow_production_variants(deployment_config::shadows(request))
            .set_async_inference_config(deployment_config::async_config(request))
            .set_data_capture_config(request.capture.as_ref().map(deployment_config::data_capture));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error_messages::is_there_already(message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:CreateEndpointConfig", &error)),
        }
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let call =
            self.0.create_endpoint().endpoint_name(request.endpoint.as_str()).endpoint_config_name(&request.config);
        match call.send().await {
            Ok(_) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_there_already(message(&error)) => self.adopt(request).await,
            Err(error) => Err(not_yet("sagemaker:CreateEndpoint", message(&error))
                .unwrap_or_else(|| failure("sagemaker:CreateEndpoint", &error))),
        }
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let operation = "sagemaker:UpdateEndpoint";
        let call = self
            .0
            .update_endpoint()
            .endpoint_name(request.endpoint.as_str())
            .endpoint_config_name(&request.config)
            .deployment_config(deployment_config::deployment(&request.strategy));
        match call.send().await {
            Ok(_) => Ok(UpdateAccepted::Started),
            Err(error) if error_messages::is_in_progress(message(&error)) => self.adopt(request).await,
            Err(error) => Err(not_yet(operation, message(&error)).unwrap_or_else(|| failure(operation, &error))),
        }
    }

    async fn delete(&self, endpoint: &EndpointName) -> PortResult<()> {
        match self.0.delete_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(()),
            Err(error) => match self.describe(endpoint).await? {
                // An earlier attempt was applied.
                None => Ok(()),
                Some(actual) if actual.status == EndpointStatus::Deleting => Ok(()),
                Some(_) => Err(failure("sagemaker:DeleteEndpoint", &error)),
            },
        }
    }
}

impl SageMaker {
    /// Whether the endpoint's update in progress is the requested one, or another.
    async fn adopt(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let ours = Some(&request.config);
        let actual = self.describe(&request.endpoint).await?;
        // The pending configuration decides: it is about to replace the one that serves.
        let at_it = actual.is_some_and(|actual| actual.pending.as_ref().or(actual.config.as_ref()) == ours);
        Ok(if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy })
    }
}

/// A transient failure if the configuration, which was just created, is not visible yet.
fn not_yet(operation: &'static str, message: &str) -> Option<Failure> {
    error_messages::is_config_missing(message).then(|| Failure::transient(operation, message))
}
