//! Resources that users create in SageMaker, reduced to the properties that rules use; and the calls that stop them.

use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::{ContainerDefinition, DirectInternetAccess, ProductionVariant};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use trimtab_core::event::{Resource, ResourceKind};
use trimtab_core::failure::Failure;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Activity, ObservedResource, Resources, StopOutcome};
use trimtab_runtime::sdk::{self, code, failure, message};

use crate::{SageMaker, error_messages};

/// The output of a call; `None` if the resource does not exist.
macro_rules! found {
    ($operation:literal, $call:expr) => {
        match $call.send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure($operation, &error)),
        }
    };
}

impl Resources for SageMaker {
    async fn describe(&self, resource: &Resource) -> PortResult<Option<ObservedResource>> {
        let name = resource.name.as_str();
        let found = match resource.kind {
            ResourceKind::Training => self.training(name).await?,
            ResourceKind::Processing => self.processing(name).await?,
            ResourceKind::Model => self.model(name).await?,
            ResourceKind::EndpointConfig => self.endpoint_config(name).await?,
            ResourceKind::Endpoint => self.endpoint(name).await?,
            ResourceKind::Notebook => self.notebook(name).await?,
        };
        match found {
            None => Ok(None),
            Some(actual) => self.tagged(actual).await,
        }
    }

    async fn stop(&self, resource: &Resource) -> PortResult<StopOutcome> {
        match self.state(resource).await? {
            Some(Activity::Running) => {}
            Some(Activity::Starting) => {
                return Err(Failure::transient("sagemaker:Stop", "it is being made, and can be stopped when it runs"));
            }
            Some(Activity::Stopped) => return Ok(StopOutcome::Stopped),
            Some(Activity::Over) | None => return Ok(StopOutcome::AlreadyEnded),
        }
        let name = resource.name.as_str();
        match resource.kind {
            ResourceKind::Training => {
                let done = self.0.stop_training_job().training_job_name(name).send().await;
                self.stopped(resource, "sagemaker:StopTrainingJob", done).await
            }
            ResourceKind::Processing => {
                let done = self.0.stop_processing_job().processing_job_name(name).send().await;
                self.stopped(resource, "sagemaker:StopProcessingJob", done).await
            }
            ResourceKind::Notebook => {
                let done = self.0.stop_notebook_instance().notebook_instance_name(name).send().await;
                self.stopped(resource, "sagemaker:StopNotebookInstance", done).await
            }
            ResourceKind::Model | ResourceKind::EndpointConfig | ResourceKind::Endpoint => {
                Ok(StopOutcome::AlreadyEnded)
            }
        }
    }
}

impl SageMaker {
    /// SageMaker refuses to stop a job that already stops, with a different sentence for each kind. The observed status
    /// decides whether the refusal matters.
    async fn stopped<T, E: ProvideErrorMetadata>(
        &self,
        resource: &Resource,
        operation: &'static str,
        done: Result<T, sdk::CallError<E>>,
    ) -> PortResult<StopOutcome> {
        let Err(error) = done else { return Ok(StopOutcome::Stopped) };
        match failure(operation, &error) {
            Failure::Permanent { operation, cause } => match self.state(resource).await? {
                Some(Activity::Stopped) => Ok(StopOutcome::Stopped),
                Some(Activity::Over) | None => Ok(StopOutcome::AlreadyEnded),
                Some(Activity::Running | Activity::Starting) => Err(Failure::Permanent { operation, cause }),
            },
            retry => Err(retry),
        }
    }

    async fn state(&self, resource: &Resource) -> PortResult<Option<Activity>> {
        let name = resource.name.as_str();
        let found = match resource.kind {
            ResourceKind::Training => self.training(name).await?,
            ResourceKind::Processing => self.processing(name).await?,
            ResourceKind::Notebook => self.notebook(name).await?,
            ResourceKind::Model | ResourceKind::EndpointConfig | ResourceKind::Endpoint => None,
        };
        Ok(found.map(|actual| actual.activity))
    }

