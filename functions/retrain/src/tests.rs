//! `retrain` through the whole reaction: its triggers, its limits, and the ends of its runs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, DriftKind, Event, RunStatus};
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{AlarmArn, AlarmName, ObjectUri, ResourceName, RunArn, RunId, ScheduleName};
use trimtab_core::plan::Decision;
use trimtab_core::policy::{Engine, Policy, Retrain};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Alarms, ObservedAlarm, RunRequest, Runs};
use trimtab_core::port::{MonitoringRun, MonitoringRuns, Objects};
use trimtab_core::reactor::{LEASE, Report, World};

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
        "detail": {"version": 1, "model": "churn", "dedup_key": "build/churn/x", "at": NOON, "details": {"commit": commit}}})
}

fn ended(run: &RunId, status: &str) -> Value {
    json!({"version": "0", "id": "r1", "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Building Pipeline Execution Status Change", "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"pipelineExecutionArn": run, "currentPipelineExecutionStatus": status}})
}

/// A fake of the training engine, CloudWatch, SageMaker's monitoring and S3.
#[derive(Default)]
struct Cloud {
    runs: Mutex<Vec<(RunRequest, RunId)>>,
    status: Mutex<Option<RunStatus>>,
    /// The status of single runs, if `status` does not hold for all.
    ends: Mutex<BTreeMap<String, RunStatus>>,
    alarm: Mutex<Option<AlarmState>>,
    since: Mutex<Option<Timestamp>>,
    lose_next_response: Mutex<bool>,
    refuse: bool,
    /// Whether CloudWatch denies access.
    denied: bool,
    /// Further alarms.
    others: Mutex<Vec<ObservedAlarm>>,
    /// The only monitoring run, and the text of its report.
    monitored: Mutex<Option<MonitoringRun>>,
    report: Mutex<Option<String>>,
    /// The newest run with violations, if it is another one.
    newest: Mutex<Option<ResourceName>>,
    /// The number of calls for a monitoring run.
    reads: Mutex<u32>,
}

impl Runs for &Cloud {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let runs = self.runs.lock().unwrap();
        Ok(runs.iter().find(|(known, _)| known.display_name == request.display_name).map(|(_, arn)| arn.clone()))
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        if self.refuse {
            return Err(Failure::permanent(
                "sagemaker:StartPipelineExecution",
                "Pipeline 'churn-training' does not exist",
            ));
        }
        let mut runs = self.runs.lock().unwrap();
        let arn = engines::named(request, runs.len());
        runs.push((request.clone(), arn.clone()));
        if std::mem::take(&mut *self.lose_next_response.lock().unwrap()) {
            return Err(Failure::transient("sagemaker:StartPipelineExecution", "time-out"));
        }
        Ok(arn)
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let of_all = self.status.lock().unwrap().clone();
        Ok(of_all.or_else(|| self.ends.lock().unwrap().get(&run.to_string()).cloned()))
    }
}

impl Alarms for &Cloud {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        if self.denied {
            return Err(Failure::permanent("cloudwatch:DescribeAlarms", "AccessDenied: not authorized"));
        }
        assert!(!alarms.is_empty(), "CloudWatch describes all alarms if a call names none");
        assert!(alarms.len() <= 100, "CloudWatch takes at most 100 names");
        let state = self.alarm.lock().unwrap().clone();
        let known = alarms.iter().find(|name| name.as_str().ends_with("-prod-data-drift"));
        let actual = known.cloned().zip(state).map(|(name, state)| ObservedAlarm {
            arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")).unwrap(),
            name,
            state,
            since: *self.since.lock().unwrap(),
            drift: Some(DriftKind::DataQuality),
            features: vec!["tenure".to_owned()],
            children: vec![],
            suppressed: false,
        });
        let others = self.others.lock().unwrap();
        Ok(actual.into_iter().chain(others.iter().filter(|other| alarms.contains(&other.name)).cloned()).collect())
    }
}

