//! Monitoring through the whole reaction, over SageMaker and CloudWatch in memory.

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
use trimtab_core::port::{
    AlarmRequest, AlarmWrites, Baseline, BaselineRequest, JobDefinition, Monitoring, ObservedBaseline,
    ObservedSchedule, ScheduleRequest, ScheduleStatus, Served,
};
use trimtab_core::port::{Alarms, ObservedAlarm, UpdateAccepted};
use trimtab_core::port::{Clock, PortResult};
use trimtab_core::reactor::{LEASE, World};

use crate::Reaction;

mod baseline;
mod requests;
mod state;

const NOON: &str = "2026-11-20T12:00:00Z";
const CHURN: &str = include_str!("../../../policies/churn.toml");

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

fn reconcile_request() -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "look/churn/x", "at": NOON, "details": {}});
    event("trimtab", "Reconcile Requested", &detail)
}

fn requested(kind: &str) -> Value {
    let detail =
        json!({"version": 1, "model": "churn", "dedup_key": "watch/churn/x", "at": NOON, "details": {"kind": kind}});
    event("trimtab", "Monitoring Requested", &detail)
}

fn ended(job: &str) -> Value {
    let detail = json!({"ProcessingJobName": job, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", &detail)
}

#[derive(Default)]
struct State {
    served: Option<Served>,
    baselines: BTreeMap<DriftKind, Baseline>,
    jobs: BTreeMap<String, ObservedBaseline>,
    definitions: BTreeSet<String>,
    schedules: BTreeMap<String, ObservedSchedule>,
    alarms: BTreeMap<String, AlarmRequest>,
    /// Number of writes, and which of them loses its response.
    writes: usize,
    lost: Option<usize>,
    refuses: bool,
    /// Definitions are not deleted.
    refuses_removals: bool,
    /// The requests as they were made.
    defined: Vec<JobDefinition>,
    computed: Vec<BaselineRequest>,
    undefined: Vec<(DriftKind, String)>,
    /// Whether schedules accept no change.
    busy: bool,
}

/// SageMaker and CloudWatch, as far as `monitor` observes them.
#[derive(Default)]
struct Cloud(Mutex<State>);

impl Cloud {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> PortResult<T> {
        let mut state = self.0.lock().unwrap();
        if state.refuses {
            return Err(Failure::permanent("sagemaker:Create", "AccessDeniedException"));
        }
        let done = change(&mut state);
        state.writes += 1;
        if state.lost == Some(state.writes) { Err(Failure::transient("aws", "no answer in time")) } else { Ok(done) }
    }
}

impl Monitoring for &Cloud {
    async fn served(&self, endpoint: &EndpointName) -> PortResult<Option<Served>> {
        assert_eq!(endpoint.as_str(), "churn-prod", "the endpoint that the policy names");
        Ok(self.0.lock().unwrap().served.clone())
    }

    async fn baselines(&self, package: &PackageArn) -> PortResult<BTreeMap<DriftKind, Baseline>> {
        let live = self.0.lock().unwrap().served.as_ref().and_then(|served| served.package.clone());
        assert_eq!(Some(package), live.as_ref(), "the version that is live");
        Ok(self.0.lock().unwrap().baselines.clone())
    }

    async fn baseline_job(&self, name: &str) -> PortResult<Option<ObservedBaseline>> {
        Ok(self.0.lock().unwrap().jobs.get(name).cloned())
    }

    async fn start_baseline(&self, request: &BaselineRequest) -> PortResult<()> {
        self.change(|state| {
            state.computed.push(request.clone());
            assert!(state.jobs.insert(request.name.clone(), ObservedBaseline::Running).is_none());
        })
    }

    async fn define(&self, definition: &JobDefinition) -> PortResult<()> {
        self.change(|state| {
            state.defined.push(definition.clone());
            state.definitions.insert(definition.name.clone());
        })
    }

    async fn undefine(&self, kind: DriftKind, name: &str) -> PortResult<()> {
        if self.0.lock().unwrap().refuses_removals {
            return Err(Failure::permanent("sagemaker:Delete", "AccessDeniedException"));
        }
        self.change(|state| {
            state.undefined.push((kind, name.to_owned()));
            let mut used = state.schedules.values();
            assert!(used.all(|schedule| schedule.definition.as_deref() != Some(name)), "{name} is in use");
            state.definitions.remove(name);
        })
    }

    async fn schedule(&self, name: &str) -> PortResult<Option<ObservedSchedule>> {
        Ok(self.0.lock().unwrap().schedules.get(name).cloned())
    }

    async fn create_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        self.change(|state| {
            let actual = scheduled(request);
            // The adapter adopts a schedule that a call with a lost response created: it is the same one then.
            let before = state.schedules.insert(request.name.clone(), actual.clone());
            assert!(before.is_none_or(|before| before == actual), "{} was there", request.name);
            UpdateAccepted::Started
        })
    }

    async fn update_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        self.change(|state| {
            if state.busy {
                return UpdateAccepted::Busy;
            }
            assert!(state.schedules.contains_key(&request.name), "SageMaker knows no schedule {}", request.name);
            state.schedules.insert(request.name.clone(), scheduled(request));
            UpdateAccepted::Started
        })
    }

    async fn delete_schedule(&self, name: &str) -> PortResult<UpdateAccepted> {
        self.change(|state| {
            state.schedules.remove(name);
            UpdateAccepted::Started
        })
    }
}