    /// The resource with its tags, which descriptions lack.
    async fn tagged(&self, mut actual: ObservedResource) -> PortResult<Option<ObservedResource>> {
        let mut pages = self.0.list_tags().resource_arn(&actual.arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
                Err(error) => return Err(failure("sagemaker:ListTags", &error)),
            };
            actual.tags.extend(page.tags().iter().filter_map(|tag| Some((tag.key()?.into(), tag.value()?.into()))));
        }
        Ok(Some(actual))
    }

    async fn training(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let call = self.0.describe_training_job().training_job_name(name);
        let found = found!("sagemaker:DescribeTrainingJob", call);
        let status = found.training_job_status().map_or("", |status| status.as_str());
        let mut actual = actual(found.training_job_arn(), found.creation_time(), activity(status))?;
        if let Some(resources) = found.resource_config() {
            let groups = resources.instance_groups().iter().filter_map(|group| group.instance_type());
            let all = resources.instance_type().into_iter().chain(resources.selected_instance_type()).chain(groups);
            actual.instance_types = all.map(|kind| kind.as_str().to_owned()).collect();
            actual.keys.insert("volume", is_named(resources.volume_kms_key_id()));
        }
        let output = found.output_data_config().and_then(|output| output.kms_key_id());
        actual.keys.insert("output", is_named(output));
        actual.vpc = Some(found.vpc_config().is_some());
        actual.isolated = Some(found.enable_network_isolation().unwrap_or(false));
        let image = found.algorithm_specification().and_then(|algorithm| algorithm.training_image());
        actual.images = image.map(str::to_owned).into_iter().collect();
        Ok(Some(actual))
    }

    async fn processing(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let call = self.0.describe_processing_job().processing_job_name(name);
        let found = found!("sagemaker:DescribeProcessingJob", call);
        let status = found.processing_job_status().map_or("", |status| status.as_str());
        let mut actual = actual(found.processing_job_arn(), found.creation_time(), activity(status))?;
        if let Some(cluster) = found.processing_resources().and_then(|resources| resources.cluster_config()) {
            actual.instance_types = cluster.instance_type().map(|kind| kind.as_str().to_owned()).into_iter().collect();
            actual.keys.insert("volume", is_named(cluster.volume_kms_key_id()));
        }
        if let Some(output) = found.processing_output_config() {
            actual.keys.insert("output", is_named(output.kms_key_id()));
        }
        let network = found.network_config();
        actual.vpc = Some(network.is_some_and(|network| network.vpc_config().is_some()));
        actual.isolated = Some(network.and_then(|network| network.enable_network_isolation()).unwrap_or(false));
        let image = found.app_specification().and_then(|app| app.image_uri());
        actual.images = image.map(str::to_owned).into_iter().collect();
        Ok(Some(actual))
    }

    async fn model(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let found = found!("sagemaker:DescribeModel", self.0.describe_model().model_name(name));
        let mut actual = actual(found.model_arn(), found.creation_time(), Activity::Over)?;
        actual.vpc = Some(found.vpc_config().is_some());
        actual.isolated = Some(found.enable_network_isolation().unwrap_or(false));
        let containers = found.primary_container().into_iter().chain(found.containers());
        actual.images = containers.filter_map(ContainerDefinition::image).map(str::to_owned).collect();
        Ok(Some(actual))
    }

    async fn endpoint_config(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let call = self.0.describe_endpoint_config().endpoint_config_name(name);
        let found = found!("sagemaker:DescribeEndpointConfig", call);
        let mut actual = actual(found.endpoint_config_arn(), found.creation_time(), Activity::Over)?;
        let variants = found.production_variants().iter().chain(found.shadow_production_variants());
        let kinds = variants.filter_map(ProductionVariant::instance_type);
        actual.instance_types = kinds.map(|kind| kind.as_str().to_owned()).collect();
        // A serverless variant has no volume.
        if !actual.instance_types.is_empty() {
            actual.keys.insert("volume", is_named(found.kms_key_id()));
        }
        if let Some(capture) = found.data_capture_config() {
            actual.keys.insert("data capture", is_named(capture.kms_key_id()));
        }
        Ok(Some(actual))
    }

    async fn endpoint(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let found = found!("sagemaker:DescribeEndpoint", self.0.describe_endpoint().endpoint_name(name));
        actual(found.endpoint_arn(), found.creation_time(), Activity::Over).map(Some)
    }

    async fn notebook(&self, name: &str) -> PortResult<Option<ObservedResource>> {
        let call = self.0.describe_notebook_instance().notebook_instance_name(name);
        let found = found!("sagemaker:DescribeNotebookInstance", call);
        let status = found.notebook_instance_status().map_or("", |status| status.as_str());
        let mut actual = actual(found.notebook_instance_arn(), found.creation_time(), activity(status))?;
        actual.instance_types = found.instance_type().map(|kind| kind.as_str().to_owned()).into_iter().collect();
        actual.keys.insert("volume", is_named(found.kms_key_id()));
        let closed = found.direct_internet_access() == Some(&DirectInternetAccess::Disabled);
        actual.vpc = Some(found.subnet_id().is_some() && closed);
        Ok(Some(actual))
    }
}

fn is_named(key: Option<&str>) -> bool {
    key.is_some_and(|key| !key.trim().is_empty())
}

/// The activity from the status of a job or a notebook instance. An unknown status counts as running.
fn activity(status: &str) -> Activity {
    match status {
        "Pending" | "Updating" => Activity::Starting,
        "Stopping" | "Stopped" => Activity::Stopped,
        "Completed" | "Failed" | "Deleting" | "Deleted" => Activity::Over,
        _ => Activity::Running,
    }
}

fn actual(arn: Option<&str>, created: Option<&DateTime>, activity: Activity) -> PortResult<ObservedResource> {
    let created = created.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok());
    let (Some(arn), Some(created)) = (arn, created) else {
        return Err(Failure::transient("sagemaker:Describe", "the response has no ARN or no time of creation"));
    };
    Ok(ObservedResource {
        arn: arn.to_owned(),
        created,
        activity,
        tags: BTreeMap::new(),
        keys: BTreeMap::new(),
        vpc: None,
        isolated: None,
        instance_types: Vec::new(),
        images: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_is_stopped_and_unknown_status_may_run() {
        assert_eq!(["Stopping", "Stopped"].map(activity), [Activity::Stopped; 2]);
        assert_eq!(["InProgress", "InService", "Quantum"].map(activity), [Activity::Running; 3]);
        assert_eq!(["Pending", "Completed"].map(activity), [Activity::Starting, Activity::Over]);
    }
}
