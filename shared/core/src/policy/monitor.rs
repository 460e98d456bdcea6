//! `[monitor]`: what is watched about the version that is live, and from where on it is drift.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::{EndpointTarget, Policy, Target, length};
use crate::decimal::Decimal;
use crate::event::DriftKind;
use crate::name::{AlarmName, EndpointName, KmsKeyId, ModelName, RoleArn, S3Uri};

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
    pub labels_after: SignedDuration,
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

/// From where on it is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Less is drift.
    AtLeast(Decimal),
    /// More is drift.
    AtMost(Decimal),
}

/// What an alarm is about: metrics of one namespace that differ in nothing but their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The namespace.
    pub namespace: String,
    /// The metrics; of several, the worst counts.
    pub metrics: Vec<String>,
    /// Their dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// From where on it is drift.
    pub bound: Bound,
}

impl Monitor {
    /// The kinds that are asked for.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<DriftKind> {
        let asked = [
            self.data_quality.as_ref().map(|_| DriftKind::DataQuality),
            self.model_quality.as_ref().map(|_| DriftKind::ModelQuality),
            self.bias.as_ref().map(|_| DriftKind::Bias),
            self.feature_attribution.as_ref().map(|_| DriftKind::FeatureAttribution),
        ];
        asked.into_iter().flatten().collect()
    }

    /// `ScheduleExpression`: SageMaker takes whole hours, up to a day.
    #[must_use]
    pub fn cron(&self) -> String {
        match self.every.as_hours() {
            ..=1 => "cron(0 * ? * * *)".to_owned(),
            24.. => "cron(0 0 ? * * *)".to_owned(),
            hours => format!("cron(0 0/{hours} ? * * *)"),
        }
    }

    /// What the alarm on this kind is about; `None` where the kind is not asked for. Namespaces and
    /// dimensions are those that SageMaker's monitors of endpoints publish with.
    #[must_use]
    pub fn measure(&self, kind: DriftKind, endpoint: &EndpointName, schedule: &str) -> Option<Measure> {
        let (space, metrics, own, bound) = match kind {
            DriftKind::DataQuality => {
                let rules = self.data_quality.as_ref()?;
                let names = rules.features.iter().map(|feature| format!("feature_baseline_drift_{feature}"));
                ("data-metrics", names.collect(), vec![], Some(Bound::AtMost(rules.at_most)))
            }
            DriftKind::ModelQuality => {
                let rules = self.model_quality.as_ref()?;
                ("model-metrics", vec![rules.metric.clone()], vec![], bound(rules.at_least, rules.at_most))
            }
            DriftKind::Bias => {
                let rules = self.bias.as_ref()?;
                let metric = vec![format!("bias_metric_{}", rules.metric)];
                ("bias-metrics", metric, rules.dimensions(), bound(rules.at_least, rules.at_most))
            }
            DriftKind::FeatureAttribution => {
                let rules = self.feature_attribution.as_ref()?;
                let metric = vec![format!("feature_{}", rules.feature)];
                ("explainability-metrics", metric, rules.dimensions(), bound(rules.at_least, rules.at_most))
            }
        };
        let all = [("Endpoint", endpoint.as_str()), ("MonitoringSchedule", schedule)].into_iter().chain(own);
        Some(Measure {
            namespace: format!("aws/sagemaker/Endpoints/{space}"),
            metrics,
            dimensions: all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            bound: bound?,
        })
    }
}

impl Bias {
    fn dimensions(&self) -> Vec<(&'static str, &str)> {
        let stage = match self.stage {
            BiasStage::PreTraining => "Pre-training",
            BiasStage::PostTraining => "Post-Training",
        };
        vec![
            ("BiasStage", stage),
            ("Label", &self.label),
            ("LabelValue", &self.label_value),
            ("Facet", &self.facet),
            ("FacetValue", &self.facet_value),
        ]
    }
}

