//! A run's name and token are functions of the model and the trigger's subject: every delivery of the event, at every
//! time, leads to the same ones.

use super::reconcile::reconcile_request;
use super::*;

/// Another delivery of the event: with another id, at another time.
fn delivered(event: &Value, id: &str, time: &str) -> Value {
    let mut event = event.clone();
    event["id"] = json!(id);
    event["time"] = json!(time);
    event
}

/// The name and the token of the run that this event starts, by this clock.
fn named(event: &Value, clock: &str) -> (String, String) {
    let stage = monitored::monitored(None);
    stage.set_alarm(&AlarmState::Alarm);
    stage.world.clock.set(clock.parse().unwrap());
    assert_eq!(stage.react(event).0, Decision::Acted, "{event}");
    let (request, _) = stage.started().pop().unwrap();
    (request.display_name, request.token)
}

fn triggers() -> Vec<Value> {
    vec![
        alarm_at(NOON),
        request_for(&"c".repeat(40)),
        image::image("Training Requested", 1, &image::uri(1)),
        operator_request::requested(Some("tuesday"), false, NOON),
        monitored::ended_job("1"),
    ]
}

#[test]
fn run_name_and_token_contain_no_time_and_no_event_id() {
    for event in triggers() {
        let first = named(&event, NOON);
        let other = named(&delivered(&event, "another-id", "2026-11-20T17:41:07Z"), "2027-02-03T04:05:06.789Z");
        assert_eq!(first, other, "every delivery is one run: {event}");
    }
}

#[test]
fn run_name_and_token_of_two_triggers_differ() {
    let mut all: Vec<(String, String)> = triggers().iter().map(|event| named(event, NOON)).collect();
    all.push(named(&alarm_at("2026-11-20T12:00:01Z"), NOON));
    all.push(named(&request_for(&"d".repeat(40)), NOON));
    let names: std::collections::BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
    let tokens: std::collections::BTreeSet<&String> = all.iter().map(|(_, token)| token).collect();
    assert_eq!((names.len(), tokens.len()), (all.len(), all.len()), "each dedup key has a run of its own: {all:?}");
}

#[test]
fn run_name_and_token_of_two_models_differ() {
    let stage = engines::stage_of(engines::FORECAST);
    stage.react(&engines::of("forecast", &request_for(&"c".repeat(40))));
    let (other, _) = stage.started().pop().unwrap();
    let (name, token) = named(&request_for(&"c".repeat(40)), NOON);
    assert_eq!(other.display_name.replace("forecast-", "").len(), name.replace("churn-", "").len());
    assert_ne!(other.display_name.replace("forecast-", ""), name.replace("churn-", ""), "one digest for two models");
    assert_ne!(other.token, token);
}

/// A version that named a run differently would start a run that its predecessor has started. The digests are
/// SHA-256, computed by Python's hashlib.
#[test]
fn run_name_and_token_are_stable_across_versions() {
    let (name, token) = named(&request_for(&"c".repeat(40)), NOON);
    assert_eq!(name, "churn-build-44375a53");
    assert_eq!(token, "trimtab-458a3ce3ef8c83f6deeb53e012ae4d57dcf65538c038441a");
}

#[test]
fn run_name_of_a_batch_contains_no_time_of_reconcile() {
    let ready = |after: i64| {
        let stage = stage();
        stage.react(&data_debounce::object("features/1.parquet", NOON));
        stage.pass(SignedDuration::from_mins(after));
        assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "data"));
        let (request, _) = stage.started().pop().unwrap();
        (request.display_name, request.token)
    };
    assert_eq!(ready(15), ready(200), "a batch is one trigger, whenever it is reconciled");
}

#[test]
fn run_name_on_schedule_contains_no_time_of_reconcile() {
    let due = |days: i64| {
        let stage = stage_with(|retrain| retrain.every = Some(HOUR * 24));
        stage.react(&reconcile_request());
        stage.pass(HOUR * 24 * i32::try_from(days).unwrap());
        assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "schedule"));
        let (request, _) = stage.started().pop().unwrap();
        (request.display_name, request.token)
    };
    assert_eq!(due(1), due(3), "a due run is one trigger, whenever it is reconciled");
}

#[test]
fn retry_of_a_start_requests_the_same_run_at_any_time() {
    let stage = stage();
    stage.services.fail_effect(0, Fault::Lost);
    stage.try_react(&alarm_at(NOON)).unwrap_err();
    let (first, _) = stage.services.training().runs.pop().unwrap();
    stage.pass(HOUR * 5);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Acted, "already_handled"));
    assert_eq!(stage.started()[0].0, first, "name, token, parameters and time are those of the first attempt");
}
