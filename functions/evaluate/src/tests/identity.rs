//! Subject of an event, names of a candidate, and pending actions.

use trimtab_core::event::Event;
use trimtab_core::reactor::{Context, Decide, Preview};

use super::*;
use crate::Evaluation;
use crate::naming::{execution_name, version_of};
use crate::observation::Observed;
use crate::state::State;

/// Name of the execution and token of the verdict for version 7, by this clock and event.
fn names(id: &str, time: &str, clock: &str) -> (String, String) {
    let stage = stage(by_itself);
    stage.world.clock.set(clock.parse().unwrap());
    let delivered = |mut event: Value| {
        (event["id"], event["time"]) = (json!(id), json!(time));
        event
    };
    stage.react(&delivered(registered(7)));
    stage.wait(SignedDuration::from_mins(7));
    stage.ends(&good());
    stage.react(&delivered(ended(&stage.started()[0], "SUCCEEDED")));
    (stage.started()[0].clone(), stage.written()[0].token.clone())
}

/// The digests are SHA-256, computed by Python's hashlib.
#[test]
fn execution_name_and_token_depend_on_model_and_version_only() {
    let first = names("p1", NOON, NOON);
    assert_eq!(first.0, "churn-v7-4c25de6f", "every version of Trimtab names it so");
    assert_eq!(first.1, "trimtab-4e1decc5cdf09bfcae5b7a0d702a");
    assert_eq!(names("p2", "2026-12-24T00:00:00Z", "2027-01-01T01:02:03.4Z"), first, "by any clock and any delivery");
}

#[test]
fn execution_names_of_two_versions_and_of_two_models_differ() {
    let model = |name: &str| trimtab_core::name::ModelName::parse(name).unwrap();
    let name = execution_name(&model("churn"), &package(7));
    assert_ne!(name, execution_name(&model("churn"), &package(8)));
    assert_ne!(name, execution_name(&model("fraud"), &package(7)));
    for (execution, version) in
        [(name.as_str(), Some(7)), ("churn-v-x-v12-00000000", Some(12)), ("by-hand", None), ("churn-vx-0", None)]
    {
        assert_eq!(version_of(execution), version, "{execution}");
    }
}

#[test]
fn each_version_is_an_aggregate_has_own_key() {
    let stage = stage(str::to_owned);
    stage.is(8, Approval::Pending);
    stage.react(&registered(7));
    stage.react(&registered(8));
    assert_eq!(stage.started().len(), 2, "versions are evaluated at the same time");
    let ids: Vec<String> = stage.world.ledger.contents().aggregates.keys().map(|id| id.name.clone()).collect();
    assert_eq!(ids, ["candidate#7", "candidate#8"], "another name would test each version again");
    stage.ends(&good());
    for (at, version) in [(1, 8), (0, 7)] {
        assert_eq!(stage.react(&ended(&stage.started()[at], "SUCCEEDED")), (Decision::Acted, "manual_approval"));
        assert_eq!(stage.written().pop().unwrap().package, package(version), "an end is its own version's");
    }
}

#[test]
fn decided_version_is_not_concerned() {
    for approval in ["Approved", "Rejected"] {
        let stage = stage(str::to_owned);
        let mut event = registered(7);
        event["detail"]["ModelApprovalStatus"] = json!(approval);
        assert_eq!(stage.react(&event), (Decision::Skipped, "not_concerned"), "{approval}");
    }
}

#[test]
fn execution_of_another_name_does_not_end_the_candidate() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.ends(&good());
    assert_eq!(stage.react(&ended("churn-v7-00000000", "SUCCEEDED")), (Decision::Skipped, "not_started_by_trimtab"));
    assert!(stage.written().is_empty());
}

#[test]
fn running_or_pending_redrive_execution_has_not_ended() {
    for status in [ExecutionStatus::Running, ExecutionStatus::PendingRedrive] {
        let stage = stage(by_itself);
        stage.react(&registered(7));
        stage.execution_ends(ObservedExecution { status, output: None, cause: None });
        assert_eq!(stage.react(&ended(&stage.started()[0], "FAILED")), (Decision::Skipped, "testing"));
    }
}

