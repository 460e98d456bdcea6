//! What is found by looking: an alarm, an end, drift that outlasts a limit.

use super::*;

pub(super) fn look() -> Value {
    json!({"version": "0", "id": "l1", "source": "trimtab", "detail-type": "Reconcile Requested", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": "look/churn/x", "at": NOON, "details": {}}})
}

impl Stage {
    pub(super) fn goes_off_unheard(&self, at: &str) {
        *self.cloud.alarm.lock().unwrap() = Some(AlarmState::Alarm);
        *self.cloud.since.lock().unwrap() = Some(at.parse().unwrap());
    }

    pub(super) fn wait(&self, hours: i64) {
        let now = trimtab_core::port::Clock::now(&self.world.clock);
        self.world.clock.set(now + SignedDuration::from_hours(hours));
    }
}

#[test]
fn an_alarm_that_nobody_heard_of_gets_its_run_once() {
    let stage = stage();
    stage.goes_off_unheard(NOON);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn an_alarm_that_is_quiet_or_answered_gets_none() {
    let stage = stage();
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Ok);
    *stage.cloud.since.lock().unwrap() = Some(NOON.parse().unwrap());
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 0);
}

#[test]
fn an_end_that_nobody_heard_of_closes_the_incident() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Succeeded);
    assert_eq!(stage.react(&look()), (Decision::Acted, "run_ended"));
    let told: Vec<FactKind> = stage.world.bus.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(told, [FactKind::TrainingStarted, FactKind::TrainingSucceeded]);
}

#[test]
fn drift_that_outlasts_the_cool_down_gets_its_run_then() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Succeeded);
    stage.react(&look());
    stage.wait(1);
    stage.goes_off_unheard("2026-11-20T13:00:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T13:00:00Z")), (Decision::Skipped, "cool_down"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    stage.wait(24);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn drift_that_ends_by_itself_during_the_cool_down_is_forgotten() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Succeeded);
    stage.react(&look());
    stage.wait(1);
    stage.goes_off_unheard("2026-11-20T13:00:00Z");
    stage.react(&alarm_at("2026-11-20T13:00:00Z"));
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Ok);
    assert_eq!(stage.react(&look()), (Decision::Acted, "recovered"));
    stage.wait(24);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn a_run_that_takes_too_long_is_told_once() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    stage.wait(24);
    assert_eq!(stage.react(&look()), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    let told: Vec<FactKind> = stage.world.bus.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(told, [FactKind::TrainingStarted, FactKind::DeadlineExceeded]);
}

#[test]
fn a_look_that_sees_nothing_is_told_and_not_kept() {
    let mut stage = stage();
    stage.cloud.blind = true;
    assert_eq!(stage.react(&look()), (Decision::Failed, "refused"));
    assert_eq!(stage.react(&look()), (Decision::Failed, "refused"));
    let facts = stage.world.bus.facts();
    assert_eq!(facts.iter().map(|fact| fact.kind).collect::<Vec<_>>(), [FactKind::EventDeadLettered; 2]);
    assert_eq!(facts[0].dedup_key, facts[1].dedup_key, "one message");
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn a_run_is_not_late_before_its_time_and_is_late_after_it() {
    for (minutes, late) in [(24 * 60 - 1, false), (24 * 60, true), (36 * 60, true)] {
        let stage = stage();
        stage.react(&alarm_at(NOON));
        *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
        stage.pass(SignedDuration::from_mins(minutes));
        stage.react(&look());
        let told = stage.world.bus.facts().pop().unwrap();
        assert_eq!(told.kind == FactKind::DeadlineExceeded, late, "after {minutes} minutes of the 24 hours allowed");
        let incident = &stage.started()[0].0.display_name;
        assert_eq!(told.dedup_key == format!("late/incident/{incident}"), late, "it is a dedup key of its own");
    }
}

/// The policy's alarm on what SageMaker's monitors do not publish.
fn cpu() -> ObservedAlarm {
    drift::actual("churn-prod-bias-drift", None, AlarmState::Alarm)
}

#[test]
fn alarm_on_no_monitoring_metric_is_no_drift_to_a_look() {
    let stage = Stage::with_others(vec![cpu()]);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn composite_alarm_whose_event_was_lost_gets_its_run() {
    let stage = Stage::with_others(drift::any_drift());
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
    assert_eq!(stage.started()[0].0.parameters["Features"], "age", "its children are asked about");
}

#[test]
fn composite_alarm_without_a_known_kind_gets_its_run_by_a_look() {
    let any = drift::any_drift().pop().unwrap();
    let stage = Stage::with_others(vec![any]);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"), "the policy names it");
}

#[test]
fn suppressed_alarm_is_left_alone_by_a_look() {
    let mut others = drift::any_drift();
    others.remove(0);
    others[0].suppressed = true;
    let stage = Stage::with_others(others);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn alarm_of_a_kind_that_the_policy_leaves_out_is_left_alone_by_a_look() {
    let stage = stage_with(|retrain| retrain.drift = [DriftKind::ModelQuality].into());
    stage.goes_off_unheard(NOON);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn alarm_without_enough_data_is_no_new_drift() {
    let stage = stage();
    stage.goes_off_unheard(NOON);
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::InsufficientData);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
}

#[test]
fn held_drift_whose_alarm_has_no_data_is_not_over() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.goes_off_unheard("2026-11-20T13:00:00Z");
    stage.react(&alarm_at("2026-11-20T13:00:00Z"));
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::InsufficientData);
    stage.wait(24);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"), "only OK says that it has gone");
}

#[test]
fn alarm_that_went_off_before_a_refused_trigger_is_still_answered() {
    let stage = stage();
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Ok);
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    stage.goes_off_unheard("2026-11-20T16:30:00Z");
    stage.wait(1);
    assert_eq!(stage.react(&request_for(&"f".repeat(40))), (Decision::Skipped, "budget"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "cool_down"), "the refusal answered no drift");
    stage.wait(24 * 7);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
}

