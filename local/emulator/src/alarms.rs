//! Alarm events: MiniStack evaluates alarms, but sends no event when one changes its state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::Input;
use crate::world::World;

/// Interval between reads of the alarms. Real alarms take a minute; a short interval keeps tests fast.
const POLL: Duration = Duration::from_millis(200);

/// Sends an event for every state change until the task is aborted.
pub(crate) async fn send_changes(world: Arc<World>) {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let all = json!({"MaxRecords": 100, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]});
    loop {
        tokio::time::sleep(POLL).await;
        let Ok(response) = world.backends.cloudwatch("DescribeAlarms", &all).await else {
            continue;
        };
        let response = Input(&response);
        for alarm in response.list("MetricAlarms").chain(response.list("CompositeAlarms")) {
            let Some(name) = alarm.text("AlarmName") else { continue };
            let before = known.insert(name.to_owned(), alarm.0.clone());
            let changed = |before: &Value| Input(before).text("StateValue") != alarm.text("StateValue");
            // As in CloudWatch, a new alarm starts without data.
            let previous = before.unwrap_or_else(|| json!({"StateValue": "INSUFFICIENT_DATA"}));
            if changed(&previous) {
                send_event(&world, name, alarm, Input(&previous)).await;
            }
        }
    }
}

/// The first of these alarms that is in state ALARM.
pub(crate) async fn any_in_alarm(world: &World, names: &[String]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let input = json!({"AlarmNames": names, "StateValue": "ALARM"});
    let response = world.backends.cloudwatch("DescribeAlarms", &input).await.ok()?;
    Input(&response).list("MetricAlarms").find_map(|alarm| alarm.text("AlarmName").map(str::to_owned))
}

async fn send_event(world: &World, name: &str, alarm: Input<'_>, previous: Input<'_>) {
    let arn = world.arn("cloudwatch", &format!("alarm:{name}"));
    let detail = json!({
        "alarmName": name,
        "configuration": configuration(alarm),
        "previousState": state(previous),
        "state": state(alarm),
    });
    world.emit("aws.cloudwatch", "CloudWatch Alarm State Change", &[arn], detail).await;
}

/// The configuration in the event: a composite alarm has a rule and no metrics.
fn configuration(alarm: Input<'_>) -> Value {
    let description = alarm.text("AlarmDescription");
    match alarm.text("AlarmRule") {
        Some(rule) => json!({"description": description, "alarmRule": rule}),
        None => json!({"description": description, "metrics": metrics(alarm)}),
    }
}

fn state(alarm: Input<'_>) -> Value {
    // CloudWatch writes the offset without a colon.
    let at = alarm.time("StateUpdatedTimestamp").unwrap_or_else(jiff::Timestamp::now);
    json!({
        "value": alarm.text("StateValue"),
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
        "reason": alarm.text("StateReason").unwrap_or("Unchecked: Initial alarm creation"),
        "reasonData": alarm.text("StateReasonData"),
    })
}

fn metrics(alarm: Input<'_>) -> Vec<Value> {
    let dimensions = |of: Input<'_>| -> Value {
        let pairs =
            of.list("Dimensions").filter_map(|pair| Some((pair.text("Name")?.to_owned(), json!(pair.text("Value")?))));
        Value::Object(pairs.collect())
    };
    let one = |query: Input<'_>| {
        let mut metric =
            json!({"id": query.text("Id"), "returnData": query.get("ReturnData").cloned().unwrap_or(json!(true))});
        let Some(fields) = metric.as_object_mut() else { return metric };
        if let Some(stat) = query.get("MetricStat").map(Input) {
            let named = Input(stat.get("Metric").unwrap_or(&Value::Null));
            let inner = json!({"dimensions": dimensions(named), "name": named.text("MetricName"), "namespace": named.text("Namespace")});
            let stat = json!({"metric": inner, "period": stat.get("Period"), "stat": stat.text("Stat")});
            fields.insert("metricStat".to_owned(), stat);
        }
        if let Some(expression) = query.text("Expression") {
            fields.insert("expression".to_owned(), json!(expression));
        }
        metric
    };
    let several: Vec<Value> = alarm.list("Metrics").map(one).collect();
    if !several.is_empty() {
        return several;
    }
    let Some(name) = alarm.text("MetricName") else { return Vec::new() };
    let inner = json!({"dimensions": dimensions(alarm), "name": name, "namespace": alarm.text("Namespace")});
    let stat = json!({"metric": inner, "period": alarm.get("Period"), "stat": alarm.text("Statistic")});
    vec![json!({"id": "m1", "metricStat": stat, "returnData": true})]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_alarm_event_has_its_metric() {
        let alarm = json!({
            "MetricName": "feature_baseline_drift_tenure", "Namespace": "aws/sagemaker/Endpoints/data-metrics",
            "Dimensions": [{"Name": "Endpoint", "Value": "e"}], "Period": 60, "Statistic": "Maximum",
        });
        let metrics = json!(metrics(Input(&alarm)));
        assert_eq!(
            metrics.pointer("/0/metricStat/metric/namespace"),
            Some(&json!("aws/sagemaker/Endpoints/data-metrics"))
        );
        assert_eq!(metrics.pointer("/0/metricStat/metric/dimensions/Endpoint"), Some(&json!("e")));
    }

    #[test]
    fn composite_alarm_event_has_its_rule() {
        let found = configuration(Input(&json!({"AlarmRule": "ALARM(a) OR ALARM(b)"})));
        assert_eq!(found, json!({"description": null, "alarmRule": "ALARM(a) OR ALARM(b)"}));
    }

    #[test]
    fn expression_has_no_metric() {
        let alarm = json!({"Metrics": [{"Id": "e1", "Expression": "m1*2"}]});
        assert_eq!(json!(metrics(Input(&alarm))), json!([{"id": "e1", "returnData": true, "expression": "m1*2"}]));
    }
}
