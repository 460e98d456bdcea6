//! `[monitor]`: monitoring of the live version, and the bounds beyond which a metric is drift.

mod limits;
mod measure;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{EndpointTarget, Policy, Target, duration};
use trimtab_names::decimal::Decimal;
use trimtab_names::drift::DriftKind;
use trimtab_names::name::{AlarmName, EndpointName, KmsKeyId, ModelName, RoleArn, S3Uri};

pub(super) use limits::limits;
pub use measure::{Bound, Measure};

/// Monitoring of the live version, with one table for each kind of drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// The role of the monitoring jobs and of the jobs that compute baselines.
    pub role: RoleArn,
    /// The images of the jobs.
    pub images: Images,
    /// The instance type of the jobs, such as `"ml.m5.xlarge"`.
    pub instance_type: String,
    /// The location of reports and computed baselines in S3.
    pub output: S3Uri,
    /// Data capture of the endpoint.
    pub capture: Capture,
    /// The interval of the monitoring schedules.
    #[serde(with = "duration", default = "an_hour")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub every: SignedDuration,
    /// The longest time between a request and its label, in whole hours. Model quality and bias analyze data of that age.
    #[serde(with = "duration", default = "a_day")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub label_delay: SignedDuration,
    /// The data set from which a baseline is computed if the registry has none for the version: CSV with a header.
    /// Without it, no baseline is computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<S3Uri>,
    /// The KMS key of the volumes and the output of the jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
    /// The VPC of the jobs. Without it, they run outside of a VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Data quality, with Model Monitor. Without this table, it is not monitored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_quality: Option<DataQuality>,
    /// Model quality, with Model Monitor. Without this table, it is not monitored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_quality: Option<ModelQuality>,
    /// Bias, with Clarify. Without this table, it is not monitored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Bias>,
    /// Feature attribution, with Clarify. Without this table, it is not monitored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_attribution: Option<FeatureAttribution>,
}

fn an_hour() -> SignedDuration {
    SignedDuration::from_hours(1)
}

fn a_day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

/// The images of the jobs, in a registry of your own or SageMaker's registry for the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// The analyzer of Model Monitor, for data quality and model quality.
    pub analyzer: String,
    /// The image of Clarify, for bias and feature attribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clarify: Option<String>,
}

/// Data capture of the endpoint's requests and responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The share of the requests that is captured, in percent.
    pub percent: u8,
    /// The location of the captured data in S3.
    pub destination: S3Uri,
    /// The KMS key of the captured data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
}

/// The VPC of the jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The IDs of the subnets.
    pub subnets: Vec<String>,
    /// The IDs of the security groups.
    pub security_groups: Vec<String>,
}

/// Drift of the input data, for each feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataQuality {
    /// The features that the alarm covers; the one with the largest distance from the baseline counts.
    pub features: Vec<String>,
    /// The largest distance from the baseline that is not drift.
    pub at_most: Decimal,
}

/// Drift of the quality of predictions, measured with labels that arrive later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModelQuality {
    /// The problem type of the model.
    pub problem: Problem,
    /// The S3 location where your application writes the labels.
    pub ground_truth: S3Uri,
    /// The position of the prediction in the endpoint's response: the number of a column or a JSON path.
    pub inference: String,
    /// The column of the label in the data set of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The column of the prediction in the data set of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// The data set from which the baseline is computed, with predictions and labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<S3Uri>,
    /// The metric of the alarm, such as `"auc"`.
    pub metric: String,
    /// The lowest value of the metric that is not drift. Write exactly one of `at_least` and `at_most`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The highest value of the metric that is not drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

/// The problem type, in SageMaker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum Problem {
    BinaryClassification,
    MulticlassClassification,
    Regression,
}

impl Problem {
    /// The name in SageMaker.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BinaryClassification => "BinaryClassification",
            Self::MulticlassClassification => "MulticlassClassification",
            Self::Regression => "Regression",
        }
    }
}

/// Drift of bias. Metric, stage, label and facet together identify a metric of Clarify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bias {
    /// The analysis configuration of Clarify (`analysis_config.json`), if the registry has none for the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
    /// The S3 location where your application writes the labels.
    pub ground_truth: S3Uri,
    /// The metric of the alarm, such as `"DPPL"`.
    pub metric: String,
    /// Whether the metric measures bias before or after training.
    pub stage: BiasStage,
    /// The name of the label in the analysis configuration.
    pub label: String,
    /// The value of the label.
    pub label_value: String,
    /// The name of the facet in the analysis configuration.
    pub facet: String,
    /// The value of the facet.
    pub facet_value: String,
    /// The lowest value of the metric that is not drift. Write exactly one of `at_least` and `at_most`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The highest value of the metric that is not drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

/// The kind of bias: Clarify's `BiasStage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are Clarify's own")]
pub enum BiasStage {
    PreTraining,
    PostTraining,
}

/// Drift of the contribution of a feature to predictions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeatureAttribution {
    /// The analysis configuration of Clarify (`analysis_config.json`), if the registry has none for the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
    /// The feature whose global SHAP value the alarm covers.
    pub feature: String,
    /// The name of the label in `label_headers` of the analysis configuration.
    #[serde(default = "label0")]
    pub label: String,
    /// The lowest SHAP value that is not drift. Write exactly one of `at_least` and `at_most`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The highest SHAP value that is not drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

fn label0() -> String {
    "label0".to_owned()
}

/// The short name of a kind of drift: names in SageMaker have 63 characters, and the model takes up to 40.
#[must_use]
pub fn slug(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::DataQuality => "data-quality",
        DriftKind::ModelQuality => "model-quality",
        DriftKind::Bias => "bias",
        DriftKind::FeatureAttribution => "attribution",
    }
}

/// The name of the monitoring schedule for a model and a kind of drift.
#[must_use]
pub fn schedule_name(model: &ModelName, kind: DriftKind) -> String {
    format!("{model}-{}", slug(kind))
}

/// The name of the alarm that `monitor` creates for a kind of drift. The policy need not list it.
#[must_use]
pub fn alarm_name(endpoint: &EndpointName, kind: DriftKind) -> String {
    format!("{endpoint}-{}-drift", slug(kind))
}

impl Policy {
    /// The endpoint of production; `None` for other targets and for an endpoint in another account.
    #[must_use]
    pub fn endpoint(&self) -> Option<&EndpointTarget> {
        let production = self.deploy.as_ref().and_then(|deploy| deploy.production());
        match production.filter(|stage| stage.account.is_none()).map(|stage| &stage.target) {
            Some(Target::Endpoint(target)) => Some(target),
            _ => None,
        }
    }

    /// The alarms on drift: those that `retrain` lists, and those that `monitor` creates.
    #[must_use]
    pub fn drift_alarms(&self) -> BTreeSet<AlarmName> {
        let listed = self.retrain.iter().flat_map(|retrain| retrain.alarms.iter().cloned());
        listed.chain(self.own_alarms()).collect()
    }

    /// The alarms that `monitor` creates.
    pub(super) fn own_alarms(&self) -> Vec<AlarmName> {
        let (Some(monitor), Some(target)) = (&self.monitor, self.endpoint()) else { return Vec::new() };
        let name = |kind| AlarmName::parse(&alarm_name(&target.name, kind)).ok();
        monitor.kinds().into_iter().filter_map(name).collect()
    }
}

#[cfg(test)]
mod tests;