#[test]
fn policy_without_alarms_asks_cloudwatch_about_none() {
    let stage = stage();
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.monitor = None;
        policy.retrain.as_mut().unwrap().alarms.clear();
    }
    // CloudWatch describes all alarms of the account to whoever names none: the double refuses that.
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
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
    stage.goes_off_unheard("2026-11-20T14:04:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T14:04:00Z")), (Decision::Skipped, "circuit_open"));
    // The alarm stays on for all of the window; a look comes by the clock, a little later.
    stage.pass(HOUR * 24 * 7 + minute * 14);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"), "one run per window is let through");
    stage.end_run(HOUR);
    stage.pass(minute * 2);
    let again = stage.react(&alarm_at("2026-11-27T15:20:00Z"));
    assert_eq!(again, (Decision::Skipped, "circuit_open"), "the circuit was never closed");
}

/// CloudWatch describes 100 alarms at once, which one composite alarm may have as children.
#[test]
fn children_beyond_the_first_hundred_are_told_with_the_others() {
    let quiet = |number: usize| drift::actual(&format!("m-{number:03}"), Some(DriftKind::Bias), AlarmState::Ok);
    let on = |name: &str, feature: &str| ObservedAlarm {
        features: vec![feature.to_owned()],
        ..drift::actual(name, Some(DriftKind::Bias), AlarmState::Alarm)
    };
    let named = |alarms: &[ObservedAlarm]| alarms.iter().map(|alarm| alarm.name.clone()).collect::<Vec<_>>();
    let mut children: Vec<ObservedAlarm> = (0..198).map(quiet).collect();
    children.insert(0, on("a-first", "age"));
    children.push(on("z-last", "tenure"));
    let any = drift::any_drift().pop().unwrap();
    let policys = AlarmName::parse("churn-prod-quality-drift").unwrap();
    // Either has 100 children, and the first of all and the last are of the same.
    let ends = [&children[..50], &children[150..]].concat();
    let one = ObservedAlarm { children: named(&ends), ..any.clone() };
    let arn = drift::arn(policys.as_str());
    let other = ObservedAlarm { name: policys, arn, children: named(&children[50..150]), ..any };
    children.extend([one, other]);
    let stage = Stage::with_others(children);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
    assert_eq!(stage.started()[0].0.parameters["Features"], "age,tenure");
}

/// No version of the suite leaves such a record: a run is on, and drift is held back all the same.
#[test]
fn held_drift_waits_for_the_end_of_a_run_that_is_on() {
    let stage = stage_with(|retrain| retrain.cool_down = HOUR);
    let change = |change: &dyn Fn(&mut Value)| {
        let mut contents = stage.world.ledger.contents();
        let record = contents.aggregates.values_mut().next().unwrap();
        change(record.state.as_mut().unwrap());
    };
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.goes_off_unheard("2026-11-20T13:00:00Z");
    assert_eq!(stage.react(&alarm_at("2026-11-20T13:00:00Z")), (Decision::Skipped, "cool_down"));
    let held = std::cell::RefCell::new(Value::Null);
    change(&|state| *held.borrow_mut() = state["deferred_drift"].clone());
    stage.react(&request_for(&"c".repeat(40)));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    change(&|state| state["deferred_drift"] = held.borrow().clone());
    stage.pass(HOUR * 2);
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"), "one run at a time");
    assert_eq!(stage.started().len(), 2);
    stage.end_run(HOUR);
    stage.pass(HOUR);
    assert_eq!(stage.react(&look()), (Decision::Acted, "drift"));
}
