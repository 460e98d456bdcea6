//! Kinds of drift, as SageMaker's monitors distinguish them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of drift, named after the monitor that detects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Model Monitor, data quality.
    DataQuality,
    /// Model Monitor, model quality.
    ModelQuality,
    /// Clarify, bias.
    Bias,
    /// Clarify, feature attribution.
    FeatureAttribution,
}

/// The last part of the metric namespaces of SageMaker's monitors (`aws/sagemaker/Endpoints/…` and
/// `aws/sagemaker/ModelMonitoring/…`), with the kind of drift. An alarm on any other namespace is not drift.
const DRIFT_BY_NAMESPACE: [(&str, DriftKind); 4] = [
    ("data-metrics", DriftKind::DataQuality),
    ("model-metrics", DriftKind::ModelQuality),
    ("bias-metrics", DriftKind::Bias),
    ("explainability-metrics", DriftKind::FeatureAttribution),
];

impl DriftKind {
    /// The kind of drift that a metric namespace means; `None` for namespaces of other services.
    #[must_use]
    pub fn of_namespace(namespace: &str) -> Option<Self> {
        let path = namespace.trim_start_matches('/').strip_prefix("aws/sagemaker/")?;
        let last = path.rsplit('/').next()?;
        DRIFT_BY_NAMESPACE.iter().find(|(name, _)| *name == last).map(|(_, kind)| *kind)
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataQuality => "data quality",
            Self::ModelQuality => "model quality",
            Self::Bias => "bias",
            Self::FeatureAttribution => "feature attribution",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_namespaces_of_monitors_mean_drift() {
        let rows = [
            ("aws/sagemaker/Endpoints/data-metrics", Some(DriftKind::DataQuality)),
            ("/aws/sagemaker/Endpoints/data-metrics", Some(DriftKind::DataQuality)),
            ("aws/sagemaker/ModelMonitoring/data-metrics", Some(DriftKind::DataQuality)),
            ("aws/sagemaker/Endpoints/model-metrics", Some(DriftKind::ModelQuality)),
            ("aws/sagemaker/Endpoints/bias-metrics", Some(DriftKind::Bias)),
            ("aws/sagemaker/Endpoints/explainability-metrics", Some(DriftKind::FeatureAttribution)),
            ("aws/sagemaker/Endpoints", None),
            ("AWS/SageMaker", None),
            ("data-metrics", None),
            ("custom/data-metrics", None),
            ("", None),
        ];
        for (namespace, kind) in rows {
            assert_eq!(DriftKind::of_namespace(namespace), kind, "{namespace}");
        }
        let words = [
            (DriftKind::DataQuality, "data quality", "data_quality"),
            (DriftKind::ModelQuality, "model quality", "model_quality"),
            (DriftKind::Bias, "bias", "bias"),
            (DriftKind::FeatureAttribution, "feature attribution", "feature_attribution"),
        ];
        for (kind, said, written) in words {
            assert_eq!((kind.to_string().as_str(), serde_json::to_value(kind).unwrap()), (said, json!(written)));
        }
    }
}