#[test]
fn timed_out_or_aborted_execution_has_ended() {
    for (status, word) in [(ExecutionStatus::TimedOut, "TIMED_OUT"), (ExecutionStatus::Aborted, "ABORTED")] {
        let stage = stage(by_itself);
        stage.react(&registered(7));
        stage.execution_ends(ObservedExecution { status, output: None, cause: None });
        assert_eq!(stage.react(&ended(&stage.started()[0], word)), (Decision::Acted, "rejected"), "{word}");
    }
}

#[test]
fn version_deleted_during_its_test_is_finished() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.ends(&good());
    stage.services.registry().packages.clear();
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Acted, "gone"));
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Skipped, "already_judged"));
    assert!(stage.written().is_empty());
}

#[test]
fn refused_verdict_is_reported_and_written_by_the_next_event() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.ends(&good());
    stage.refuse();
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")).0, Decision::Failed);
    let published = stage.facts().pop().unwrap();
    assert_eq!(
        (published.kind, published.dedup_key()),
        (FactKind::EvaluationStuck, "evaluation-stuck/churn/7/verdict_refused".to_owned())
    );
    assert_eq!(published.reasons, ["the verdict could not be written: sagemaker:UpdateModelPackage: AccessDenied"]);
    stage.services.accept();
    assert_eq!(stage.react(&registered(7)).0, Decision::Acted);
    assert_eq!(stage.written()[0].approve, Some(true));
    assert_eq!(stage.kinds().pop(), Some(FactKind::EvaluationPassed));
}

#[test]
fn refused_start_has_its_own_dedup_key() {
    let stage = stage(by_itself);
    stage.refuse();
    stage.react(&registered(7));
    let published = stage.facts().pop().unwrap();
    assert_eq!(published.dedup_key(), "evaluation-stuck/churn/7/start_refused");
    assert_eq!(
        published.reasons,
        ["the test suite could not be started: states:StartExecution: StateMachineDoesNotExist"]
    );
}

#[test]
fn metadata_edit_of_a_version_starts_no_test() {
    let stage = stage(str::to_owned);
    let mut event = registered(7);
    event["detail"]["UpdatedModelPackageFields"] = json!(["CustomerMetadataProperties"]);
    assert_eq!(stage.react(&event), (Decision::Skipped, "metadata_edit"));
}

fn planned(event: &Value) -> (Decision, usize) {
    let policy = Policy::parse("churn.toml", include_str!("../../../../policies/churn.toml")).unwrap();
    let event = Event::parse(event).unwrap();
    let (state, observed): (State, Observed) = (State::default(), Evaluation::preview(&event));
    let ctx = Context {
        event: &event,
        policy: Some(&policy),
        organization: None,
        state: &state,
        observed: &observed,
        now: NOON.parse().unwrap(),
    };
    let plan = Evaluation::decide(&ctx);
    (plan.decision, plan.actions.len())
}

/// `trimtab plan` has only the event.
#[test]
fn plan_offline_trusts_the_event() {
    assert_eq!(planned(&registered(7)), (Decision::Acted, 1), "the version is pending approval");
    let mut unfinished = registered(7);
    unfinished["detail"]["ModelPackageStatus"] = json!("InProgress");
    assert_eq!(planned(&unfinished), (Decision::Skipped, 0), "it cannot be tested yet");
    let asked = json!({"version": 1, "model": "churn", "dedup_key": "evaluation-request/churn/7/2026-11-20T12:00:00Z", "at": NOON,
        "details": {"package": package(7)}});
    let requested = event("r1", "trimtab", "Evaluation Requested", &asked);
    assert_eq!(planned(&requested), (Decision::Acted, 1), "the version that a reconcile found is pending");
    let other = event("r1", "trimtab", "Training Requested", &asked);
    assert_eq!(planned(&other), (Decision::Skipped, 0), "another fact names no version to test");
    assert_eq!(Evaluation::preview(&Event::parse(&other).unwrap()), Observed::default());
}
