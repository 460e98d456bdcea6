//! Findings of a reconcile: missed alarms, missed ends, drift that outlasts a limit.

use super::*;

pub(super) fn reconcile_request() -> Value {
    json!({"version": "0", "id": "l1", "source": "trimtab", "detail-type": "Reconcile Requested", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}}})
}

impl Rig {
    pub(super) fn fires_without_event(&self, at: &str) {
        self.set_alarm(&AlarmState::Alarm);
        self.set_since(at);
    }

    pub(super) fn wait(&self, hours: i64) {
        self.pass(SignedDuration::from_hours(hours));
    }
}

#[test]
fn missed_alarm_gets_one_run_by_a_reconcile() {
    let stage = stage();
    stage.fires_without_event(NOON);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
    stage.services.training().status = Some(RunStatus::Executing);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn alarm_in_ok_gets_no_run_by_a_reconcile() {
    let stage = stage();
    stage.set_alarm(&AlarmState::Ok);
    stage.set_since(NOON);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 0);
}

#[test]
fn missed_end_of_a_run_closes_the_incident() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Succeeded);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "run_ended"));
    let kinds = stage.published();
    assert_eq!(kinds, [FactKind::TrainingStarted, FactKind::TrainingSucceeded]);
}

#[test]
fn drift_that_outlasts_the_cool_down_gets_its_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Succeeded);
    stage.react(&reconcile_request());
    stage.wait(1);
    stage.fires_without_event("2026-11-20T13:00:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T13:00:00Z")), (Decision::Skipped, "cool_down"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    stage.wait(24);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn drift_that_ends_during_the_cool_down_gets_no_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Succeeded);
    stage.react(&reconcile_request());
    stage.wait(1);
    stage.fires_without_event("2026-11-20T13:00:00Z");
    stage.react(&alarm_at("2026-11-20T13:00:00Z"));
    stage.set_alarm(&AlarmState::Ok);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "recovered"));
    stage.wait(24);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn run_that_exceeds_its_deadline_is_reported_once() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Executing);
    stage.wait(24);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
    let kinds = stage.published();
    assert_eq!(kinds, [FactKind::TrainingStarted, FactKind::DeadlineExceeded]);
}

#[test]
fn failed_reconcile_is_reported_and_not_dead_lettered() {
    let stage = stage();
    stage
        .services
        .refuse("alarms.describe", Failure::permanent("cloudwatch:DescribeAlarms", "AccessDenied: not authorized"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Failed, "refused"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Failed, "refused"));
    let facts = stage.world.bus.facts();
    assert_eq!(facts.iter().map(|fact| fact.kind).collect::<Vec<_>>(), [FactKind::EventDeadLettered; 2]);
    assert_eq!(facts[0].dedup_key(), facts[1].dedup_key(), "one message");
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn run_exceeds_its_deadline_exactly_when_time_has_passed() {
    for (minutes, exceeded) in [(24 * 60 - 1, false), (24 * 60, true), (36 * 60, true)] {
        let stage = stage();
        stage.react(&alarm_at(NOON));
        stage.services.training().status = Some(RunStatus::Executing);
        stage.pass(SignedDuration::from_mins(minutes));
        stage.react(&reconcile_request());
        let fact = stage.world.bus.facts().pop().unwrap();
        assert_eq!(
            fact.kind == FactKind::DeadlineExceeded,
            exceeded,
            "after {minutes} minutes of the 24 hours allowed"
        );
        let incident = &stage.started()[0].0.display_name;
        assert_eq!(fact.dedup_key() == format!("deadline/incident/{incident}"), exceeded, "a dedup key of its own");
    }
}

/// The policy's alarm on a metric that no monitor publishes.
fn cpu() -> ObservedAlarm {
    drift::actual("churn-prod-bias-drift", None, AlarmState::Alarm)
}

#[test]
fn reconcile_ignores_alarm_on_no_monitoring_metric() {
    let stage = Rig::with_others(vec![cpu()]);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn missed_composite_alarm_gets_its_run() {
    let stage = Rig::with_others(drift::any_drift());
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
    assert_eq!(stage.started()[0].0.parameters["Features"], "age", "its children are described");
}

#[test]
fn missed_composite_alarm_of_unknown_kind_gets_its_run() {
    let any = drift::any_drift().pop().unwrap();
    let stage = Rig::with_others(vec![any]);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"), "the policy names it");
}

#[test]
fn reconcile_ignores_suppressed_alarm() {
    let mut others = drift::any_drift();
    others.remove(0);
    others[0].suppressed = true;
    let stage = Rig::with_others(others);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn reconcile_ignores_alarm_of_an_ignored_kind() {
    let stage = stage_with(|retrain| retrain.drift = [DriftKind::ModelQuality].into());
    stage.fires_without_event(NOON);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn reconcile_ignores_alarm_without_data() {
    let stage = stage();
    stage.fires_without_event(NOON);
    stage.set_alarm(&AlarmState::InsufficientData);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn deferred_drift_whose_alarm_has_no_data_gets_its_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.fires_without_event("2026-11-20T13:00:00Z");
    stage.react(&alarm_at("2026-11-20T13:00:00Z"));
    stage.set_alarm(&AlarmState::InsufficientData);
    stage.wait(24);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"), "only OK means that the drift has ended");
}

#[test]
fn missed_alarm_before_a_refused_trigger_is_still_found() {
    let stage = stage();
    stage.set_alarm(&AlarmState::Ok);
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    stage.fires_without_event("2026-11-20T16:30:00Z");
    stage.wait(1);
    assert_eq!(stage.react(&request_for(&"f".repeat(40))), (Decision::Skipped, "budget"));
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "cool_down"), "the refusal covered no drift");
    stage.wait(24 * 7);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
}

#[test]
fn policy_without_alarms_makes_no_call_to_cloudwatch() {
    let stage = stage();
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.monitor = None;
        policy.retrain.as_mut().unwrap().alarms.clear();
    }
    // The fake refuses a call without names, for which CloudWatch describes all alarms of the account.
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn drift_that_outlasts_an_open_circuit_is_the_same_drift() {
    let minute = SignedDuration::from_mins(1);
    let stage = stage_with(|retrain| {
        (retrain.circuit_breaker_threshold, retrain.budget.runs, retrain.cool_down) = (2, 100, minute);
    });
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(minute * 2);
    assert_eq!(stage.react(&alarm_at("2026-11-20T13:02:00Z")), (Decision::Acted, "drift"));
    stage.end_run(HOUR);
    stage.pass(minute * 2);
    stage.fires_without_event("2026-11-20T14:04:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T14:04:00Z")), (Decision::Skipped, "circuit_open"));
    // The alarm fires for the whole window; the periodic reconcile comes a little later.
    stage.pass(HOUR * 24 * 7 + minute * 14);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"), "one run per window is let through");
    stage.end_run(HOUR);
    stage.pass(minute * 2);
    let again = stage.react(&alarm_at("2026-11-27T15:20:00Z"));
    assert_eq!(again, (Decision::Skipped, "circuit_open"), "the circuit breaker was never closed");
}

