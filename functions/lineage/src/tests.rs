//! The chain from commit to endpoint, each fact written once, through the whole reaction.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use trimtab_core::failure::Failure;
use trimtab_core::memory::{FixedClock, MemoryBus, MemoryLedger, run};
use trimtab_core::name::{PackageArn, RunArn};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Entity, Lineage, LineageProgress, LinkKind, ObservedEntity};
use trimtab_core::reactor::{LEASE, Report, World};

use crate::Reaction;

mod calls;
mod facts;

const NOON: &str = "2026-11-20T12:00:00Z";
const RUN: &str = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/run1";
const PACKAGE: &str = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3";

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing is applied; a retry may succeed.
    Throttled,
    /// The call is applied, and its response is lost.
    Lost,
    /// Nothing is applied; no retry succeeds.
    Refused,
}

/// SageMaker's lineage. It records each call with its arguments, and fails where a test requests it.
#[derive(Default)]
struct Tracking {
    calls: Mutex<Vec<String>>,
    /// Index of the next call that fails, and how.
    fault: Mutex<Option<(usize, Fault)>>,
    entities: Mutex<BTreeMap<String, (Entity, Option<String>)>>,
    links: Mutex<Vec<(String, String, LinkKind)>>,
    creations: Mutex<usize>,
    origin: Option<RunArn>,
}

impl Tracking {
    fn call<T>(&self, call: String, apply: impl FnOnce() -> T) -> PortResult<T> {
        self.calls.lock().unwrap().push(call);
        let mut fault = self.fault.lock().unwrap();
        let due = fault.filter(|(calls, _)| *calls == 0).map(|(_, fault)| fault);
        *fault = fault.and_then(|(calls, fault)| Some((calls.checked_sub(1)?, fault)));
        match due {
            None => Ok(apply()),
            Some(Fault::Throttled) => Err(Failure::transient("fake:call", "throttled")),
            Some(Fault::Refused) => Err(Failure::permanent("fake:call", "AccessDenied: not authorized")),
            Some(Fault::Lost) => {
                apply();
                Err(Failure::transient("fake:call", "no answer in time"))
            }
        }
    }
}

impl Lineage for &Tracking {
    async fn origin(&self, package: &PackageArn) -> PortResult<Option<RunArn>> {
        self.call(format!("origin {package}"), || self.origin.clone())
    }

    async fn find(&self, entity: &Entity) -> PortResult<Option<ObservedEntity>> {
        self.call(format!("find {}", entity.name), || {
            let known = self.entities.lock().unwrap().get(&entity.name).cloned();
            known.map(|(entity, progress)| ObservedEntity { arn: format!("arn:{}", entity.name), progress })
        })
    }

    async fn create(&self, entity: &Entity) -> PortResult<String> {
        self.call(format!("create {}", entity.name), || {
            *self.creations.lock().unwrap() += 1;
            let progress = entity.progress.map(|progress| progress.as_str().to_owned());
            self.entities.lock().unwrap().insert(entity.name.clone(), (entity.clone(), progress));
            format!("arn:{}", entity.name)
        })
    }

    async fn set_progress(&self, action: &str, progress: LineageProgress) -> PortResult<()> {
        self.call(format!("set_progress {action} {}", progress.as_str()), || {
            self.entities.lock().unwrap().get_mut(action).unwrap().1 = Some(progress.as_str().to_owned());
        })
    }

    async fn is_linked(&self, from: &str, to: &str) -> PortResult<bool> {
        self.call(format!("is_linked {from} {to}"), || {
            self.links.lock().unwrap().iter().any(|(first, second, _)| (first.as_str(), second.as_str()) == (from, to))
        })
    }

    async fn link(&self, from: &str, to: &str, kind: LinkKind) -> PortResult<()> {
        self.call(format!("link {from} {kind:?} {to}"), || {
            self.links.lock().unwrap().push((from.to_owned(), to.to_owned(), kind));
        })
    }
}

impl Tracking {
    /// Each link as `Commit ContributedTo TrainingRun`.
    fn chain(&self) -> Vec<String> {
        let entities = self.entities.lock().unwrap();
        let word = |name: &String| entities[name.strip_prefix("arn:").unwrap()].0.of_type.clone();
        let links = self.links.lock().unwrap();
        links.iter().map(|(from, to, kind)| format!("{} {kind:?} {}", word(from), word(to))).collect()
    }

