//! The metrics of alarms on drift, and their bounds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Bias, BiasStage, FeatureAttribution, Monitor};
use trimtab_names::decimal::Decimal;
use trimtab_names::drift::DriftKind;
use trimtab_names::name::EndpointName;

/// The bound beyond which a metric is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// A lower value is drift.
    AtLeast(Decimal),
    /// A higher value is drift.
    AtMost(Decimal),
}

/// The metrics of one alarm, which differ only in their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The namespace.
    pub namespace: String,
    /// The names of the metrics; the worst value counts.
    pub metrics: Vec<String>,
    /// The dimensions of the metrics.
    pub dimensions: BTreeMap<String, String>,
    /// The bound beyond which a value is drift.
    pub bound: Bound,
}

impl Monitor {
    /// The kinds of drift that the policy has a table for.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<DriftKind> {
        let tables = [
            self.data_quality.as_ref().map(|_| DriftKind::DataQuality),
            self.model_quality.as_ref().map(|_| DriftKind::ModelQuality),
            self.bias.as_ref().map(|_| DriftKind::Bias),
            self.feature_attribution.as_ref().map(|_| DriftKind::FeatureAttribution),
        ];
        tables.into_iter().flatten().collect()
    }

    /// The `ScheduleExpression`. SageMaker accepts whole hours, up to a day.
    #[must_use]
    pub fn cron(&self) -> String {
        match self.every.as_hours() {
            ..=1 => "cron(0 * ? * * *)".to_owned(),
            24.. => "cron(0 0 ? * * *)".to_owned(),
            hours => format!("cron(0 0/{hours} ? * * *)"),
        }
    }

    /// The metrics of the alarm on this kind of drift; `None` if the policy has no table for it. Namespaces and dimensions
    /// are those of SageMaker's monitors of endpoints.
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

pub(super) fn bound(at_least: Option<Decimal>, at_most: Option<Decimal>) -> Option<Bound> {
    match (at_least, at_most) {
        (Some(least), None) => Some(Bound::AtLeast(least)),
        (None, Some(most)) => Some(Bound::AtMost(most)),
        _ => None,
    }
}
