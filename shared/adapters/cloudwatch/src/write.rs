//! [`AlarmWrites`] for the alarms that Trimtab creates.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat, Statistic};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::monitor::{Bound, Measure};
use trimtab_core::port::PortResult;
use trimtab_core::port::{AlarmRequest, AlarmWrites};
use trimtab_runtime::sdk;

use crate::CloudWatch;

impl AlarmWrites for CloudWatch {
    /// Missing data is ignored: between two executions, the alarm keeps the state of the last one.
    async fn put(&self, request: &AlarmRequest) -> PortResult<()> {
        let AlarmRequest { name, description, measure, period } = request;
        let (comparison, statistic, threshold) = match measure.bound {
            Bound::AtLeast(least) => (ComparisonOperator::LessThanThreshold, Statistic::Minimum, least),
            Bound::AtMost(most) => (ComparisonOperator::GreaterThanThreshold, Statistic::Maximum, most),
        };
        let call = self
            .client
            .put_metric_alarm()
            .alarm_name(name.as_str())
            .alarm_description(description)
            .comparison_operator(comparison)
            .threshold(threshold.to_string().parse().unwrap_or_default())
            .evaluation_periods(1)
            .treat_missing_data("ignore");
        let call = match measure.metrics.as_slice() {
            [metric] => call
                .namespace(&measure.namespace)
                .metric_name(metric)
                .set_dimensions(Some(dimensions(measure)))
                .statistic(statistic)
                .period(*period),
            _ => call.set_metrics(Some(worst(measure, &statistic, *period))),
        };
        call.send().await.map(drop).map_err(|error| sdk::failure("cloudwatch:PutMetricAlarm", &error))
    }

    async fn delete(&self, name: &AlarmName) -> PortResult<()> {
        match self.client.delete_alarms().alarm_names(name.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if sdk::code(&error) == Some("ResourceNotFound") => Ok(()),
            Err(error) => Err(sdk::failure("cloudwatch:DeleteAlarms", &error)),
        }
    }
}

fn dimensions(measure: &Measure) -> Vec<Dimension> {
    let dimension = |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
    measure.dimensions.iter().map(dimension).collect()
}

/// The expression that selects the worst of several metrics.
fn worst(measure: &Measure, statistic: &Statistic, period: i32) -> Vec<MetricDataQuery> {
    let query = |(number, name): (usize, &String)| {
        let metric = Metric::builder()
            .namespace(&measure.namespace)
            .metric_name(name)
            .set_dimensions(Some(dimensions(measure)))
            .build();
        let stat = MetricStat::builder().metric(metric).stat(statistic.as_str()).period(period).build();
        MetricDataQuery::builder().id(format!("m{number}")).metric_stat(stat).return_data(false).build()
    };
    let mut queries: Vec<MetricDataQuery> = measure.metrics.iter().enumerate().map(query).collect();
    let of = if matches!(measure.bound, Bound::AtLeast(_)) { "MIN" } else { "MAX" };
    queries
        .push(MetricDataQuery::builder().id("worst").expression(format!("{of}(METRICS())")).return_data(true).build());
    queries
}

#[cfg(test)]
mod tests {
    use trimtab_core::decimal::Decimal;

    use super::*;

    #[test]
    fn several_metrics_return_one_expression() {
        let measure = Measure {
            namespace: "aws/sagemaker/Endpoints/data-metrics".to_owned(),
            metrics: vec!["a".to_owned(), "b".to_owned()],
            dimensions: [("Endpoint".to_owned(), "churn-prod".to_owned())].into(),
            bound: Bound::AtMost(Decimal::of(0.2).unwrap()),
        };
        let queries = worst(&measure, &Statistic::Maximum, 3600);
        let returned: Vec<_> = queries.iter().filter(|query| query.return_data() == Some(true)).collect();
        assert_eq!(queries.len(), 3);
        assert_eq!(returned.iter().map(|query| query.expression()).collect::<Vec<_>>(), [Some("MAX(METRICS())")]);
    }
}