    fn progress(&self, of_type: &str) -> Option<String> {
        let entities = self.entities.lock().unwrap();
        entities.values().find(|(entity, _)| entity.of_type == of_type).and_then(|(_, progress)| progress.clone())
    }
}

type Suite = World<MemoryLedger, MemoryBus, FixedClock>;

fn world(change: impl Fn(&str) -> String) -> Suite {
    world_of(&change(include_str!("../../../policies/churn.toml")))
}

fn world_of(policy: &str) -> Suite {
    let policy = Policy::parse("policy.toml", policy).unwrap();
    let clock = FixedClock::at(NOON.parse().unwrap());
    World { ledger: MemoryLedger::with([policy]), bus: MemoryBus::default(), clock }
}

fn fact(id: &str, kind: &str, dedup_key: &str, details: &Value) -> Value {
    json!({"version": "0", "id": id, "source": "trimtab", "detail-type": kind, "account": "123456789012",
        "region": "eu-west-1", "time": NOON, "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": dedup_key, "at": NOON, "reasons": ["because"],
            "details": details}})
}

fn training(kind: &str) -> Value {
    let details = json!({"run": RUN, "commit": "c".repeat(40), "incident": "churn-drift-98d33ea0", "trigger": "drift"});
    fact(kind, kind, "incident/churn-drift-98d33ea0", &details)
}

fn rollout(kind: &str) -> Value {
    fact(kind, kind, "rollout/churn/3/1", &json!({"package": PACKAGE, "version": "3"}))
}

fn try_react(world: &Suite, tracking: &Tracking, event: &Value) -> PortResult<Report> {
    run(world.react(&Reaction { lineage: tracking }, event)).unwrap()
}

fn react(world: &Suite, tracking: &Tracking, event: &Value) -> (Decision, &'static str) {
    let report = try_react(world, tracking, event).unwrap();
    (report.entry.decision, report.codes[0])
}

#[test]
fn run_is_linked_with_its_commit_and_its_incident() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    assert_eq!(react(&world, &tracking, &training("Training Started")), (Decision::Acted, "written"));
    assert_eq!(
        tracking.chain(),
        ["Commit ContributedTo TrainingRun", "Endpoint AssociatedWith Incident", "Incident AssociatedWith TrainingRun"]
    );
    assert_eq!(tracking.progress("TrainingRun").as_deref(), Some("InProgress"));
}

#[test]
fn rollout_is_linked_with_its_package_and_run() {
    let (world, tracking) = (world(str::to_owned), Tracking { origin: RunArn::parse(RUN).ok(), ..Tracking::default() });
    react(&world, &tracking, &training("Training Started"));
    tracking.links.lock().unwrap().clear();
    react(&world, &tracking, &rollout("Rollout Started"));
    assert_eq!(
        tracking.chain(),
        ["ModelPackage ContributedTo Rollout", "TrainingRun Produced ModelPackage", "Rollout AssociatedWith Endpoint"]
    );
    let runs = tracking.entities.lock().unwrap().values().filter(|(entity, _)| entity.of_type == "TrainingRun").count();
    assert_eq!(runs, 1, "the run of the package is the run that was started");
}

#[test]
fn build_is_linked_with_its_commit_and_completed_by_training() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    let commit = "c".repeat(40);
    let said = |kind| fact(kind, kind, &format!("build/churn/{commit}"), &json!({"commit": commit, "build": "b:1"}));
    react(&world, &tracking, &said("Build Started"));
    assert_eq!(tracking.chain(), ["Commit ContributedTo Build"]);
    assert_eq!(react(&world, &tracking, &said("Training Requested")), (Decision::Acted, "written"));
    assert_eq!(tracking.progress("Build").as_deref(), Some("Completed"));
    react(&world, &tracking, &training("Training Started"));
    let commits = tracking.entities.lock().unwrap().values().filter(|(entity, _)| entity.of_type == "Commit").count();
    assert_eq!(commits, 1, "the commit of the build is the commit of the run");
}

