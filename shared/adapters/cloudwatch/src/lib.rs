//! [`Alarms`] over CloudWatch. Reads only.

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::AlarmType;
use trimtab_core::event::AlarmState;
use trimtab_core::name::AlarmName;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::Alarms;
use trimtab_runtime::sdk;

/// CloudWatch's alarms, metric and composite.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// The alarms of the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Alarms for CloudWatch {
    async fn state(&self, alarm: &AlarmName) -> Answer<Option<AlarmState>> {
        let answer = self
            .client
            .describe_alarms()
            .alarm_names(alarm.as_str())
            // Unless it is asked for, CloudWatch leaves composite alarms out.
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .send()
            .await
            .map_err(|error| sdk::failure("cloudwatch:DescribeAlarms", &error))?;
        let metric = answer.metric_alarms().iter().filter_map(|alarm| alarm.state_value());
        let composite = answer.composite_alarms().iter().filter_map(|alarm| alarm.state_value());
        Ok(metric.chain(composite).next().map(|state| AlarmState::parse(state.as_str())))
    }
}
