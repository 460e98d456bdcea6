//! A watch, from the endpoint in service to the alarm, through the whole reaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{AlarmState, DriftKind, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{AlarmArn, AlarmName, EndpointName, PackageArn, S3Uri};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::ml::{Accepted, AlarmTruth, Alarms};
use trimtab_core::port::monitor::{
    AlarmRequest, AlarmWrites, Baseline, BaselineRequest, BaselineTruth, JobDefinition, Monitoring, ScheduleRequest,
    ScheduleStatus, ScheduleTruth, Served,
};
use trimtab_core::port::{Answer, Clock};
use trimtab_core::react::{LEASE, World};

use crate::Reaction;

const NOON: &str = "2026-11-20T12:00:00Z";
const CHURN: &str = include_str!("../../../models/churn.toml");

fn package(version: u32) -> PackageArn {
    PackageArn::parse(&format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/{version}")).unwrap()
}

fn event(source: &str, kind: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": "e1", "source": source, "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [], "detail": detail})
}

fn in_service() -> Value {
    let detail = json!({"EndpointName": "churn-prod", "EndpointStatus": "IN_SERVICE"});
    event("aws.sagemaker", "SageMaker Endpoint State Change", &detail)
}

fn look() -> Value {
    let detail = json!({"version": 1, "model": "churn", "matter": "look/churn/x", "at": NOON, "details": {}});
    event("trimtab", "Look Requested", &detail)
}

