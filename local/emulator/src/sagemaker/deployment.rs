//! The course of a deployment: a fleet is created, each step bakes under its alarms, traffic moves or is rolled back, and
//! events are sent.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::endpoints::{Endpoint, arn, found};
use crate::alarms;
use crate::wire::Input;
use crate::world::{Phase, World, lock};

/// Interval between reads of the alarms while a step bakes.
const WATCH: Duration = Duration::from_millis(100);

/// Creates an endpoint, until it is InService.
pub(super) async fn make(world: Arc<World>, name: String) {
    send_event(&world, &name).await;
    world.over(Phase::Fleets).await;
    change(&world, &name, |endpoint| match world.fate(Phase::Fleets, "InService").as_str() {
        "Failed" => {
            endpoint.status = "Failed";
            endpoint.failure = Some(
                "The primary container for production variant AllTraffic did not pass the ping health check."
                    .to_owned(),
            );
        }
        _ => endpoint.status = "InService",
    });
    send_event(&world, &name).await;
}

/// Updates an endpoint, until the new configuration serves or the old one is restored.
pub(super) async fn replace(world: Arc<World>, name: String) {
    send_event(&world, &name).await;
    world.over(Phase::Fleets).await;
    let Ok(endpoint) = found(&world, &name) else { return };
    let steps = endpoint.deployment.as_ref().map(steps).unwrap_or_default();
    let alarms = endpoint.deployment.as_ref().map(rollback_alarms).unwrap_or_default();
    match go(&world, &endpoint, &steps, &alarms).await {
        None => change(&world, &name, |endpoint| {
            if let Some(pending) = endpoint.pending.take() {
                endpoint.config = pending.config;
                endpoint.variants = pending.variants;
            }
            endpoint.status = "InService";
        }),
        Some(alarm) => {
            change(&world, &name, |endpoint| endpoint.status = "RollingBack");
            send_event(&world, &name).await;
            world.over(Phase::Fleets).await;
            change(&world, &name, |endpoint| {
                endpoint.pending = None;
                endpoint.status = "InService";
                endpoint.failure = Some(format!("The deployment was rolled back: alarm {alarm} is in ALARM."));
            });
        }
    }
    send_event(&world, &name).await;
}

/// Deletes an endpoint. AWS documents no event for the end of a deletion, so none is sent.
pub(super) async fn remove(world: Arc<World>, name: String) {
    send_event(&world, &name).await;
    world.over(Phase::Fleets).await;
    lock(&world.sagemaker).endpoints.remove(&name);
}

/// Bakes each step in order; returns the first alarm that fires.
async fn go(world: &World, endpoint: &Endpoint, steps: &[u64], alarms: &[String]) -> Option<String> {
    for percent in steps {
        tell_baking(world, endpoint, *percent).await;
        if let Some(alarm) = bake(world, alarms).await {
            return Some(alarm);
        }
    }
    alarms::any_in_alarm(world, alarms).await
}

/// Waits for the baking time of a step; returns an alarm that fires during it.
async fn bake(world: &World, alarms: &[String]) -> Option<String> {
    let baked = world.over(Phase::Bakes);
    tokio::pin!(baked);
    loop {
        if let Some(alarm) = alarms::any_in_alarm(world, alarms).await {
            return Some(alarm);
        }
        tokio::select! {
            () = &mut baked => return alarms::any_in_alarm(world, alarms).await,
            () = tokio::time::sleep(WATCH) => {}
        }
    }
}

/// The traffic shares of the steps that bake: one for a canary, all for a linear or rolling update.
fn steps(deployment: &Value) -> Vec<u64> {
    let size = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_u64).unwrap_or(100).clamp(1, 100);
    let all = |step: u64| (1..=100_u64.div_ceil(step)).map(|number| (number * step).min(100)).collect();
    let routing = "/BlueGreenUpdatePolicy/TrafficRoutingConfiguration";
    match deployment.pointer(&format!("{routing}/Type")).and_then(Value::as_str) {
        Some("CANARY") => vec![size(&format!("{routing}/CanarySize/Value"))],
        Some("LINEAR") => all(size(&format!("{routing}/LinearStepSize/Value"))),
        _ if deployment.get("RollingUpdatePolicy").is_some() => {
            all(size("/RollingUpdatePolicy/MaximumBatchSize/Value"))
        }
        _ => Vec::new(),
    }
}

