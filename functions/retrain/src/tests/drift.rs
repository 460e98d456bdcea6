//! The four kinds of drift, and the kinds of alarm that report them.

use super::*;

fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The event of this name in `events/cloudwatch`.
macro_rules! alarm_event {
    ($ctx:literal) => {
        event(include_str!(concat!("../../../../events/cloudwatch/", $ctx, ".json")))
    };
}

pub(super) fn arn(name: &str) -> AlarmArn {
    AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")).unwrap()
}

pub(super) fn actual(name: &str, drift: Option<DriftKind>, state: AlarmState) -> ObservedAlarm {
    ObservedAlarm {
        name: AlarmName::parse(name).unwrap(),
        arn: arn(name),
        state,
        since: Some("2026-11-22T03:12:09.482Z".parse().unwrap()),
        drift,
        features: vec![],
        children: vec![],
        suppressed: false,
    }
}

/// churn's composite alarm and its firing child. The composite alarm has two children; the other one is absent.
pub(super) fn any_drift() -> Vec<ObservedAlarm> {
    let bias = ObservedAlarm {
        features: vec!["age".to_owned()],
        ..actual("churn-prod-bias-drift", Some(DriftKind::Bias), AlarmState::Alarm)
    };
    let children = ["churn-prod-data-drift", "churn-prod-bias-drift"].map(|name| AlarmName::parse(name).unwrap());
    let any = ObservedAlarm { children: children.into(), ..actual("churn-prod-any-drift", None, AlarmState::Alarm) };
    vec![bias, any]
}

impl Rig {
    pub(super) fn with_others(others: Vec<ObservedAlarm>) -> Self {
        let stage = stage();
        stage.set_alarm(&AlarmState::Ok);
        stage.set_others(others);
        stage
    }

    fn reason(&self, event: &Value) -> String {
        self.try_react(event).unwrap().entry.reasons[0].clone()
    }
}

#[test]
fn each_kind_of_drift_starts_a_run_that_names_it() {
    let cases = [
        (alarm_event!("drift-data-quality"), "data quality drift of tenure: alarm churn-prod-data-drift"),
        (alarm_event!("drift-model-quality"), "model quality drift: alarm churn-prod-quality-drift"),
        (alarm_event!("drift-bias"), "bias drift"),
        (alarm_event!("drift-feature-attribution"), "feature attribution drift: alarm churn-prod-attribution-drift"),
        (alarm_event!("drift-metric-math"), "data quality drift"),
        (alarm_event!("drift-anomaly"), "data quality drift of tenure: alarm churn-prod-data-drift"),
    ];
    for (event, words) in cases {
        let name = event["detail"]["alarmName"].as_str().unwrap();
        let stage = Rig::with_others(vec![actual(name, None, AlarmState::Alarm)]);
        stage.set_alarm(&AlarmState::Alarm);
        let reason = stage.reason(&event);
        assert!(reason.starts_with(words), "{reason}");
        assert_eq!(stage.started().len(), 1, "{name}");
    }
}

#[test]
fn drift_of_an_ignored_kind_starts_no_run() {
    let stage = stage_with(|retrain| retrain.drift = [DriftKind::Bias].into());
    assert_eq!(stage.react(&alarm_event!("drift-data-quality")), (Decision::Skipped, "drift_ignored"));
}

#[test]
fn run_gets_the_drifted_features() {
    let stage = stage();
    stage.react(&alarm_event!("drift-data-quality"));
    let (request, _) = &stage.started()[0];
    assert_eq!(request.parameters.get("Features").map(String::as_str), Some("tenure"));
    let fact = stage.world.bus.facts().pop().unwrap();
    assert_eq!((fact.details.text("features").unwrap(), fact.details.text("trigger").unwrap()), ("tenure", "drift"));
}

#[test]
fn composite_alarm_has_the_kind_of_its_firing_child() {
    let stage = Rig::with_others(any_drift());
    let reason = stage.reason(&alarm_event!("drift-composite"));
    assert_eq!(reason, "bias drift of age: alarm churn-prod-any-drift since 2026-11-22T03:12:09.482Z");
    assert_eq!(stage.started()[0].0.parameters["Features"], "age");
}