fn ended(job: &str) -> Value {
    let detail = json!({"ProcessingJobName": job, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", &detail)
}

#[derive(Default)]
struct State {
    served: Option<Served>,
    baselines: BTreeMap<DriftKind, Baseline>,
    jobs: BTreeMap<String, BaselineTruth>,
    definitions: BTreeSet<String>,
    schedules: BTreeMap<String, ScheduleTruth>,
    alarms: BTreeMap<String, AlarmRequest>,
    /// How many calls changed something, and which of them gets no answer.
    writes: usize,
    lost: Option<usize>,
    refuses: bool,
}

/// SageMaker and CloudWatch, as far as `monitor` sees them.
#[derive(Default)]
struct Cloud(Mutex<State>);

impl Cloud {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Answer<T> {
        let mut state = self.0.lock().unwrap();
        if state.refuses {
            return Err(Failure::reject("sagemaker:Create", "AccessDeniedException"));
        }
        let done = change(&mut state);
        state.writes += 1;
        if state.lost == Some(state.writes) { Err(Failure::retry("aws", "no answer in time")) } else { Ok(done) }
    }
}

impl Monitoring for &Cloud {
    async fn served(&self, _: &EndpointName) -> Answer<Option<Served>> {
        Ok(self.0.lock().unwrap().served.clone())
    }

    async fn baselines(&self, _: &PackageArn) -> Answer<BTreeMap<DriftKind, Baseline>> {
        Ok(self.0.lock().unwrap().baselines.clone())
    }

    async fn baseline_job(&self, name: &str) -> Answer<Option<BaselineTruth>> {
        Ok(self.0.lock().unwrap().jobs.get(name).cloned())
    }

    async fn start_baseline(&self, request: &BaselineRequest) -> Answer<()> {
        self.change(|state| assert!(state.jobs.insert(request.name.clone(), BaselineTruth::Running).is_none()))
    }

    async fn define(&self, definition: &JobDefinition) -> Answer<()> {
        self.change(|state| {
            state.definitions.insert(definition.name.clone());
        })
    }

    async fn undefine(&self, _: DriftKind, name: &str) -> Answer<()> {
        self.change(|state| {
            let mut used = state.schedules.values();
            assert!(used.all(|schedule| schedule.definition.as_deref() != Some(name)), "{name} is in use");
            state.definitions.remove(name);
        })
    }

    async fn schedule(&self, name: &str) -> Answer<Option<ScheduleTruth>> {
        Ok(self.0.lock().unwrap().schedules.get(name).cloned())
    }

    async fn create_schedule(&self, request: &ScheduleRequest) -> Answer<Accepted> {
        self.update_schedule(request).await
    }

    async fn update_schedule(&self, request: &ScheduleRequest) -> Answer<Accepted> {
        self.change(|state| {
            let truth = ScheduleTruth {
                status: ScheduleStatus::Scheduled,
                definition: Some(request.definition.clone()),
                expression: Some(request.expression.clone()),
                failure: None,
            };
            state.schedules.insert(request.name.clone(), truth);
            Accepted::Started
        })
    }

    async fn delete_schedule(&self, name: &str) -> Answer<Accepted> {
        self.change(|state| {
            state.schedules.remove(name);
            Accepted::Started
        })
    }
}

impl AlarmWrites for &Cloud {
    async fn put(&self, request: &AlarmRequest) -> Answer<()> {
        self.change(|state| drop(state.alarms.insert(request.name.to_string(), request.clone())))
    }

    async fn delete(&self, name: &AlarmName) -> Answer<()> {
        self.change(|state| drop(state.alarms.remove(name.as_str())))
    }
}

impl Alarms for &Cloud {
    async fn describe(&self, alarms: &[AlarmName]) -> Answer<Vec<AlarmTruth>> {
        let there = self.0.lock().unwrap().alarms.clone();
        let truth = |name: &AlarmName| AlarmTruth {
            arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")).unwrap(),
            name: name.clone(),
            state: AlarmState::Ok,
            since: None,
            drift: None,
            features: vec![],
            children: vec![],
            suppressed: false,
        };
        Ok(alarms.iter().filter(|name| there.contains_key(name.as_str())).map(truth).collect())
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
    heard: Mutex<usize>,
}

/// Version 7 serves, with data capture; the registry has baselines of all kinds, or of none.
fn stage(registered: bool) -> Stage {
    let clock = FixedClock::at(NOON.parse().unwrap());
    let ledger = MemoryLedger::with([Policy::parse("churn.toml", CHURN).unwrap()]);
    let world = World { ledger, bus: MemoryBus::default(), clock };
    let stage = Stage { cloud: Cloud::default(), world, heard: Mutex::default() };
    stage.serves(7);
    if registered {
        stage.registers("v7");
    }
    stage
}

impl Stage {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.cloud.0.lock().unwrap()
    }

    fn serves(&self, version: u32) {
        let config = format!("churn-v{version}");
        let served =
            Served { status: EndpointStatus::InService, config, package: Some(package(version)), captures: true };
        self.state().served = Some(served);
    }

    fn registers(&self, word: &str) {
        let place = |file: &str| S3Uri::parse(&format!("s3://churn-baselines/{word}/{file}")).unwrap();
        let baseline = Baseline {
            statistics: Some(place("statistics.json")),
            constraints: place("constraints.json"),
            config: None,
        };
        self.state().baselines = crate::goal::KINDS.into_iter().map(|kind| (kind, baseline.clone())).collect();
    }

    fn apply(&self, change: impl Fn(&str) -> String) {
        let policy = Policy::parse("churn.toml", &change(CHURN)).unwrap();
        self.world.ledger.contents().policies.insert(policy.model.clone(), policy);
    }

    /// One reaction; `None` where the event goes back to Lambda.
    fn react(&self, event: &Value) -> Option<(Decision, &'static str)> {
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_secs(1));
        let reaction = Reaction { monitoring: &self.cloud, alarms: &self.cloud };
        let report = run(self.world.react(&reaction, event)).unwrap().ok()?;
        Some((report.entry.decision, report.codes[0]))
    }

    /// The event, and what it asks for on the bus; an event that goes back comes again after the lease.
    fn hears(&self, event: &Value) -> Vec<&'static str> {
        let mut codes = vec![self.again(event)];
        let requests: Vec<Fact> = {
            let (facts, mut heard) = (self.world.bus.facts(), self.heard.lock().unwrap());
            let new = facts.iter().skip(*heard).filter(|fact| fact.kind.is_request()).cloned().collect();
            *heard = facts.len();
            new
        };
        codes.extend(requests.iter().map(|fact| self.again(&asked(fact))));
        codes
    }

    fn again(&self, event: &Value) -> &'static str {
        loop {
            if let Some((_, code)) = self.react(event) {
                return code;
            }
            self.world.clock.set(self.world.clock.now() + LEASE);
        }
    }

    fn told(&self) -> Vec<FactKind> {
        let facts = self.world.bus.facts();
        facts.iter().map(|fact| fact.kind).filter(|kind| !kind.is_request()).collect()
    }

    fn matters(&self, kind: FactKind) -> BTreeSet<String> {
        let facts = self.world.bus.facts();
        facts.into_iter().filter(|fact| fact.kind == kind).map(|fact| fact.matter).collect()
    }

    fn jobs(&self) -> Vec<String> {
        self.state().jobs.keys().cloned().collect()
    }

    /// Each kind's schedule, alarm and one definition are there, and nothing else.
    fn is_watched(&self) {
        let state = self.state();
        let names: Vec<&str> = state.schedules.keys().map(String::as_str).collect();
        assert_eq!(names, ["churn-attribution", "churn-bias", "churn-data-quality", "churn-model-quality"]);
        let used: BTreeSet<String> = state.schedules.values().filter_map(|truth| truth.definition.clone()).collect();
        assert_eq!(used, state.definitions);
        assert!(state.alarms.keys().all(|name| name.starts_with("churn-prod-") && name.ends_with("-drift")));
        assert_eq!(state.alarms.len(), 4);
    }
}

