//! Events of [CloudWatch alarms][doc].
//!
//! [doc]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{DriftKind, EventError, lenient, name, read};
use crate::name::{AlarmArn, AlarmName};

lenient::words! {
    /// The state of an alarm.
    AlarmState {
        /// Within the threshold.
        Ok = "OK",
        /// Beyond the threshold.
        Alarm = "ALARM",
        /// Too little data.
        InsufficientData = "INSUFFICIENT_DATA",
    }
}

/// A state change of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The ARN.
    pub arn: AlarmArn,
    /// The name.
    pub name: String,
    /// The new state.
    pub state: AlarmState,
    /// The time of the change. Together with the ARN it identifies the transition.
    pub since: Timestamp,
    /// CloudWatch's reason. Untrusted, because it contains metric names.
    pub reason: String,
    /// The metrics of the alarm; empty for a composite alarm.
    pub metrics: Vec<AlarmMetric>,
    /// The rule of a composite alarm.
    pub rule: Option<String>,
    /// The description that an operator wrote. Untrusted.
    pub description: Option<String>,
    /// Whether a composite alarm's actions are suppressed. CloudWatch sends the same change again when they no longer are.
    pub suppressed: bool,
}

/// A metric of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmMetric {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The dimensions.
    pub dimensions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "alarmName")]
    name: AlarmName,
    state: State,
    #[serde(default, deserialize_with = "lenient::or_default")]
    configuration: Configuration,
}

#[derive(Deserialize)]
struct State {
    value: AlarmState,
    #[serde(deserialize_with = "lenient::required")]
    timestamp: Timestamp,
    #[serde(default, deserialize_with = "lenient::or_default")]
    reason: String,
    #[serde(rename = "actionsSuppressedBy")]
    suppressed_by: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    description: Option<String>,
    alarm_rule: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    metrics: Vec<Metric>,
}

/// An expression has no `metricStat`; an anomaly detection alarm has both forms.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    metric: MetricName,
}

#[derive(Deserialize)]
struct MetricName {
    #[serde(default, deserialize_with = "lenient::or_default")]
    namespace: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    dimensions: BTreeMap<String, String>,
}

impl Alarm {
    pub(super) fn read(what: &str, arn: &str, detail: &Value) -> Result<Self, EventError> {
        let detail: Detail = read(what, detail)?;
        let metrics = detail.configuration.metrics.into_iter().filter_map(|metric| metric.metric_stat);
        Ok(Self {
            arn: name(what, "resources.0", arn, AlarmArn::parse)?,
            name: detail.name.to_string(),
            state: detail.state.value,
            since: detail.state.timestamp,
            reason: detail.state.reason,
            metrics: metrics
                .map(|MetricStat { metric }| AlarmMetric {
                    namespace: metric.namespace,
                    name: metric.name,
                    dimensions: metric.dimensions,
                })
                .collect(),
            rule: detail.configuration.alarm_rule,
            suppressed: detail.state.suppressed_by.is_some(),
            description: detail.configuration.description,
        })
    }

    /// The kind of drift of the first metric that one of SageMaker's monitors publishes.
    #[must_use]
    pub fn drift(&self) -> Option<DriftKind> {
        self.metrics.iter().find_map(|metric| DriftKind::of_namespace(&metric.namespace))
    }

    /// Whether the alarm is composite: its rule names other alarms instead of metrics.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        self.rule.is_some()
    }

    /// The features that the metrics are about. Untrusted.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        let of = |metric: &AlarmMetric| {
            feature(&metric.name, metric.dimensions.get(FACET).map(String::as_str)).map(str::to_owned)
        };
        self.metrics.iter().filter_map(of).collect()
    }
}

/// The dimension of a bias metric that names the feature.
pub const FACET: &str = "Facet";

/// The feature that a metric of SageMaker's monitors is about. Data quality metrics have it in their name, bias metrics
/// in the dimension [`FACET`]. Untrusted.
#[must_use]
pub fn feature<'a>(metric: &'a str, facet: Option<&'a str>) -> Option<&'a str> {
    metric.strip_prefix("feature_baseline_drift_").or(facet).filter(|name| !name.is_empty())
}

/// The largest number of alarms that is read from a rule: CloudWatch allows 100.
const MOST_CHILDREN: usize = 100;

/// The alarms that the rule of a composite alarm names, by [its syntax][doc]: `ALARM(name)`, `OK("a name")`, with a name
/// or an ARN.
///
/// [doc]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
#[must_use]
pub fn children(rule: &str) -> Vec<AlarmName> {
    let mut found: Vec<AlarmName> = Vec::new();
    let mut rest = rule;
    while let Some((before, after)) = rest.split_once('(') {
        let word = before.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic() && c != '_').next().unwrap_or_default();
        rest = after;
        if !["ALARM", "OK", "INSUFFICIENT_DATA"].contains(&word) {
            continue;
        }
        let (text, end) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(')').unwrap_or((after, "")),
        };
        rest = end;
        let name = AlarmArn::parse(text.trim()).map_or_else(|_| text.trim().to_owned(), |arn| arn.name().to_owned());
        found.extend(AlarmName::parse(&name).ok().filter(|name| !found.contains(name)));
    }
    found.truncate(MOST_CHILDREN);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_its_alarms() {
        let rule = r#"(ALARM(churn-drift) OR ALARM("churn (bias)")) AND NOT OK(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:x) AND TRUE AND ALARM(churn-drift)"#;
        let names: Vec<String> = children(rule).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["churn-drift", "churn (bias)", "x"]);
    }

    #[test]
    fn a_broken_rule_names_what_it_can_and_ends() {
        for (rule, names) in [("", 0), ("ALARM(", 0), ("ALARM(\"a", 1), ("((((", 0), ("FALSE", 0), ("ALARM(a) OR (", 1)]
        {
            assert_eq!(children(rule).len(), names, "{rule}");
        }
    }
}