#[test]
fn evaluation_is_linked_with_its_package() {
    let (world, tracking) = (world(str::to_owned), Tracking { origin: RunArn::parse(RUN).ok(), ..Tracking::default() });
    let details = json!({"package": PACKAGE, "version": "3"});
    react(&world, &tracking, &fact("1", "Evaluation Started", "candidate/churn/3", &details));
    react(&world, &tracking, &fact("2", "Evaluation Failed", "candidate/churn/3", &details));
    assert_eq!(tracking.chain(), ["ModelPackage ContributedTo Evaluation", "TrainingRun Produced ModelPackage"]);
    assert_eq!(tracking.progress("Evaluation").as_deref(), Some("Failed"));
}

#[test]
fn monitoring_is_linked_with_its_baseline_and_endpoint() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    let details = json!({"version": "3", "kind": "bias", "baseline": "s3://churn-monitoring/b/constraints.json"});
    react(&world, &tracking, &fact("1", "Monitoring Started", "watch/churn/bias/1a2b", &details));
    assert_eq!(tracking.chain(), ["Baseline ContributedTo Monitoring", "Monitoring AssociatedWith Endpoint"]);
}

#[test]
fn end_updates_the_existing_action() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    react(&world, &tracking, &rollout("Rollout Started"));
    let creations = *tracking.creations.lock().unwrap();
    react(&world, &tracking, &rollout("Rollout Rolled Back"));
    assert_eq!(tracking.progress("Rollout").as_deref(), Some("Failed"));
    assert_eq!(*tracking.creations.lock().unwrap(), creations);
}

#[test]
fn start_after_the_end_changes_nothing() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    react(&world, &tracking, &training("Training Succeeded"));
    react(&world, &tracking, &training("Training Started"));
    assert_eq!(tracking.progress("TrainingRun").as_deref(), Some("Completed"));
    assert_eq!(tracking.links.lock().unwrap().len(), 3);
}

#[test]
fn repeated_fact_is_written_once() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    react(&world, &tracking, &training("Training Started"));
    let mut again = training("Training Started");
    again["id"] = json!("again");
    assert_eq!(react(&world, &tracking, &again), (Decision::Skipped, "already_written"));
    assert_eq!((*tracking.creations.lock().unwrap(), tracking.links.lock().unwrap().len()), (4, 3));
}

#[test]
fn entity_with_a_lost_response_is_not_created_again() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    *tracking.fault.lock().unwrap() = Some((1, Fault::Lost));
    assert!(try_react(&world, &tracking, &training("Training Started")).is_err());
    world.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + LEASE);
    assert_eq!(react(&world, &tracking, &training("Training Started")), (Decision::Acted, "written"));
    assert_eq!((*tracking.creations.lock().unwrap(), tracking.links.lock().unwrap().len()), (4, 3));
}

#[test]
fn refused_entity_is_dead_lettered() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    *tracking.fault.lock().unwrap() = Some((1, Fault::Refused));
    let report = try_react(&world, &tracking, &training("Training Started")).unwrap();
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, true));
    assert_eq!(world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn without_the_table_nothing_is_written() {
    let off = |text: &str| text.replace("[lineage]", "# ");
    let (world, tracking) = (world(off), Tracking::default());
    assert_eq!(react(&world, &tracking, &training("Training Started")), (Decision::Skipped, "off"));
    assert_eq!(*tracking.creations.lock().unwrap(), 0);
}

#[test]
fn fact_without_a_subject_has_no_lineage() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    let refused = fact("1", "Training Failed", "incident/churn-build-1", &json!({"run": "nonsense"}));
    assert_eq!(react(&world, &tracking, &refused), (Decision::Skipped, "no_entity"));
    let person = fact("2", "Training Requested", "asked/churn/1", &json!({"by": "maya"}));
    assert_eq!(react(&world, &tracking, &person), (Decision::Skipped, "no_entity"));
    let other = fact("3", "Branch Deleted", "branch/churn/x", &json!({}));
    assert_eq!(react(&world, &tracking, &other), (Decision::Skipped, "not_concerned"));
}

#[test]
fn names_fit_sagemakers_limits() {
    let (world, tracking) = (world(str::to_owned), Tracking::default());
    react(&world, &tracking, &training("Training Started"));
    react(&world, &tracking, &rollout("Rollout Started"));
    for name in tracking.entities.lock().unwrap().keys() {
        assert!(name.len() <= 120 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
    }
}
