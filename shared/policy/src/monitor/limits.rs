//! Rules of `[monitor]` that types cannot express.

use jiff::SignedDuration;

use super::measure::bound;
use super::{Bias, DataQuality, FeatureAttribution, ModelQuality, Monitor, Network};
use crate::EndpointTarget;
use crate::validate::{Fault, first};
use trimtab_names::decimal::Decimal;
use trimtab_names::name::word;

/// The largest number of metrics in one alarm of CloudWatch.
const FEATURES: usize = 10;

/// The longest delay of labels, in hours.
const LABELS: i64 = 30 * 24;

/// The most [subnets and security groups][doc] that SageMaker accepts.
///
/// [doc]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VpcConfig.html
const SUBNETS: usize = 16;
const GROUPS: usize = 5;

/// The intervals in hours that schedules of SageMaker can have.
const HOURS: [i64; 8] = [1, 2, 3, 4, 6, 8, 12, 24];

#[allow(clippy::too_many_lines, reason = "a list of rules, each of a few lines")]
pub(crate) fn limits(monitor: &Monitor, endpoint: Option<&EndpointTarget>) -> Option<Fault> {
    let clarify = monitor.bias.is_some() || monitor.feature_attribution.is_some();
    let images = [Some(&monitor.images.analyzer), monitor.images.clarify.as_ref()];
    let image = |image: &&String| (1..=255).contains(&image.len()) && !image.contains(char::is_whitespace);
    let ids = |ids: &[String], most: usize| (1..=most).contains(&ids.len()) && ids.iter().all(|id| word(id, 32, "-"));
    let network = |network: &Network| ids(&network.subnets, SUBNETS) && ids(&network.security_groups, GROUPS);
    let (hours, labels) = (monitor.every.as_hours(), monitor.label_delay.as_hours());
    first([
        (endpoint.is_some(), "monitor", "expected a [deploy.endpoint] table, whose endpoint is monitored"),
        (
            endpoint.is_none_or(|endpoint| endpoint.serving.fleet().is_some()),
            "monitor",
            "expected an endpoint on instances: a serverless endpoint has no data capture",
        ),
        (images.iter().flatten().all(image), "monitor.images", "expected images by their URI"),
        (
            !clarify || monitor.images.clarify.is_some(),
            "monitor.images",
            "expected clarify, which computes bias and feature attribution",
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
            (1..=LABELS).contains(&labels) && monitor.label_delay == SignedDuration::from_hours(labels),
            "monitor.label_delay",
            "expected whole hours, \"1h\" to \"30d\"",
        ),
        (
            monitor.network.as_ref().is_none_or(network),
            "monitor.network",
            "expected the ids of 1 to 16 subnets and of 1 to 5 security groups",
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
    first([
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

/// Whether the text can be part of the name or of a dimension of a metric.
fn is_word(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && text.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
}
