//! Queries of the services, and the actions of operators and monitors.

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StateValue};
use aws_sdk_codebuild::types::Build;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionSummary};
use trimtab_core::plan::Decision;
use trimtab_core::port::HistoryEntry;

use crate::story::{Story, StoryError, service};

impl Story {
    /// The builds of this commit in project `churn-build`.
    pub(crate) async fn builds(&self, commit: &str) -> Result<Vec<Build>, StoryError> {
        let codebuild = &self.aws.codebuild;
        let listed = codebuild.list_builds_for_project().project_name("churn-build").send().await.map_err(service)?;
        let Some(ids) = listed.ids.filter(|ids| !ids.is_empty()) else { return Ok(Vec::new()) };
        let got = codebuild.batch_get_builds().set_ids(Some(ids)).send().await.map_err(service)?;
        let mut builds = got.builds.unwrap_or_default();
        builds.retain(|build| build.source_version() == Some(commit));
        Ok(builds)
    }

    /// The executions of `churn-training`, newest first.
    pub(crate) async fn runs(&self) -> Result<Vec<PipelineExecutionSummary>, StoryError> {
        let call = self.aws.sagemaker.list_pipeline_executions().pipeline_name("churn-training");
        Ok(call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default())
    }

    /// The ARNs of the versions in a model package group, newest first.
    pub(crate) async fn versions(&self, group: &str) -> Result<Vec<String>, StoryError> {
        let call = self.aws.sagemaker.list_model_packages().model_package_group_name(group);
        let listed = call.send().await.map_err(service)?.model_package_summary_list.unwrap_or_default();
        let mut arns: Vec<String> = listed.into_iter().filter_map(|package| package.model_package_arn).collect();
        arns.sort_by_key(|arn| std::cmp::Reverse(version(arn)));
        Ok(arns)
    }

    /// The endpoint `churn-prod`; `None` if it does not exist.
    pub(crate) async fn endpoint(&self) -> Result<Option<DescribeEndpointOutput>, StoryError> {
        match self.aws.sagemaker.describe_endpoint().endpoint_name("churn-prod").send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if format!("{error:?}").contains("Could not find endpoint") => Ok(None),
            Err(error) => Err(service(error)),
        }
    }

    /// The version that `churn-prod` serves while it is InService, read from its configuration and model.
    pub(crate) async fn serves(&self) -> Result<Option<u32>, StoryError> {
        let Some(endpoint) = self.endpoint().await? else { return Ok(None) };
        if endpoint.endpoint_status().map(|status| status.as_str()) != Some("InService") {
            return Ok(None);
        }
        let Some(name) = endpoint.endpoint_config_name else { return Ok(None) };
        let sagemaker = &self.aws.sagemaker;
        let config = sagemaker.describe_endpoint_config().endpoint_config_name(name).send().await.map_err(service)?;
        let Some(model) = config.production_variants().first().and_then(|variant| variant.model_name()) else {
            return Ok(None);
        };
        let model = sagemaker.describe_model().model_name(model).send().await.map_err(service)?;
        Ok(model.containers().first().and_then(|container| container.model_package_name()).map(version))
    }

    /// Sets the approval status of a version, as an operator does.
    pub(crate) async fn judge(&self, package: &str, verdict: ModelApprovalStatus) -> Result<(), StoryError> {
        let call = self.aws.sagemaker.update_model_package().model_package_arn(package).model_approval_status(verdict);
        call.send().await.map_err(service)?;
        Ok(())
    }

    /// Publishes a metric, as a monitor or an endpoint does.
    pub(crate) async fn publish(
        &self,
        namespace: &str,
        metric: &str,
        dimensions: &[(&str, &str)],
        value: f64,
    ) -> Result<(), StoryError> {
        let dimension = |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
        let datum = MetricDatum::builder()
            .metric_name(metric)
            .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
            .value(value)
            .build();
        let call = self.aws.cloudwatch.put_metric_data().namespace(namespace).metric_data(datum);
        call.send().await.map_err(service)?;
        Ok(())
    }

    /// The state of an alarm and its reason; `None` if the alarm does not exist.
    pub(crate) async fn alarm(&self, name: &str) -> Result<Option<(StateValue, String)>, StoryError> {
        let found = self.aws.cloudwatch.describe_alarms().alarm_names(name).send().await.map_err(service)?;
        let alarm = found.metric_alarms.unwrap_or_default().into_iter().next();
        Ok(alarm.and_then(|alarm| Some((alarm.state_value?, alarm.state_reason.unwrap_or_default()))))
    }

    /// The newest record of a function with this decision and a reason that contains `words`.
    pub(crate) async fn recorded(
        &self,
        function: &str,
        decision: Decision,
        words: &str,
    ) -> Result<Option<HistoryEntry>, StoryError> {
        let records = self.records().await?;
        Ok(records.into_iter().rev().find(|record| {
            record.function == function
                && record.decision == decision
                && record.reasons.iter().any(|reason| reason.contains(words))
        }))
    }

    /// Fails unless `found` equals `expected`.
    pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(
        what: &str,
        found: &T,
        expected: &T,
    ) -> Result<(), StoryError> {
        if found == expected {
            return Ok(());
        }
        Err(StoryError::Unexpected { expected: format!("{what} {expected:?}"), found: format!("{found:?}") })
    }
}

/// The version number at the end of a model package ARN.
pub(crate) fn version(arn: &str) -> u32 {
    arn.rsplit('/').next().and_then(|version| version.parse().ok()).unwrap_or_default()
}
