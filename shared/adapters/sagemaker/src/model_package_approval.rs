//! The approval of versions. The verdict, its reasons and the metrics are written in one call, with a token that
//! identifies the writer.

use std::collections::BTreeMap;

use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use trimtab_core::decimal::Decimal;
use trimtab_core::event::Approval;
use trimtab_core::name::{EndpointName, PackageArn};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Candidates, EVALUATION_STAMP, METRIC_PREFIX, ObservedCandidate, VerdictRequest};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

impl Candidates for SageMaker {
    async fn candidate(&self, package: &PackageArn) -> PortResult<Option<ObservedCandidate>> {
        match self.0.describe_model_package().model_package_name(package.as_str()).send().await {
            Ok(found) => Ok(Some(actual(&found))),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeModelPackage", &error)),
        }
    }

    async fn live(&self, endpoint: &EndpointName) -> PortResult<Option<PackageArn>> {
        let Some(config) = self.config_of(endpoint).await? else { return Ok(None) };
        let Some(model) = self.model_of(&config).await? else { return Ok(None) };
        let found = match self.0.describe_model().model_name(model).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeModel", &error)),
        };
        let mut containers = found.primary_container().into_iter().chain(found.containers());
        let package = containers.find_map(|container| container.model_package_name());
        Ok(package.and_then(|arn| PackageArn::parse(arn).ok()))
    }

    async fn write_verdict(&self, request: &VerdictRequest) -> PortResult<()> {
        let status =
            request.approve.map(|yes| if yes { ModelApprovalStatus::Approved } else { ModelApprovalStatus::Rejected });
        let metrics = request.metrics.iter().map(|(name, value)| (format!("{METRIC_PREFIX}{name}"), value.to_string()));
        let properties = metrics.chain([(EVALUATION_STAMP.to_owned(), request.token.clone())]).collect();
        let call = self
            .0
            .update_model_package()
            .model_package_arn(request.package.as_str())
            .set_model_approval_status(status)
            .set_approval_description(request.description.clone())
            .set_customer_metadata_properties(Some(properties))
            .client_token(&request.token);
        call.send().await.map(drop).map_err(|error| failure("sagemaker:UpdateModelPackage", &error))
    }
}

impl SageMaker {
    async fn config_of(&self, endpoint: &EndpointName) -> PortResult<Option<String>> {
        match self.0.describe_endpoint().endpoint_name(endpoint.as_str()).send().await {
            Ok(found) => Ok(found.endpoint_config_name),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeEndpoint", &error)),
        }
    }

    async fn model_of(&self, config: &str) -> PortResult<Option<String>> {
        match self.0.describe_endpoint_config().endpoint_config_name(config).send().await {
            Ok(found) => {
                let first = found.production_variants().first();
                Ok(first.and_then(|variant| variant.model_name()).map(str::to_owned))
            }
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeEndpointConfig", &error)),
        }
    }
}

/// Properties that are no numbers are not Trimtab's.
fn actual(found: &DescribeModelPackageOutput) -> ObservedCandidate {
    let properties = found.customer_metadata_properties().into_iter().flatten();
    let metric = |(name, value): (&String, &String)| {
        Some((name.strip_prefix(METRIC_PREFIX)?.to_owned(), Decimal::parse(value)?))
    };
    let metrics: BTreeMap<String, Decimal> = properties.filter_map(metric).collect();
    ObservedCandidate {
        approval: Approval::parse(found.model_approval_status().map_or("unknown", |status| status.as_str())),
        status: found.model_package_status().map_or("unknown", |status| status.as_str()).to_owned(),
        stamp: found.customer_metadata_properties().and_then(|properties| properties.get(EVALUATION_STAMP)).cloned(),
        metrics,
    }
}
