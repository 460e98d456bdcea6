//! `retrain` through the whole reaction: its triggers, its limits, and the ends of its runs.

use std::ops::Deref;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, DriftKind, Event, RunStatus};
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::name::{AlarmArn, AlarmName, ObjectUri, ResourceName, RunArn, RunId, ScheduleName};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Policy, Retrain};
use trimtab_core::port::{MonitoringRun, ObservedAlarm, RunRequest};
use trimtab_core::reactor::LEASE;
use trimtab_fake::cloudwatch::alarm;
use trimtab_fake::{Fault, Services};

use crate::Reaction;

mod data_debounce;
mod drift;
mod engines;
mod image;
mod interrupted;
mod limits;
mod monitored;
mod names;
mod operator_request;
mod reconcile;
mod subjects;

const NOON: &str = "2026-11-20T12:00:00Z";

fn alarm_at(time: &str) -> Value {
    json!({"version": "0", "id": "a1", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "account": "123456789012", "region": "eu-west-1", "time": time,
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-prod-data-drift"],
        "detail": {"alarmName": "churn-prod-data-drift", "state": {"value": "ALARM", "timestamp": time},
            "configuration": {"metrics": [{"metricStat": {"metric": {"namespace": "aws/sagemaker/Endpoints/data-metrics", "name": "x"}}}]}}})
}

fn request_for(commit: &str) -> Value {
    json!({"version": "0", "id": "b1", "source": "trimtab", "detail-type": "Training Requested", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": format!("build/churn/{commit}"), "at": NOON, "details": {"commit": commit}}})
}

fn ended(run: &RunId, status: &str) -> Value {
    json!({"version": "0", "id": "r1", "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Building Pipeline Execution Status Change", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"pipelineExecutionArn": run, "currentPipelineExecutionStatus": status}})
}

/// The shared rig, with what `retrain` observes.
struct Rig(trimtab_fake::Rig<Reaction<Services, Services, Services, Services>>);

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Reaction<Services, Services, Services, Services>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The policy of `policies/churn.toml`, without a schedule.
fn stage() -> Rig {
    stage_with(|_| ())
}

fn stage_with(change: impl Fn(&mut Retrain)) -> Rig {
    let mut policy = Policy::parse("churn.toml", include_str!("../../../policies/churn.toml")).unwrap();
    let retrain = policy.retrain.as_mut().unwrap();
    retrain.every = None;
    change(retrain);
    let stage = Rig(trimtab_fake::Rig::new([policy], NOON.parse().unwrap(), |services, _| Reaction {
        runs: services.clone(),
        alarms: services.clone(),
        monitors: services.clone(),
        objects: services.clone(),
    }));
    stage.set_alarm(&AlarmState::Alarm);
    stage
}

/// The models whose alarm of data drift exists in these tests.
const MODELS: [&str; 4] = ["churn", "forecast", "pricing", "ranking"];

const DATA_ALARM: &str = "-prod-data-drift";

impl Rig {
    /// Each model's alarm of data drift has this state.
    fn set_alarm(&self, state: &AlarmState) {
        let alarms = &mut self.services.cloudwatch().alarms;
        for name in MODELS.map(|model| format!("{model}{DATA_ALARM}")) {
            let new = ObservedAlarm {
                drift: Some(DriftKind::DataQuality),
                features: vec!["tenure".to_owned()],
                ..alarm(&name, state.clone())
            };
            alarms.entry(name).or_insert(new).state = state.clone();
        }
    }

    fn remove_alarm(&self) {
        self.services.cloudwatch().alarms.retain(|name, _| !name.ends_with(DATA_ALARM));
    }

    /// The time since when each alarm of data drift has its state.
    fn set_since(&self, since: &str) {
        let alarms = &mut self.services.cloudwatch().alarms;
        let data_alarms = alarms.iter_mut().filter(|(name, _)| name.ends_with(DATA_ALARM));
        data_alarms.for_each(|(_, alarm)| alarm.since = Some(since.parse().unwrap()));
    }

    /// These alarms exist beside those of data drift, and no others.
    fn set_others(&self, others: impl IntoIterator<Item = ObservedAlarm>) {
        let alarms = &mut self.services.cloudwatch().alarms;
        alarms.retain(|name, _| name.ends_with(DATA_ALARM));
        alarms.extend(others.into_iter().map(|other| (other.name.to_string(), other)));
    }

    /// The engine refuses every start.
    fn refuse(&self) {
        let unknown =
            Failure::permanent("sagemaker:StartPipelineExecution", "Pipeline 'churn-training' does not exist");
        self.services.refuse("runs.start", unknown);
    }

    /// The number of calls for a monitoring run.
    fn reads(&self) -> usize {
        self.services.calls().iter().filter(|call| call.starts_with("monitoring_runs.run ")).count()
    }

    fn started(&self) -> Vec<(RunRequest, RunId)> {
        self.services.training().runs.clone()
    }

    fn end_run(&self, after: SignedDuration) {
        let (_, arn) = self.started().last().unwrap().clone();
        self.services.training().status = Some(RunStatus::Succeeded);
        self.pass(after);
        assert_eq!(self.react(&ended(&arn, "Succeeded")), (Decision::Acted, "run_ended"));
    }

    fn pass(&self, time: SignedDuration) {
        self.0.wait(time);
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn drift_alarm_starts_one_run_with_the_incident_id() {
    let stage = stage();
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Acted, "drift"));
    let (request, _) = &stage.started()[0];
    assert!(request.display_name.starts_with("churn-drift-") && request.token.len() >= 32);
    assert_eq!(request.parameters.get("Incident"), Some(&request.display_name));
    assert_eq!(stage.published(), [FactKind::TrainingStarted]);
}

#[test]
fn redelivered_transition_with_another_id_starts_no_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let mut again = alarm_at(NOON);
    again["id"] = json!("a2");
    assert_eq!(stage.react(&again), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn start_without_response_is_resumed_and_run_adopted() {
    let stage = stage();
    stage.services.fail_effect(0, Fault::Lost);
    assert!(matches!(stage.try_react(&alarm_at(NOON)), Err(Failure::Transient { .. })));
    assert!(
        matches!(stage.try_react(&alarm_at(NOON)), Err(Failure::Transient { .. })),
        "the call may still be applied"
    );
    stage.pass(LEASE);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Acted, "already_handled"));
    assert_eq!(stage.started().len(), 1);
    assert_eq!(stage.published(), [FactKind::TrainingStarted]);
}