impl MonitoringRuns for &Cloud {
    async fn run(&self, job: &ResourceName) -> PortResult<Option<MonitoringRun>> {
        *self.reads.lock().unwrap() += 1;
        Ok(self.monitored.lock().unwrap().clone().filter(|run| run.job == *job))
    }

    async fn newest(&self, _: &ScheduleName) -> PortResult<Option<ResourceName>> {
        let newest = self.newest.lock().unwrap().clone();
        Ok(newest.or(self.monitored.lock().unwrap().clone().filter(|run| run.violated).map(|run| run.job)))
    }
}

impl Objects for &Cloud {
    async fn read(&self, _: &ObjectUri, most: u32) -> PortResult<Option<Vec<u8>>> {
        match self.report.lock().unwrap().as_deref() {
            Some("denied") => Err(Failure::permanent("s3:GetObject", "AccessDenied: Access Denied")),
            report => Ok(report.map(|text| text.bytes().take(usize::try_from(most).unwrap()).collect())),
        }
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
}

/// The policy of `policies/churn.toml`, without a schedule.
fn stage() -> Stage {
    stage_with(|_| ())
}

fn stage_with(change: impl Fn(&mut Retrain)) -> Stage {
    let mut policy = Policy::parse("churn.toml", include_str!("../../../policies/churn.toml")).unwrap();
    let retrain = policy.retrain.as_mut().unwrap();
    retrain.every = None;
    change(retrain);
    let cloud = Cloud { alarm: Mutex::new(Some(AlarmState::Alarm)), ..Cloud::default() };
    let clock = FixedClock::at(NOON.parse().unwrap());
    Stage { cloud, world: World { ledger: MemoryLedger::with([policy]), bus: MemoryBus::default(), clock } }
}

impl Stage {
    fn try_react(&self, event: &Value) -> PortResult<Report> {
        let cloud = &self.cloud;
        let reaction = Reaction { runs: cloud, alarms: cloud, monitors: cloud, objects: cloud };
        run(self.world.react(&reaction, event)).unwrap()
    }

    fn react(&self, event: &Value) -> (Decision, &'static str) {
        let report = self.try_react(event).unwrap();
        (report.entry.decision, report.codes[0])
    }

    fn started(&self) -> Vec<(RunRequest, RunId)> {
        self.cloud.runs.lock().unwrap().clone()
    }

    fn published(&self) -> Vec<FactKind> {
        self.world.bus.facts().iter().map(|fact| fact.kind).collect()
    }

    fn end_run(&self, after: SignedDuration) {
        let (_, arn) = self.started().last().unwrap().clone();
        *self.cloud.status.lock().unwrap() = Some(RunStatus::Succeeded);
        self.pass(after);
        assert_eq!(self.react(&ended(&arn, "Succeeded")), (Decision::Acted, "run_ended"));
    }

    fn pass(&self, time: SignedDuration) {
        let now: Timestamp = trimtab_core::port::Clock::now(&self.world.clock);
        self.world.clock.set(now + time);
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
    *stage.cloud.lose_next_response.lock().unwrap() = true;
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
        stage.world.bus.facts().pop().unwrap().dedup_key,
        fact.dedup_key,
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
    *stage.cloud.alarm.lock().unwrap() = Some(AlarmState::Ok);
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Skipped, "recovered"));
}

#[test]
fn alarm_unknown_to_cloudwatch_is_dead_lettered() {
    let stage = stage();
    *stage.cloud.alarm.lock().unwrap() = None;
    assert_eq!(stage.react(&alarm_at(NOON)), (Decision::Failed, "no_such_alarm"));
    assert_eq!(stage.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn run_reported_as_executing_is_not_closed() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    let (_, arn) = stage.started().pop().unwrap();
    assert_eq!(stage.react(&ended(&arn, "Succeeded")), (Decision::Skipped, "still_running"));
}

#[test]
fn refused_start_is_dead_lettered_and_reported() {
    let mut stage = stage();
    stage.cloud.refuse = true;
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
