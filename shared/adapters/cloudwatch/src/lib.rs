//! CloudWatch alarms: [`Alarms`] reads them; `write` puts and deletes Trimtab's own.

mod write;

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, Dimension, Metric, MetricAlarm, StateValue};
use jiff::Timestamp;
use trimtab_core::event::{AlarmState, DriftKind, FACET, children, feature};
use trimtab_core::name::{AlarmArn, AlarmName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Alarms, ObservedAlarm};
use trimtab_runtime::sdk;

/// The largest number of alarms in one response of CloudWatch.
const AT_ONCE: i32 = 100;

/// A client of CloudWatch's metric and composite alarms.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Alarms for CloudWatch {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        if alarms.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .client
            .describe_alarms()
            .set_alarm_names(Some(alarms.iter().map(ToString::to_string).collect()))
            // CloudWatch omits composite alarms unless they are requested.
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(AT_ONCE)
            .send()
            .await
            .map_err(|error| sdk::failure("cloudwatch:DescribeAlarms", &error))?;
        Ok(answer
            .metric_alarms()
            .iter()
            .filter_map(metric)
            .chain(answer.composite_alarms().iter().filter_map(composite))
            .collect())
    }
}

fn metric(alarm: &MetricAlarm) -> Option<ObservedAlarm> {
    let several: Vec<&Metric> =
        alarm.metrics().iter().filter_map(|query| query.metric_stat().and_then(|stat| stat.metric())).collect();
    let namespaces = several.iter().filter_map(|metric| metric.namespace());
    let drift = alarm.namespace().into_iter().chain(namespaces).find_map(DriftKind::of_namespace);
    let since = alarm.state_transitioned_timestamp().or_else(|| alarm.state_updated_timestamp());
    let mut found = actual(alarm.alarm_name(), alarm.alarm_arn(), alarm.state_value(), since)?;
    let one = feature(alarm.metric_name().unwrap_or_default(), facet(alarm.dimensions()));
    let of = |metric: &&Metric| feature(metric.metric_name()?, facet(metric.dimensions())).map(str::to_owned);
    found.drift = drift;
    found.features = one.map(str::to_owned).into_iter().chain(several.iter().filter_map(of)).collect();
    Some(found)
}

fn facet(dimensions: &[Dimension]) -> Option<&str> {
    dimensions.iter().find(|dimension| dimension.name() == Some(FACET)).and_then(|dimension| dimension.value())
}

fn composite(alarm: &CompositeAlarm) -> Option<ObservedAlarm> {
    let since = alarm.state_transitioned_timestamp().or_else(|| alarm.state_updated_timestamp());
    let mut found = actual(alarm.alarm_name(), alarm.alarm_arn(), alarm.state_value(), since)?;
    found.children = alarm.alarm_rule().map(children).unwrap_or_default();
    found.suppressed = alarm.actions_suppressed_by().is_some();
    Some(found)
}

fn actual(
    name: Option<&str>,
    arn: Option<&str>,
    state: Option<&StateValue>,
    since: Option<&DateTime>,
) -> Option<ObservedAlarm> {
    Some(ObservedAlarm {
        name: AlarmName::parse(name?).ok()?,
        arn: AlarmArn::parse(arn?).ok()?,
        state: AlarmState::parse(state?.as_str()),
        since: since.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
        drift: None,
        features: Vec::new(),
        children: Vec::new(),
        suppressed: false,
    })
}