#[test]
fn composite_alarm_without_known_children_starts_a_run() {
    let mut others = any_drift();
    others.remove(0);
    let stage = Rig::with_others(others);
    let reason = stage.reason(&alarm_event!("drift-composite"));
    assert!(reason.starts_with("composite drift: alarm churn-prod-any-drift"), "{reason}");
}

#[test]
fn composite_alarm_of_an_ignored_kind_starts_no_run() {
    let stage = stage_with(|retrain| retrain.drift = [DriftKind::ModelQuality].into());
    stage.set_others(any_drift());
    assert_eq!(stage.react(&alarm_event!("drift-composite")), (Decision::Skipped, "drift_ignored"));
}

#[test]
fn composite_alarm_sent_again_after_suppression_is_one_incident() {
    let stage = Rig::with_others(any_drift());
    assert_eq!(stage.react(&alarm_event!("drift-composite")), (Decision::Acted, "drift"));
    assert_eq!(stage.react(&alarm_event!("drift-composite-again")), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn suppressed_alarm_starts_a_run_when_the_suppression_ends() {
    let mut others = any_drift();
    others[1].suppressed = true;
    let stage = Rig::with_others(others);
    assert_eq!(stage.react(&alarm_event!("drift-composite")), (Decision::Skipped, "suppressed"));
    stage.services.cloudwatch().alarms.get_mut("churn-prod-any-drift").unwrap().suppressed = false;
    assert_eq!(stage.react(&alarm_event!("drift-composite-again")), (Decision::Acted, "drift"));
}

#[test]
fn composite_alarm_without_a_policy_is_not_recorded() {
    let stage = Rig::with_others(any_drift());
    let text = alarm_event!("drift-composite").to_string().replace("churn-prod-any-drift", "shop-any-error");
    assert_eq!(stage.react(&event(&text)), (Decision::Skipped, "not_configured"));
    let contents = stage.world.ledger.contents();
    assert!(contents.dead_letters.is_empty() && contents.history.is_empty(), "it is neither reported nor recorded");
}

#[test]
fn alarm_on_no_monitoring_metric_is_no_drift() {
    let stage = stage();
    let text = alarm_at(NOON).to_string().replace("aws/sagemaker/Endpoints/data-metrics", "AWS/SageMaker");
    assert_eq!(stage.react(&event(&text)), (Decision::Skipped, "not_drift"));
}

#[test]
fn alarm_that_changes_to_another_state_is_no_drift() {
    for state in ["OK", "INSUFFICIENT_DATA"] {
        let stage = stage();
        let text = alarm_at(NOON).to_string().replace("\"ALARM\"", &format!("\"{state}\""));
        assert_eq!(stage.react(&event(&text)), (Decision::Skipped, "not_in_alarm"));
    }
}

#[test]
fn run_without_known_features_gets_none() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.started()[0].0.parameters.get("Features"), None);
    let fact = stage.world.bus.facts().pop().unwrap();
    assert!(!fact.details.text("features").is_some(), "{fact:?}");
}

#[test]
fn drift_of_each_alarm_is_deferred_until_that_alarm_recovers() {
    let (quality, bias) = (alarm_event!("drift-model-quality"), alarm_event!("drift-bias"));
    let of = |event: &Value, drift: DriftKind, state: AlarmState| ObservedAlarm {
        since: Some(event["detail"]["state"]["timestamp"].as_str().unwrap().parse().unwrap()),
        ..actual(event["detail"]["alarmName"].as_str().unwrap(), Some(drift), state)
    };
    let both = |state: AlarmState| {
        vec![of(&quality, DriftKind::ModelQuality, AlarmState::Alarm), of(&bias, DriftKind::Bias, state)]
    };
    let stage = Rig::with_others(both(AlarmState::Alarm));
    stage.react(&request_for(&"c".repeat(40)));
    stage.end_run(HOUR);
    for alarm in [&quality, &bias] {
        assert_eq!(stage.react(alarm), (Decision::Skipped, "cool_down"));
    }
    stage.set_others(both(AlarmState::Ok));
    assert_eq!(
        stage.react(&reconcile::reconcile_request()),
        (Decision::Skipped, "nothing_new"),
        "one of the two is still firing"
    );
    stage.pass(HOUR * 24);
    assert_eq!(
        stage.react(&reconcile::reconcile_request()),
        (Decision::Acted, "drift"),
        "it gets its run when the limit ends"
    );
}
