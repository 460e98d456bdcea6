//! `[monitor]`: what is watched about the version that is live, and from where on it is drift.

mod limits;
mod measure;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{EndpointTarget, Policy, Target, length};
use crate::decimal::Decimal;
use crate::event::DriftKind;
use crate::name::{AlarmName, EndpointName, KmsKeyId, ModelName, RoleArn, S3Uri};

pub(super) use limits::limits;
pub use measure::{Bound, Measure};

/// What is watched, by what. One table for each kind of drift that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// The role that the monitoring jobs and the baselines' jobs run as.
    pub role: RoleArn,
    /// What they run.
    pub images: Images,
    /// Their instance type, such as `ml.m5.xlarge`.
    pub instance_type: String,
    /// Where reports and computed baselines go.
    pub output: S3Uri,
    /// What the endpoint keeps of its traffic.
    pub capture: Capture,
    /// How often the schedules run.
    #[serde(with = "length", default = "an_hour")]
    pub every: SignedDuration,
    /// How long after its request a label is there, at the most: model quality and bias look so far back.
    #[serde(with = "length", default = "a_day")]
    pub label_delay: SignedDuration,
    /// The data set, CSV with a header, that a baseline is computed from where the registry has none
    /// for the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<S3Uri>,
    /// The KMS key of the jobs' volumes and outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
    /// The jobs' place in a VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Model Monitor, data quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_quality: Option<DataQuality>,
    /// Model Monitor, model quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_quality: Option<ModelQuality>,
    /// Clarify, bias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Bias>,
    /// Clarify, feature attribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_attribution: Option<FeatureAttribution>,
}

fn an_hour() -> SignedDuration {
    SignedDuration::from_hours(1)
}

fn a_day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

/// The images of the jobs. SageMaker's own are in accounts of its own, one for each region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// Model Monitor's analyzer: data quality and model quality.
    pub analyzer: String,
    /// Clarify's: bias and feature attribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clarify: Option<String>,
}

/// Data capture: what the endpoint keeps of its requests and answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The share of requests that is kept, 1 to 100.
    pub percent: u8,
    /// Where.
    pub destination: S3Uri,
    /// The KMS key that it is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
}

/// The subnets and security groups of the jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Subnets.
    pub subnets: Vec<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
}

/// Drift of the data that comes in, feature by feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataQuality {
    /// The features whose distance from the baseline the alarm is about, 1 to 10.
    pub features: Vec<String>,
    /// The largest distance that is none.
    pub at_most: Decimal,
}

/// Drift of what the model is worth, by labels that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelQuality {
    /// What the model solves.
    pub problem: Problem,
    /// Where the labels come.
    pub ground_truth: S3Uri,
    /// Where the prediction stands in the endpoint's answer: a column's number or a path.
    pub inference: String,
    /// The label's column in the data set that the baseline is computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The prediction's column in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// The data set that the baseline is computed from: with predictions and labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<S3Uri>,
    /// The metric that the alarm is about, such as `auc`.
    pub metric: String,
    /// The least that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

/// What a model solves: SageMaker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum Problem {
    BinaryClassification,
    MulticlassClassification,
    Regression,
}

impl Problem {
    /// SageMaker's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BinaryClassification => "BinaryClassification",
            Self::MulticlassClassification => "MulticlassClassification",
            Self::Regression => "Regression",
        }
    }
}

/// Drift of bias. A metric of Clarify is known by all that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bias {
    /// Clarify's analysis configuration, where the registry has none for the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
    /// Where the labels come.
    pub ground_truth: S3Uri,
    /// The metric that the alarm is about, such as `DPPL`.
    pub metric: String,
    /// Before or after training.
    pub stage: BiasStage,
    /// The label, as the configuration names it.
    pub label: String,
    /// Its value.
    pub label_value: String,
    /// The facet, as the configuration names it.
    pub facet: String,
    /// Its value.
    pub facet_value: String,
    /// The least that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

/// Which bias: Clarify's `BiasStage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are Clarify's own")]
pub enum BiasStage {
    PreTraining,
    PostTraining,
}

/// Drift of what the model decides by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureAttribution {
    /// Clarify's analysis configuration, where the registry has none for the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
    /// The feature whose global SHAP value the alarm is about.
    pub feature: String,
    /// The label, as the configuration's `label_headers` name it; `label0` unless they do.
    #[serde(default = "label0")]
    pub label: String,
    /// The least that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// The most that is no drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
}

fn label0() -> String {
    "label0".to_owned()
}

/// A kind of drift as names have it. Short: SageMaker's names have 63 characters, a model's up to 40.
#[must_use]
pub fn slug(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::DataQuality => "data-quality",
        DriftKind::ModelQuality => "model-quality",
        DriftKind::Bias => "bias",
        DriftKind::FeatureAttribution => "attribution",
    }
}

/// The schedule of this kind for this model.
#[must_use]
pub fn schedule_name(model: &ModelName, kind: DriftKind) -> String {
    format!("{model}-{}", slug(kind))
}

/// The alarm that the suite makes for this kind: the model's own, without being listed anywhere.
#[must_use]
pub fn alarm_name(endpoint: &EndpointName, kind: DriftKind) -> String {
    format!("{endpoint}-{}-drift", slug(kind))
}

impl Policy {
    /// The endpoint of production, in this account; `None` where a pipeline makes it, or it is elsewhere.
    #[must_use]
    pub fn endpoint(&self) -> Option<&EndpointTarget> {
        let production = self.deploy.as_ref().and_then(|deploy| deploy.production());
        match production.filter(|stage| stage.account.is_none()).map(|stage| &stage.target) {
            Some(Target::Endpoint(target)) => Some(target),
            _ => None,
        }
    }

    /// The model's alarms on drift: those that `retrain` lists, and those that `monitor` makes.
    #[must_use]
    pub fn drift_alarms(&self) -> BTreeSet<AlarmName> {
        let listed = self.retrain.iter().flat_map(|retrain| retrain.alarms.iter().cloned());
        listed.chain(self.own_alarms()).collect()
    }

    /// The alarms that `monitor` makes.
    pub(super) fn own_alarms(&self) -> Vec<AlarmName> {
        let (Some(monitor), Some(target)) = (&self.monitor, self.endpoint()) else { return Vec::new() };
        let name = |kind| AlarmName::parse(&alarm_name(&target.name, kind)).ok();
        monitor.kinds().into_iter().filter_map(name).collect()
    }
}

#[cfg(test)]
mod tests;
