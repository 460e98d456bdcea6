//! Monitoring through the whole reaction, over SageMaker and CloudWatch in memory.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard};

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_core::event::{DriftKind, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::failure::Failure;
use trimtab_core::name::{PackageArn, S3Uri};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Baseline, ObservedBaseline, ScheduleStatus, Served};
use trimtab_core::reactor::LEASE;
use trimtab_fake::sagemaker_monitoring::State;
use trimtab_fake::{Fault, Services};

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
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
    event("trimtab", "Reconcile Requested", &detail)
}

fn requested(kind: &str) -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "monitoring-request/churn/data-quality/2026-11-20T12:00:00Z", "at": NOON, "details": {"kind": kind}});
    event("trimtab", "Monitoring Requested", &detail)
}

fn ended(job: &str) -> Value {
    let detail = json!({"ProcessingJobName": job, "ProcessingJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Processing Job State Change", &detail)
}

/// The shared rig, with what `monitor` observes.
struct Rig {
    rig: trimtab_fake::Rig<Reaction<Services, Services>>,
    received: Mutex<usize>,
}

impl Deref for Rig {
    type Target = trimtab_fake::Rig<Reaction<Services, Services>>;

    fn deref(&self) -> &Self::Target {
        &self.rig
    }
}

/// Version 7 serves, with data capture; the registry has baselines of all kinds, or of none.
fn stage(registered: bool) -> Rig {
    let policy = Policy::parse("churn.toml", CHURN).unwrap();
    let rig = trimtab_fake::Rig::new([policy], NOON.parse().unwrap(), |services, _| Reaction {
        monitoring: services.clone(),
        alarms: services.clone(),
    });
    let stage = Rig { rig, received: Mutex::default() };
    stage.serves(7);
    if registered {
        stage.registers("v7");
    }
    stage
}

impl Rig {
    fn state(&self) -> MutexGuard<'_, State> {
        self.services.monitoring()
    }

    fn serves(&self, version: u32) {
        let config = format!("churn-v{version}");
        let served =
            Served { status: EndpointStatus::InService, config, package: Some(package(version)), captures: true };
        self.services.endpoints().serving.insert("churn-prod".to_owned(), served);
    }

    fn change_served(&self, change: impl FnOnce(&mut Served)) {
        change(self.services.endpoints().serving.get_mut("churn-prod").unwrap());
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
        self.rig.apply(Policy::parse("churn.toml", &change(CHURN)).unwrap());
    }

    /// One reaction; `None` if the event goes back to Lambda.
    fn react(&self, event: &Value) -> Option<(Decision, &'static str)> {
        self.wait(SignedDuration::from_secs(1));
        let report = self.try_react(event).ok()?;
        Some((report.entry.decision, report.codes[0]))
    }

    /// Delivers the event and the requests that it publishes; after a transient failure again, when the lease has ended.
    fn receives(&self, event: &Value) -> Vec<&'static str> {
        let mut codes = vec![self.again(event)];
        let requests: Vec<Fact> = {
            let (facts, mut received) = (self.facts(), self.received.lock().unwrap());
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
            self.wait(LEASE);
        }
    }

    fn reported(&self) -> Vec<FactKind> {
        self.published().into_iter().filter(|kind| !kind.is_request()).collect()
    }

    fn dedup_keys(&self, kind: FactKind) -> BTreeSet<String> {
        let facts = self.world.bus.facts();
        facts.into_iter().filter(|fact| fact.kind == kind).map(|fact| fact.dedup_key()).collect()
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
        let alarms = &self.services.cloudwatch().alarms;
        assert!(alarms.keys().all(|name| name.starts_with("churn-prod-") && name.ends_with("-drift")));
        assert_eq!(alarms.len(), 4);
    }
}

fn event_of(fact: &Fact) -> Value {
    event("trimtab", fact.kind.as_str(), &json!(fact))
}
