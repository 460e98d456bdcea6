//! The chain from commit to endpoint, each fact written once, through the whole reaction.

use serde_json::{Value, json};
use trimtab_core::failure::Failure;
use trimtab_core::name::RunArn;
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::LinkKind;
use trimtab_core::reactor::LEASE;
use trimtab_fake::{Fault, Services};

use crate::Reaction;

mod calls;
mod facts;

const NOON: &str = "2026-11-20T12:00:00Z";
const RUN: &str = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/run1";
const PACKAGE: &str = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3";

type Rig = trimtab_fake::Rig<Reaction<Services>>;

fn rig(change: impl Fn(&str) -> String) -> Rig {
    rig_of(&change(include_str!("../../../policies/churn.toml")))
}

fn rig_of(policy: &str) -> Rig {
    let policy = Policy::parse("policy.toml", policy).unwrap();
    Rig::new([policy], NOON.parse().unwrap(), |services, _| Reaction { lineage: services.clone() })
}

/// Each package was made by the run.
fn with_origin(rig: Rig) -> Rig {
    rig.services.lineage().origin = RunArn::parse(RUN).ok();
    rig
}

/// The numbers of created entities and of links.
fn written(rig: &Rig) -> (usize, usize) {
    let state = rig.services.lineage();
    (state.creations, state.links.len())
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

#[test]
fn run_is_linked_with_its_commit_and_its_incident() {
    let rig = rig(str::to_owned);
    assert_eq!(rig.react(&training("Training Started")), (Decision::Acted, "written"));
    assert_eq!(
        rig.services.lineage().chain(),
        ["Commit ContributedTo TrainingRun", "Endpoint AssociatedWith Incident", "Incident AssociatedWith TrainingRun"]
    );
    assert_eq!(rig.services.lineage().progress("TrainingRun").as_deref(), Some("InProgress"));
}

#[test]
fn rollout_is_linked_with_its_package_and_run() {
    let rig = with_origin(rig(str::to_owned));
    rig.react(&training("Training Started"));
    rig.services.lineage().links.clear();
    rig.react(&rollout("Rollout Started"));
    assert_eq!(
        rig.services.lineage().chain(),
        ["ModelPackage ContributedTo Rollout", "TrainingRun Produced ModelPackage", "Rollout AssociatedWith Endpoint"]
    );
    let runs = rig.services.lineage().entities.values().filter(|(entity, _)| entity.of_type == "TrainingRun").count();
    assert_eq!(runs, 1, "the run of the package is the run that was started");
}

#[test]
fn build_is_linked_with_its_commit_and_completed_by_training() {
    let rig = rig(str::to_owned);
    let commit = "c".repeat(40);
    let said = |kind| fact(kind, kind, &format!("build/churn/{commit}"), &json!({"commit": commit, "build": "b:1"}));
    rig.react(&said("Build Started"));
    assert_eq!(rig.services.lineage().chain(), ["Commit ContributedTo Build"]);
    assert_eq!(rig.react(&said("Training Requested")), (Decision::Acted, "written"));
    assert_eq!(rig.services.lineage().progress("Build").as_deref(), Some("Completed"));
    rig.react(&training("Training Started"));
    let commits = rig.services.lineage().entities.values().filter(|(entity, _)| entity.of_type == "Commit").count();
    assert_eq!(commits, 1, "the commit of the build is the commit of the run");
}

#[test]
fn evaluation_is_linked_with_its_package() {
    let rig = with_origin(rig(str::to_owned));
    let details = json!({"package": PACKAGE, "version": "3"});
    rig.react(&fact("1", "Evaluation Started", "evaluation/churn/3", &details));
    rig.react(&fact("2", "Evaluation Failed", "evaluation/churn/3", &details));
    assert_eq!(
        rig.services.lineage().chain(),
        ["ModelPackage ContributedTo Evaluation", "TrainingRun Produced ModelPackage"]
    );
    assert_eq!(rig.services.lineage().progress("Evaluation").as_deref(), Some("Failed"));
}

#[test]
fn monitoring_is_linked_with_its_baseline_and_endpoint() {
    let rig = rig(str::to_owned);
    let details = json!({"version": "3", "kind": "bias", "baseline": "s3://churn-monitoring/b/constraints.json"});
    rig.react(&fact("1", "Monitoring Started", "monitoring/churn/bias/1a2b", &details));
    assert_eq!(
        rig.services.lineage().chain(),
        ["Baseline ContributedTo Monitoring", "Monitoring AssociatedWith Endpoint"]
    );
}

#[test]
fn end_updates_the_existing_action() {
    let rig = rig(str::to_owned);
    rig.react(&rollout("Rollout Started"));
    let creations = rig.services.lineage().creations;
    rig.react(&rollout("Rollout Rolled Back"));
    assert_eq!(rig.services.lineage().progress("Rollout").as_deref(), Some("Failed"));
    assert_eq!(rig.services.lineage().creations, creations);
}

#[test]
fn start_after_the_end_changes_nothing() {
    let rig = rig(str::to_owned);
    rig.react(&training("Training Succeeded"));
    rig.react(&training("Training Started"));
    assert_eq!(rig.services.lineage().progress("TrainingRun").as_deref(), Some("Completed"));
    assert_eq!(rig.services.lineage().links.len(), 3);
}

#[test]
fn repeated_fact_is_written_once() {
    let rig = rig(str::to_owned);
    rig.react(&training("Training Started"));
    let mut again = training("Training Started");
    again["id"] = json!("again");
    assert_eq!(rig.react(&again), (Decision::Skipped, "already_written"));
    assert_eq!(written(&rig), (4, 3));
}

#[test]
fn entity_with_a_lost_response_is_not_created_again() {
    let rig = rig(str::to_owned);
    rig.services.fail_call(Some((1, Fault::Lost)));
    assert!(rig.try_react(&training("Training Started")).is_err());
    rig.world.clock.set(NOON.parse::<jiff::Timestamp>().unwrap() + LEASE);
    assert_eq!(rig.react(&training("Training Started")), (Decision::Acted, "written"));
    assert_eq!(written(&rig), (4, 3));
}

#[test]
fn refused_entity_is_dead_lettered() {
    let rig = rig(str::to_owned);
    rig.services.fail_call(Some((1, Fault::Refused)));
    let report = rig.try_react(&training("Training Started")).unwrap();
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, true));
    assert_eq!(rig.world.ledger.contents().dead_letters.len(), 1);
}

#[test]
fn without_the_table_nothing_is_written() {
    let off = |text: &str| text.replace("[lineage]", "# ");
    let rig = rig(off);
    assert_eq!(rig.react(&training("Training Started")), (Decision::Skipped, "off"));
    assert_eq!(rig.services.lineage().creations, 0);
}

#[test]
fn fact_without_a_subject_has_no_lineage() {
    let rig = rig(str::to_owned);
    let refused = fact("1", "Training Failed", "incident/churn-build-1", &json!({"run": "nonsense"}));
    assert_eq!(rig.react(&refused), (Decision::Skipped, "no_entity"));
    let person = fact("2", "Training Requested", "training-request/churn/1", &json!({"by": "maya"}));
    assert_eq!(rig.react(&person), (Decision::Skipped, "no_entity"));
    let other = fact("3", "Branch Deleted", "branch/churn/x", &json!({}));
    assert_eq!(rig.react(&other), (Decision::Skipped, "not_concerned"));
}

#[test]
fn names_fit_sagemakers_limits() {
    let rig = rig(str::to_owned);
    rig.react(&training("Training Started"));
    rig.react(&rollout("Rollout Started"));
    for name in rig.services.lineage().entities.keys() {
        assert!(name.len() <= 120 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
    }
}