#[test]
fn drift_in_the_cool_down_is_refused_with_its_end() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(HOUR);
    assert_eq!(stage.react(&alarm_at("2026-11-20T14:00:00Z")), (Decision::Skipped, "cool_down"));
    let fact = stage.world.bus.facts().pop().unwrap();
    assert_eq!(fact.kind, FactKind::TrainingSkipped);
    assert!(fact.reasons[1].ends_with("drift starts no run until 2026-11-21T13:00:00Z"), "{:?}", fact.reasons);
    stage.react(&alarm_at("2026-11-20T15:00:00Z"));
    assert_eq!(
        stage.world.bus.facts().pop().unwrap().dedup_key(),
        fact.dedup_key(),
        "one dedup key for the whole cool-down"
    );
}

#[test]
fn drift_after_the_cool_down_starts_the_next_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    stage.pass(HOUR * 24);
    assert_eq!(stage.react(&alarm_at("2026-11-21T13:00:00Z")), (Decision::Acted, "drift"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn commit_is_limited_by_the_budget_and_not_the_cool_down() {
    let stage = stage();
    for n in 0..4 {
        assert_eq!(stage.react(&request_for(&format!("{n:040x}"))), (Decision::Acted, "build"));
        stage.end_run(HOUR);
    }
    assert_eq!(stage.react(&request_for(&"f".repeat(40))), (Decision::Skipped, "budget"));
    assert_eq!(stage.started().len(), 4);
}

#[test]
fn commit_during_a_run_gets_the_next_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Deferred, "run_in_progress"));
    stage.end_run(HOUR);
    let (request, _) = stage.started().pop().unwrap();
    assert_eq!((stage.started().len(), request.parameters.get("Commit")), (2, Some(&"c".repeat(40))));
    assert_eq!(stage.published()[2..], [FactKind::TrainingSucceeded, FactKind::TrainingStarted]);
}

#[test]
fn drift_during_a_run_is_merged_into_it() {
    let stage = stage();
    stage.react(&request_for(&"c".repeat(40)));
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "run_in_progress"));
    assert_eq!(stage.published(), [FactKind::TrainingStarted, FactKind::TrainingTriggerMerged]);
}

#[test]
fn recovered_alarm_starts_no_run() {
    let stage = stage();
    stage.set_alarm(&AlarmState::Ok);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "recovered"));
}

#[test]
fn alarm_unknown_to_cloudwatch_is_dead_lettered() {
    let stage = stage();
    stage.remove_alarm();
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Failed, "no_such_alarm"));
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn run_reported_as_executing_is_not_closed() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.services.training().status = Some(RunStatus::Executing);
    let (_, arn) = stage.started().pop().unwrap();
    assert_eq!(stage.react(&ended(&arn, "Succeeded")), (Decision::Skipped, "still_running"));
}

#[test]
fn refused_start_is_dead_lettered_and_reported() {
    let stage = stage();
    stage.refuse();
    assert_eq!(stage.react(&alarm_at(NOON)).0, Decision::Failed);
    assert_eq!(stage.published(), [FactKind::TrainingFailed]);
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn malformed_event_is_dead_lettered_and_reported() {
    let stage = stage();
    let mut bad = alarm_at(NOON);
    bad["resources"] = json!(["nonsense"]);
    assert_eq!(stage.react(&bad), (Decision::Failed, "malformed"));
    assert_eq!(
        (stage.published(), stage.world.ledger.contents().dead_letters.len()),
        (vec![FactKind::EventDeadLettered], 1)
    );
}

#[test]
fn event_of_an_unknown_model_is_dead_lettered_with_advice() {
    let stage = stage();
    let text = alarm_at(NOON).to_string().replace("churn-prod-data-drift", "fraud-drift");
    let report = stage.try_react(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(report.entry.reasons, ["no model has alarm#fraud-drift in its policy: add it to a policy and apply it"]);
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn event_during_a_lease_is_retried() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    for record in stage.world.ledger.contents().aggregates.values_mut() {
        record.lease_until = Some("2026-11-20T12:00:01Z".parse().unwrap());
    }
    assert!(matches!(stage.try_react(&request_for(&"c".repeat(40))), Err(Failure::Transient { .. })));
}

#[test]
fn malformed_envelope_is_an_error_without_a_panic() {
    assert!(Event::parse(&json!({"detail": {}})).is_err());
}
