//! What is found by looking: an alarm, an end, drift that outlasts a limit.

use super::*;

pub(super) fn look() -> Value {
    json!({"version": "0", "id": "l1", "source": "trimtab", "detail-type": "Look Requested", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "matter": "look/churn/x", "at": NOON, "details": {}}})
}

impl Stage {
    fn goes_off_unheard(&self, at: &str) {
        *self.cloud.alarm.lock().unwrap() = Some(AlarmState::Alarm);
        *self.cloud.since.lock().unwrap() = Some(at.parse().unwrap());
    }

    fn wait(&self, hours: i64) {
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
    assert_eq!(stage.react(&look()), (Decision::Acted, "late"));
    assert_eq!(stage.react(&look()), (Decision::Skipped, "nothing_new"));
    let told: Vec<FactKind> = stage.world.bus.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(told, [FactKind::TrainingStarted, FactKind::DeadlinePassed]);
}

#[test]
fn a_look_that_sees_nothing_is_told_and_not_kept() {
    let mut stage = stage();
    stage.cloud.blind = true;
    assert_eq!(stage.react(&look()), (Decision::Rejected, "refused"));
    assert_eq!(stage.react(&look()), (Decision::Rejected, "refused"));
    let facts = stage.world.bus.facts();
    assert_eq!(facts.iter().map(|fact| fact.kind).collect::<Vec<_>>(), [FactKind::EventRejected; 2]);
    assert_eq!(facts[0].matter, facts[1].matter, "one message");
    assert!(stage.world.ledger.contents().kept.is_empty());
}