fn asked(fact: &Fact) -> Value {
    event("trimtab", fact.kind.as_str(), &json!(fact))
}

#[test]
fn an_endpoint_in_service_is_watched_for_every_kind_that_is_asked_for_once() {
    let stage = stage(true);
    assert_eq!(
        stage.hears(&in_service()),
        ["asked", "to_be_watched", "to_be_watched", "to_be_watched", "to_be_watched"]
    );
    stage.is_watched();
    assert_eq!(stage.told(), [FactKind::WatchStarted; 4]);
    let writes = stage.state().writes;
    for event in [in_service(), look()] {
        assert_eq!(stage.hears(&event), ["asked", "in_place", "in_place", "in_place", "in_place"]);
    }
    assert_eq!((stage.state().writes, stage.told().len()), (writes, 4));
}

#[test]
fn names_are_those_that_sagemaker_takes() {
    let model = "m".repeat(40);
    let stage = stage(false);
    stage.apply(|text| text.replace("model = \"churn\"", &format!("model = \"{model}\"")));
    stage.world.ledger.contents().policies.retain(|name, _| name.as_str() == model);
    stage.hears(&in_service());
    let jobs = stage.jobs();
    assert_eq!(jobs.len(), 4);
    for job in &jobs {
        assert!(job.len() <= 63, "{job}");
        stage.state().jobs.insert(job.clone(), BaselineTruth::Completed);
        stage.hears(&ended(job));
    }
    let names = stage.state().definitions.clone();
    assert!(names.len() == 4 && names.iter().all(|name| name.len() <= 63), "{names:?}");
}

#[test]
fn a_baseline_that_the_registry_has_not_is_computed_and_its_end_begins_the_watch() {
    let stage = stage(false);
    stage.hears(&in_service());
    assert_eq!(stage.told(), [FactKind::BaselineStarted; 4]);
    assert_eq!(stage.hears(&in_service())[1..], ["computing"; 4]);
    assert!(stage.state().schedules.is_empty());
    for job in stage.jobs() {
        stage.state().jobs.insert(job.clone(), BaselineTruth::Completed);
        assert_eq!(stage.hears(&ended(&job)), ["to_be_watched"]);
    }
    stage.is_watched();
    assert_eq!(stage.matters(FactKind::WatchStarted).len(), 4);
    assert_eq!(stage.jobs().len(), 4);
}

#[test]
fn an_end_that_nobody_heard_of_is_found_by_looking() {
    let stage = stage(false);
    stage.hears(&look());
    stage.state().jobs.values_mut().for_each(|job| *job = BaselineTruth::Completed);
    stage.hears(&look());
    stage.is_watched();
}

#[test]
fn a_job_of_somebody_elses_is_left_alone() {
    let stage = stage(false);
    assert_eq!(stage.hears(&ended("model-monitoring-202611220300")), ["not_concerned"]);
    assert_eq!(stage.hears(&ended("churn-preprocessing-1a2b3c4d")), ["not_concerned"]);
}

#[test]
fn a_baseline_that_failed_is_told_once_and_the_other_kinds_go_on() {
    let stage = stage(false);
    stage.hears(&in_service());
    let jobs = stage.jobs();
    for (number, job) in jobs.iter().enumerate() {
        let failed = BaselineTruth::Failed("ClientError: no such column".to_owned());
        let end = if number == 0 { failed } else { BaselineTruth::Completed };
        stage.state().jobs.insert(job.clone(), end);
        stage.hears(&ended(job));
    }
    stage.hears(&ended(&jobs[0]));
    stage.hears(&look());
    assert_eq!(stage.matters(FactKind::WatchFailed).len(), 1);
    assert_eq!(stage.told().iter().filter(|kind| **kind == FactKind::WatchFailed).count(), 1);
    assert_eq!(stage.state().schedules.len(), 3);
    assert_eq!(stage.jobs(), jobs, "a job of the same name is not tried again");
}

#[test]
fn without_a_baseline_or_a_configuration_it_is_told_what_is_missing() {
    let stage = stage(false);
    stage.apply(|text| {
        let text = text.replace("baseline = \"s3://churn-training/train.csv\"", "");
        text.replace("config = \"s3://churn-monitoring/config/bias.json\"", "")
    });
    let codes = stage.hears(&in_service());
    assert_eq!(codes, ["asked", "no_baseline", "no_baseline_yet", "no_baseline", "no_baseline"]);
    stage.registers("v7");
    assert_eq!(stage.hears(&look())[3], "no_configuration");
    assert_eq!(stage.matters(FactKind::WatchFailed).len(), 4);
}