fn scheduled(request: &ScheduleRequest) -> ObservedSchedule {
    ObservedSchedule {
        status: ScheduleStatus::Scheduled,
        definition: Some(request.definition.clone()),
        expression: Some(request.expression.clone()),
        failure: None,
    }
}

impl AlarmWrites for &Cloud {
    async fn put(&self, request: &AlarmRequest) -> PortResult<()> {
        self.change(|state| drop(state.alarms.insert(request.name.to_string(), request.clone())))
    }

    async fn delete(&self, name: &AlarmName) -> PortResult<()> {
        self.change(|state| drop(state.alarms.remove(name.as_str())))
    }
}

impl Alarms for &Cloud {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        let there = self.0.lock().unwrap().alarms.clone();
        let actual = |name: &AlarmName| ObservedAlarm {
            arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")).unwrap(),
            name: name.clone(),
            state: AlarmState::Ok,
            since: None,
            drift: None,
            features: vec![],
            children: vec![],
            suppressed: false,
        };
        Ok(alarms.iter().filter(|name| there.contains_key(name.as_str())).map(actual).collect())
    }
}

struct Stage {
    cloud: Cloud,
    world: World<MemoryLedger, MemoryBus, FixedClock>,
    received: Mutex<usize>,
}

/// Version 7 serves, with data capture; the registry has baselines of all kinds, or of none.
fn stage(registered: bool) -> Stage {
    let clock = FixedClock::at(NOON.parse().unwrap());
    let ledger = MemoryLedger::with([Policy::parse("churn.toml", CHURN).unwrap()]);
    let world = World { ledger, bus: MemoryBus::default(), clock };
    let stage = Stage { cloud: Cloud::default(), world, received: Mutex::default() };
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
        self.state().baselines = crate::kind::KINDS.into_iter().map(|kind| (kind, baseline.clone())).collect();
    }

    fn apply(&self, change: impl Fn(&str) -> String) {
        let policy = Policy::parse("churn.toml", &change(CHURN)).unwrap();
        self.world.ledger.contents().policies.insert(policy.model.clone(), policy);
    }

    /// One reaction; `None` if the event goes back to Lambda.
    fn react(&self, event: &Value) -> Option<(Decision, &'static str)> {
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_secs(1));
        let reaction = Reaction { monitoring: &self.cloud, alarms: &self.cloud };
        let report = run(self.world.react(&reaction, event)).unwrap().ok()?;
        Some((report.entry.decision, report.codes[0]))
    }

    /// Delivers the event and the requests that it publishes; after a transient failure again, when the lease has ended.
    fn receives(&self, event: &Value) -> Vec<&'static str> {
        let mut codes = vec![self.again(event)];
        let requests: Vec<Fact> = {
            let (facts, mut received) = (self.world.bus.facts(), self.received.lock().unwrap());
            let new = facts.iter().skip(*received).filter(|fact| fact.kind.is_request()).cloned().collect();
            *received = facts.len();
            new
        };
        codes.extend(requests.iter().map(|fact| self.again(&event_of(fact))));
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

    fn reported(&self) -> Vec<FactKind> {
        let facts = self.world.bus.facts();
        facts.iter().map(|fact| fact.kind).filter(|kind| !kind.is_request()).collect()
    }

    fn dedup_keys(&self, kind: FactKind) -> BTreeSet<String> {
        let facts = self.world.bus.facts();
        facts.into_iter().filter(|fact| fact.kind == kind).map(|fact| fact.dedup_key).collect()
    }

    fn jobs(&self) -> Vec<String> {
        self.state().jobs.keys().cloned().collect()
    }

    /// Each kind has its schedule, its alarm and one definition, and nothing else exists.
    fn is_monitored(&self) {
        let state = self.state();
        let names: Vec<&str> = state.schedules.keys().map(String::as_str).collect();
        assert_eq!(names, ["churn-attribution", "churn-bias", "churn-data-quality", "churn-model-quality"]);
        let used: BTreeSet<String> = state.schedules.values().filter_map(|actual| actual.definition.clone()).collect();
        assert_eq!(used, state.definitions);
        assert!(state.alarms.keys().all(|name| name.starts_with("churn-prod-") && name.ends_with("-drift")));
        assert_eq!(state.alarms.len(), 4);
    }
}

fn event_of(fact: &Fact) -> Value {
    event("trimtab", fact.kind.as_str(), &json!(fact))
}
