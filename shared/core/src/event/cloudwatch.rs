//! CloudWatch alarms: [the events that CloudWatch sends][doc].
//!
//! [doc]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{DriftKind, EventError, lenient, name, read};
use crate::name::{AlarmArn, AlarmName};

lenient::words! {
    /// An alarm's state.
    AlarmState {
        /// Within its threshold.
        Ok = "OK",
        /// Beyond its threshold.
        Alarm = "ALARM",
        /// Not enough data to say.
        InsufficientData = "INSUFFICIENT_DATA",
    }
}

/// An alarm changed its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The alarm.
    pub arn: AlarmArn,
    /// Its name.
    pub name: String,
    /// The state it changed to.
    pub state: AlarmState,
    /// When it did; with the ARN, this names the transition.
    pub since: Timestamp,
    /// Why, as CloudWatch says. Untrusted where metric names are.
    pub reason: String,
    /// The metrics it watches; empty for a composite alarm.
    pub metrics: Vec<AlarmMetric>,
    /// A composite alarm's rule.
    pub rule: Option<String>,
    /// What a person wrote about it. Untrusted.
    pub description: Option<String>,
    /// Whether a composite alarm's actions are held back: it tells of the same change again when they no longer are.
    pub suppressed: bool,
}

/// A metric that an alarm watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its dimensions.
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

/// An expression has no `metricStat`; an anomaly alarm has both kinds side by side.
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

    /// The kind of drift it tells of: that of the first of its metrics that a monitor publishes.
    #[must_use]
    pub fn drift(&self) -> Option<DriftKind> {
        self.metrics.iter().find_map(|metric| DriftKind::of_namespace(&metric.namespace))
    }

    /// Whether it watches other alarms instead of metrics.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        self.rule.is_some()
    }

    /// The features that its metrics are about. Untrusted.
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

/// The feature that one of SageMaker's monitoring metrics is about: data quality has it in the
/// metric's name, bias in the dimension [`FACET`]. Untrusted.
#[must_use]
pub fn feature<'a>(metric: &'a str, facet: Option<&'a str>) -> Option<&'a str> {
    metric.strip_prefix("feature_baseline_drift_").or(facet).filter(|name| !name.is_empty())
}

/// How many alarms of a rule are looked at: CloudWatch allows a rule 100.
const MOST_CHILDREN: usize = 100;

/// The alarms that a composite alarm's rule names, by [its syntax][doc]: `ALARM(name)`, `OK("a name")`, with the ARN
/// for the name, too.
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