/// CloudWatch describes 100 alarms at once, and one composite alarm may have 100 children.
#[test]
fn children_beyond_the_first_hundred_are_described() {
    let in_ok = |number: usize| drift::actual(&format!("m-{number:03}"), Some(DriftKind::Bias), AlarmState::Ok);
    let firing = |name: &str, feature: &str| ObservedAlarm {
        features: vec![feature.to_owned()],
        ..drift::actual(name, Some(DriftKind::Bias), AlarmState::Alarm)
    };
    let named = |alarms: &[ObservedAlarm]| alarms.iter().map(|alarm| alarm.name.clone()).collect::<Vec<_>>();
    let mut children: Vec<ObservedAlarm> = (0..198).map(in_ok).collect();
    children.insert(0, firing("a-first", "age"));
    children.push(firing("z-last", "tenure"));
    let any = drift::any_drift().pop().unwrap();
    let second = AlarmName::parse("churn-prod-quality-drift").unwrap();
    // Each has 100 children; the first and the last of all are children of the same alarm.
    let ends = [&children[..50], &children[150..]].concat();
    let one = ObservedAlarm { children: named(&ends), ..any.clone() };
    let arn = drift::arn(second.as_str());
    let other = ObservedAlarm { name: second, arn, children: named(&children[50..150]), ..any };
    children.extend([one, other]);
    let stage = Rig::with_others(children);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
    assert_eq!(stage.started()[0].0.parameters["Features"], "age,tenure");
}

/// No version of Trimtab writes such a record: a run is in progress, and drift is deferred all the same.
#[test]
fn deferred_drift_waits_for_the_end_of_a_run() {
    let stage = stage_with(|retrain| retrain.cool_down = HOUR);
    let change = |change: &dyn Fn(&mut Value)| {
        let mut contents = stage.world.ledger.contents();
        let record = contents.aggregates.values_mut().next().unwrap();
        change(record.state.as_mut().unwrap());
    };
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.fires_without_event("2026-11-20T13:00:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T13:00:00Z")), (Decision::Skipped, "cool_down"));
    let deferred = std::cell::RefCell::new(Value::Null);
    change(&|state| *deferred.borrow_mut() = state["deferred_drift"].clone());
    stage.react(&request_for(&"c".repeat(40)));
    stage.services.training().status = Some(RunStatus::Executing);
    change(&|state| state["deferred_drift"] = deferred.borrow().clone());
    stage.pass(HOUR * 2);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Skipped, "nothing_new"), "one run at a time");
    assert_eq!(stage.started().len(), 2);
    stage.end_run(HOUR);
    stage.pass(HOUR);
    assert_eq!(stage.react(&reconcile_request()), (Decision::Acted, "drift"));
}