impl FeatureAttribution {
    fn dimensions(&self) -> Vec<(&'static str, &str)> {
        vec![("ExplainabilityMethod", "KernelShap"), ("Label", &self.label), ("ValueType", "GlobalShapValues")]
    }
}

fn bound(at_least: Option<Decimal>, at_most: Option<Decimal>) -> Option<Bound> {
    match (at_least, at_most) {
        (Some(least), None) => Some(Bound::AtLeast(least)),
        (None, Some(most)) => Some(Bound::AtMost(most)),
        _ => None,
    }
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
        match production.filter(|stage| stage.place.is_none()).map(|stage| &stage.target) {
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

/// CloudWatch takes ten metrics in one alarm.
const FEATURES: usize = 10;

/// How long labels are waited for at the most, in hours.
const LABELS: i64 = 30 * 24;

/// Whole hours that SageMaker's schedules can have.
const HOURS: [i64; 8] = [1, 2, 3, 4, 6, 8, 12, 24];

pub(super) fn limits(monitor: &Monitor, endpoint: Option<&EndpointTarget>) -> Option<Fault> {
    let clarify = monitor.bias.is_some() || monitor.feature_attribution.is_some();
    let images = [Some(&monitor.images.analyzer), monitor.images.clarify.as_ref()];
    let image = |image: &&String| (1..=255).contains(&image.len()) && !image.contains(char::is_whitespace);
    let placed = |network: &Network| !network.subnets.is_empty() && !network.security_groups.is_empty();
    let hours = monitor.every.as_hours();
    super::check::first([
        (endpoint.is_some(), "monitor", "expected a [deploy.endpoint] table: what is watched is its endpoint"),
        (images.iter().flatten().all(image), "monitor.images", "expected images by their URI"),
        (
            !clarify || monitor.images.clarify.is_some(),
            "monitor.images",
            "expected clarify: bias and feature attribution are Clarify's",
        ),
        (
            monitor.instance_type.starts_with("ml."),
            "monitor.instance_type",
            "expected a SageMaker instance type such as \"ml.m5.xlarge\"",
        ),
        ((1..=100).contains(&monitor.capture.percent), "monitor.capture", "expected a percent of 1 to 100"),
        (
            HOURS.contains(&hours) && monitor.every == SignedDuration::from_hours(hours),
            "monitor.every",
            "expected \"1h\", \"2h\", \"3h\", \"4h\", \"6h\", \"8h\", \"12h\" or \"24h\"",
        ),
        (
            (0..=LABELS).contains(&monitor.labels_after.as_hours()),
            "monitor.labels_after",
            "expected at most \"30d\", in hours",
        ),
        (
            monitor.network.as_ref().is_none_or(placed),
            "monitor.network",
            "expected at least one subnet and one security group",
        ),
    ])
    .or_else(|| kinds(monitor))
}

fn kinds(monitor: &Monitor) -> Option<Fault> {
    const ONE: &str = "expected exactly one of at_least and at_most";
    let bounded = |at_least: Option<Decimal>, at_most: Option<Decimal>| bound(at_least, at_most).is_some();
    let features = |rules: &DataQuality| {
        (1..=FEATURES).contains(&rules.features.len()) && rules.features.iter().all(|name| is_word(name))
    };
    let model = monitor.model_quality.as_ref();
    let quality = |rules: &ModelQuality| {
        let columns = [&rules.label, &rules.prediction].into_iter().flatten();
        [&rules.metric, &rules.inference].into_iter().chain(columns).all(|word| is_word(word))
    };
    let bias = monitor.bias.as_ref();
    let words = |rules: &Bias| {
        [&rules.metric, &rules.label, &rules.label_value, &rules.facet, &rules.facet_value]
            .into_iter()
            .all(|w| is_word(w))
    };
    let attribution = monitor.feature_attribution.as_ref();
    let named = |rules: &FeatureAttribution| is_word(&rules.feature) && is_word(&rules.label);
    super::check::first([
        (
            monitor.data_quality.as_ref().is_none_or(features),
            "monitor.data_quality",
            "expected 1 to 10 features, each 1 to 100 characters",
        ),
        (model.is_none_or(|rules| bounded(rules.at_least, rules.at_most)), "monitor.model_quality", ONE),
        (model.is_none_or(quality), "monitor.model_quality", "expected names of 1 to 100 characters"),
        (bias.is_none_or(|rules| bounded(rules.at_least, rules.at_most)), "monitor.bias", ONE),
        (bias.is_none_or(words), "monitor.bias", "expected names of 1 to 100 characters"),
        (attribution.is_none_or(|rules| bounded(rules.at_least, rules.at_most)), "monitor.feature_attribution", ONE),
        (attribution.is_none_or(named), "monitor.feature_attribution", "expected names of 1 to 100 characters"),
    ])
}

/// What can stand in a metric's name or in a dimension.
fn is_word(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && text.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHURN: &str = include_str!("../../../../models/churn.toml");

    fn policy() -> Policy {
        Policy::parse("churn.toml", CHURN).unwrap()
    }

    #[test]
    fn the_alarms_that_monitor_makes_are_the_models_without_being_listed() {
        let policy = policy();
        let name = "churn-prod-data-quality-drift";
        assert!(!policy.retrain.as_ref().unwrap().alarms.iter().any(|alarm| alarm.as_str() == name));
        let key = super::super::Key { kind: super::super::KeyKind::Alarm, name: name.into() };
        assert!(policy.keys().contains(&key));
        assert!(policy.drift_alarms().iter().any(|alarm| alarm.as_str() == name));
    }

    #[test]
    fn a_metric_of_clarify_is_known_by_all_that_it_is_about() {
        let (policy, schedule) = (policy(), "churn-bias");
        let endpoint = policy.endpoint().unwrap().name.clone();
        let measure = policy.monitor.unwrap().measure(DriftKind::Bias, &endpoint, schedule).unwrap();
        assert_eq!(DriftKind::of_namespace(&measure.namespace), Some(DriftKind::Bias));
        assert_eq!(measure.metrics, ["bias_metric_DPPL"]);
        let names: Vec<&str> = measure.dimensions.keys().map(String::as_str).collect();
        let expected = ["BiasStage", "Endpoint", "Facet", "FacetValue", "Label", "LabelValue", "MonitoringSchedule"];
        assert_eq!(names, expected);
    }

    #[test]
    fn hours_are_cron_expressions_that_sagemaker_takes() {
        let every = |hours| Monitor { every: SignedDuration::from_hours(hours), ..policy().monitor.unwrap() }.cron();
        assert_eq!([1, 6, 24].map(every), ["cron(0 * ? * * *)", "cron(0 0/6 ? * * *)", "cron(0 0 ? * * *)"]);
    }

    #[test]
    fn what_could_not_be_watched_is_refused() {
        let refused = |from: &str, to: &str| {
            assert!(CHURN.contains(from), "{from}");
            Policy::parse("churn.toml", &CHURN.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(refused("every = \"1h\"", "every = \"5h\"").contains("monitor.every: expected \"1h\""));
        assert!(refused("percent = 20,", "percent = 0,").contains("monitor.capture: expected a percent"));
        assert!(refused("features = [\"tenure\"]", "features = []").contains("monitor.data_quality: expected 1 to 10"));
        assert!(
            refused("at_least = 0.8 ", "at_least = 0.8, at_most = 0.9 ")
                .contains("monitor.model_quality: expected exactly")
        );
        assert!(refused("s3://churn-monitoring/reports", "churn-monitoring").contains("monitor.output"));
        let segments = include_str!("../../../../models/segments.toml");
        let table = CHURN.split_once("[monitor]").unwrap().1;
        let text = format!("{segments}\n[monitor]{table}");
        let text = text.replace("[reconcile] # what AWS does not tell of is looked for\n", "");
        let error = Policy::parse("segments.toml", &text).unwrap_err().to_string();
        assert!(error.contains("monitor: expected a [deploy.endpoint] table"), "{error}");
    }
}