#[test]
fn the_next_versions_baselines_replace_the_old_ones_and_their_definitions_go() {
    let stage = stage(true);
    stage.hears(&in_service());
    let before = stage.state().definitions.clone();
    stage.serves(8);
    stage.registers("v8");
    stage.hears(&in_service());
    stage.is_watched();
    assert!(stage.state().definitions.is_disjoint(&before));
    assert_eq!(stage.matters(FactKind::WatchChanged).len(), 4);
}

#[test]
fn a_schedule_that_is_being_changed_is_changed_at_the_next_look() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.registers("v8");
    stage.state().schedules.values_mut().for_each(|truth| truth.status = ScheduleStatus::Pending);
    assert_eq!(stage.hears(&look())[1..], ["pending"; 4]);
    stage.state().schedules.values_mut().for_each(|truth| truth.status = ScheduleStatus::Scheduled);
    assert_eq!(stage.hears(&look())[1..], ["to_be_watched"; 4]);
    stage.is_watched();
}

#[test]
fn a_schedule_that_failed_is_told_once() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.state().schedules.values_mut().for_each(|truth| truth.status = ScheduleStatus::Failed);
    assert_eq!(stage.hears(&look())[1..], ["schedule_failed"; 4]);
    assert_eq!(stage.hears(&look())[1..], ["told"; 4]);
}

#[test]
fn a_kind_that_is_no_longer_asked_for_is_taken_down() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    stage.hears(&look());
    {
        let state = stage.state();
        assert_eq!((state.schedules.len(), state.alarms.len(), state.definitions.len()), (2, 2, 2));
    }
    stage.hears(&look());
    assert_eq!(stage.matters(FactKind::WatchChanged).len(), 2);
}

#[test]
fn an_endpoint_that_keeps_nothing_of_its_traffic_is_told_once_and_watched_after_the_next_rollout() {
    let stage = stage(true);
    stage.state().served.as_mut().unwrap().captures = false;
    assert_eq!(stage.hears(&in_service()), ["blind", "blind", "blind", "blind", "blind"]);
    stage.hears(&look());
    assert_eq!(stage.told(), [FactKind::WatchBlind]);
    stage.serves(8);
    stage.hears(&in_service());
    stage.is_watched();
}

#[test]
fn an_alarm_that_somebody_deleted_is_put_again() {
    let stage = stage(true);
    stage.hears(&in_service());
    stage.state().alarms.clear();
    stage.hears(&look());
    stage.is_watched();
    assert_eq!(stage.told(), [FactKind::WatchStarted; 4], "that is no news");
}

#[test]
fn whichever_answer_is_lost_each_thing_is_made_once_and_told_once() {
    for registered in [true, false] {
        for lost in 1..=20 {
            let stage = stage(registered);
            stage.state().lost = Some(lost);
            stage.hears(&in_service());
            stage.hears(&look());
            stage.state().jobs.values_mut().for_each(|job| *job = BaselineTruth::Completed);
            stage.jobs().iter().for_each(|job| drop(stage.hears(&ended(job))));
            stage.hears(&look());
            stage.is_watched();
            assert_eq!(stage.matters(FactKind::WatchStarted).len(), 4, "{lost}");
            assert_eq!(stage.matters(FactKind::WatchChanged).len(), 0, "{lost}");
        }
    }
}

#[test]
fn what_is_refused_is_told_and_done_when_it_is_no_longer_refused() {
    let stage = stage(true);
    stage.state().refuses = true;
    assert_eq!(stage.hears(&in_service())[1..], ["to_be_watched"; 4]);
    assert_eq!(stage.matters(FactKind::WatchFailed).len(), 4);
    stage.state().refuses = false;
    stage.hears(&look());
    stage.is_watched();
}

#[test]
fn an_endpoint_that_moves_or_serves_what_is_not_of_the_registry_is_left_alone_and_so_is_all_where_it_is_off() {
    let stage = stage(true);
    stage.state().served.as_mut().unwrap().status = EndpointStatus::Updating;
    assert_eq!(stage.hears(&in_service()), ["not_in_service"]);
    stage.state().served = None;
    assert_eq!(stage.hears(&in_service()), ["no_such_endpoint"]);
    stage.serves(7);
    stage.state().served.as_mut().unwrap().package = None;
    assert_eq!(stage.hears(&in_service())[1..], ["not_of_the_registry"; 4]);
    stage.apply(|text| text.split_once("[monitor]").unwrap().0.to_owned());
    assert_eq!(stage.hears(&in_service()), ["off"]);
    assert_eq!(stage.state().writes, 0);
}