/// Whether the update moves traffic in steps, which requires the same variants in both configurations.
pub(super) fn is_guarded(deployment: &Value) -> bool {
    !steps(deployment).is_empty()
}

fn rollback_alarms(deployment: &Value) -> Vec<String> {
    let configuration = deployment.get("AutoRollbackConfiguration").cloned().unwrap_or_default();
    Input(&configuration).list("Alarms").filter_map(|alarm| alarm.text("AlarmName").map(str::to_owned)).collect()
}

fn change(world: &World, name: &str, change: impl FnOnce(&mut Endpoint)) {
    if let Some(endpoint) = lock(&world.sagemaker).endpoints.get_mut(name) {
        change(endpoint);
        endpoint.modified = Timestamp::now();
    }
}

/// A status in the format of events: `InService` is `IN_SERVICE`.
fn in_capitals(status: &str) -> String {
    let mut words = String::new();
    for letter in status.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}

async fn send_event(world: &World, name: &str) {
    let Ok(endpoint) = found(world, name) else { return };
    world.emit("aws.sagemaker", "SageMaker Endpoint State Change", &[arn(world, name)], detail(world, &endpoint)).await;
}

async fn tell_baking(world: &World, endpoint: &Endpoint, percent: u64) {
    let mut detail = detail(world, endpoint);
    if let (Some(pending), Some(fields)) = (&endpoint.pending, detail.as_object_mut()) {
        let since = pending.since.as_millisecond();
        let message = format!("Baking with traffic enabled on {percent} % of the capacity.");
        let status = json!([{"Status": "Baking", "StatusMessage": message, "StartTime": since}]);
        let mut variants = pending.variants.clone();
        if let Some(variant) = variants.get_mut(0).and_then(Value::as_object_mut) {
            variant.insert("VariantStatus".to_owned(), status);
        }
        let summary = json!({"EndpointConfigName": pending.config, "StartTime": since, "ProductionVariants": variants});
        fields.insert("PendingDeploymentSummary".to_owned(), summary);
    }
    let kind = "SageMaker Endpoint Deployment State Change";
    world.emit("aws.sagemaker", kind, &[arn(world, &endpoint.key)], detail).await;
}

fn detail(world: &World, endpoint: &Endpoint) -> Value {
    json!({
        "EndpointName": endpoint.name,
        "EndpointArn": arn(world, &endpoint.key),
        "EndpointConfigName": endpoint.config,
        "ProductionVariants": endpoint.variants,
        "EndpointStatus": in_capitals(endpoint.status),
        "FailureReason": endpoint.failure,
        "CreationTime": endpoint.created.as_millisecond() as f64,
        "LastModifiedTime": endpoint.modified.as_millisecond() as f64,
        "Tags": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_status_is_upper_snake_case() {
        assert_eq!(in_capitals("InService"), "IN_SERVICE");
        assert_eq!(in_capitals("Updating"), "UPDATING");
        assert_eq!(in_capitals("UpdateRollbackFailed"), "UPDATE_ROLLBACK_FAILED");
    }

    #[test]
    fn rollback_alarms_are_read_from_config() {
        let deployment = json!({
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY"}},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]},
        });
        assert_eq!(rollback_alarms(&deployment), ["a"]);
    }

    #[test]
    fn each_strategy_has_its_steps() {
        let routing = |routing: Value| json!({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}});
        assert_eq!(steps(&routing(json!({"Type": "CANARY", "CanarySize": {"Value": 10}}))), [10]);
        assert_eq!(steps(&routing(json!({"Type": "LINEAR", "LinearStepSize": {"Value": 30}}))), [30, 60, 90, 100]);
        assert_eq!(steps(&json!({"RollingUpdatePolicy": {"MaximumBatchSize": {"Value": 50}}})), [50, 100]);
        assert_eq!(steps(&routing(json!({"Type": "ALL_AT_ONCE"}))), [0; 0]);
    }
}
