//! The calls to which each event leads, with their arguments: the reads that the decision needs, then its actions.
//! And the result of an event when one of these calls fails.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use trimtab_fake::sagemaker_pipelines::Defined;

use super::image::{digest, pushed as image_pushed};
use super::merge::{MERGE, ended as pull_ended};
use super::pipeline::{demand, ended as execution_ended, pushed as pushed_to_demand};
use super::pull_request_build::{ended as review_ended, open, proposed};
use super::reconcile::asked;
use super::*;

/// An event on a stage.
pub(super) struct Scenario {
    name: &'static str,
    stage: fn() -> Rig,
    event: Value,
    calls: &'static [&'static str],
}

fn building() -> Rig {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    stage
}

fn ended_as(status: &BuildStatus) -> Rig {
    let stage = building();
    stage.all_end(status);
    stage
}

fn succeeded() -> Rig {
    ended_as(&BuildStatus::Succeeded)
}

fn failed() -> Rig {
    ended_as(&BuildStatus::Failed)
}

fn without_pipeline() -> Rig {
    let stage = succeeded();
    stage.cloud.pipelines().pipelines.clear();
    stage
}

/// The pipeline has the commit's definition.
fn defined() -> Rig {
    let stage = succeeded();
    let commit = CommitId::parse(COMMIT).ok();
    stage.cloud.pipelines().pipelines.insert("churn-training".into(), ObservedDefinition { commit });
    stage
}

fn without_definition() -> Rig {
    let stage = succeeded();
    stage.change_rules(|rules| rules.definition = None);
    stage
}

fn reviewed() -> Rig {
    let stage = open();
    stage.propose();
    stage.all_end(&BuildStatus::Succeeded);
    stage
}

fn merged() -> Rig {
    let stage = open();
    stage.merge();
    stage
}

/// The merge is built, and its pull request is due a comment.
fn merge_succeeded() -> Rig {
    let stage = merged();
    stage.receive_merge();
    stage.all_end(&BuildStatus::Succeeded);
    stage
}

/// The build of the merge has ended, and the event of the pull request was lost.
fn merge_trained() -> Rig {
    let stage = merged();
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    stage
}

fn executed() -> Rig {
    let stage = demand();
    stage.react(&pushed_to_demand());
    stage.all_end(&BuildStatus::Succeeded);
    stage
}

fn with_image() -> Rig {
    let stage = stage();
    stage.points_at(1);
    stage
}

/// A reconcile observed another head, another image and the open pull request; every event since was lost.
fn missed() -> Rig {
    let stage = open();
    stage.set_head(CommitId::parse(&"a".repeat(40)).ok());
    stage.react(&asked("Reconcile Requested", &json!({})));
    stage.set_head(CommitId::parse(COMMIT).ok());
    stage.points_at(1);
    stage.change_pull(|pull| (pull.open, pull.merged) = (false, CommitId::parse(MERGE).ok()));
    let next = stage.cloud.codecommit().pulls["41"].clone();
    stage.cloud.codecommit().pulls.insert("42".into(), ObservedPullRequest { open: true, merged: None, ..next });
    stage
}

fn deleted() -> Rig {
    let stage = stage();
    stage.set_head(None);
    stage
}

fn of_demand(mut event: Value) -> Value {
    event["detail"]["model"] = json!("demand");
    event
}

pub(super) fn tag() -> Value {
    let mut event = push("v1", COMMIT);
    event["detail"]["referenceType"] = json!("tag");
    event
}

fn deletion() -> Value {
    let mut event = push("main", COMMIT);
    event["detail"]["event"] = json!("referenceDeleted");
    event
}

/// Each event to which `integrate` reacts.
#[rustfmt::skip]
fn scenarios() -> Vec<Scenario> {
    let one = |name, stage, event, calls| Scenario { name, stage, event, calls };
    let requested = |details: &Value| asked("Build Requested", details);
    let merge = json!({"branch": "main", "commit": MERGE, "merged": "41"});
    vec![
        one("a push", stage, push("main", COMMIT), &["repositories.head churn-model main", "builds.find churn-build 4f1d9c0e", "builds.start churn-build 4f1d9c0e", "bus.publish Build Started"]),
        one("the push of a built commit", building, push("main", COMMIT), &["repositories.head churn-model main"]),
        one("a push that CodePipeline builds", demand, pushed_to_demand(), &["repositories.head demand-model main", "build_pipelines.find demand-integration Source Commit 4f1d9c0e", "build_pipelines.start demand-integration Source Commit 4f1d9c0e", "bus.publish Build Started"]),
        one("a push to another branch", stage, push("feature/x", COMMIT), &[]),
        one("a tag", stage, tag(), &[]),
        one("a deleted branch", deleted, deletion(), &["repositories.head churn-model main", "bus.publish Branch Deleted"]),
        one("a build that succeeded", succeeded, built("SUCCEEDED"), &["builds.describe churn-build:0", "repositories.head churn-model main", "definitions.describe churn-training", "repositories.file churn-model 4f1d9c0e pipeline.json", "definitions.update churn-training 4f1d9c0e", "bus.publish Training Requested"]),
        one("a build that succeeded, for a pipeline that is not there", without_pipeline, built("SUCCEEDED"), &["builds.describe churn-build:0", "repositories.head churn-model main", "definitions.describe churn-training", "repositories.file churn-model 4f1d9c0e pipeline.json", "definitions.create churn-training 4f1d9c0e", "bus.publish Training Requested"]),
        one("a build that succeeded, for a pipeline that has its definition", defined, built("SUCCEEDED"), &["builds.describe churn-build:0", "repositories.head churn-model main", "definitions.describe churn-training", "bus.publish Training Requested"]),
        one("a build that succeeded, without a definition", without_definition, built("SUCCEEDED"), &["builds.describe churn-build:0", "bus.publish Training Requested"]),
        one("a build that failed", failed, built("FAILED"), &["builds.describe churn-build:0", "bus.publish Build Failed"]),
        one("a build that is on", building, built("IN_PROGRESS"), &["builds.describe churn-build:0"]),
        one("a proposal", open, proposed("pullRequestCreated", "main"), &["pulls.pull_request 41", "builds.find churn-review 4f1d9c0e", "builds.start churn-review 4f1d9c0e"]),
        one("the end of a proposal's build", reviewed, review_ended(), &["builds.describe churn-review:0", "pulls.pull_request 41", "pulls.comment churn-model 41 dddddddd 4f1d9c0e"]),
        one("a merge", merged, pull_ended(true), &["pulls.pull_request 41", "bus.publish Build Requested"]),
        one("a close", reviewed, pull_ended(false), &["pulls.pull_request 41"]),
        one("a request for a merge's build", merged, requested(&merge), &["repositories.head churn-model main", "pulls.pull_request 41", "builds.find churn-build 5e2c9a7b", "builds.start churn-build 5e2c9a7b", "bus.publish Build Started"]),
        one("a request for a merge's build that has ended", merge_succeeded, requested(&merge), &["builds.describe churn-build:0", "repositories.head churn-model main", "pulls.pull_request 41", "definitions.describe churn-training", "repositories.file churn-model 5e2c9a7b pipeline.json", "definitions.update churn-training 5e2c9a7b", "pulls.comment churn-model 41 dddddddd 4f1d9c0e", "bus.publish Training Requested"]),
        one("a request of a merge whose build has ended", merge_trained, requested(&merge), &["repositories.head churn-model main", "pulls.pull_request 41", "pulls.comment churn-model 41 dddddddd 4f1d9c0e"]),
        one("a request for a head's build", stage, requested(&json!({"branch": "main", "commit": COMMIT})), &["repositories.head churn-model main", "builds.find churn-build 4f1d9c0e", "builds.start churn-build 4f1d9c0e", "bus.publish Build Started"]),
        one("a request for another branch", stage, requested(&json!({"branch": "feature/x", "commit": COMMIT})), &[]),
        one("a request for the end of a head's build", succeeded, requested(&json!({"branch": "main", "commit": COMMIT})), &["builds.describe churn-build:0", "repositories.head churn-model main", "definitions.describe churn-training", "repositories.file churn-model 4f1d9c0e pipeline.json", "definitions.update churn-training 4f1d9c0e", "bus.publish Training Requested"]),
        one("a request for a proposal's build", open, requested(&json!({"branch": "main", "commit": COMMIT, "pull-request": "41"})), &["pulls.pull_request 41", "builds.find churn-review 4f1d9c0e", "builds.start churn-review 4f1d9c0e"]),
        one("a request for the end of a proposal's build", reviewed, requested(&json!({"branch": "main", "commit": COMMIT, "pull-request": "41"})), &["builds.describe churn-review:0", "pulls.pull_request 41", "pulls.comment churn-model 41 dddddddd 4f1d9c0e"]),
        one("an execution that ended", executed, execution_ended("demand-integration", "execution-0"), &["build_pipelines.describe demand-integration Commit execution-0", "bus.publish Build Requested"]),
        one("a request for an execution's build", executed, of_demand(requested(&json!({"execution": "execution-0", "commit": COMMIT}))), &["build_pipelines.describe demand-integration Commit execution-0", "bus.publish Training Requested"]),
        one("an image", with_image, image_pushed("latest", &digest(1)), &["images.tagged churn-training latest", "bus.publish Training Requested"]),
        one("an image under another tag", with_image, image_pushed("nightly", &digest(1)), &[]),
        one("a request for an image", with_image, asked("Image Requested", &json!({"tag": "latest", "digest": digest(1)})), &["images.tagged churn-training latest", "bus.publish Training Requested"]),
        one("a reconcile", missed, asked("Reconcile Requested", &json!({})), &["repositories.head churn-model main", "ledger.load churn build#4f1d9c0e", "pulls.open churn-model", "pulls.pull_request 42", "ledger.load churn build#pull-request-42#4f1d9c0e", "pulls.pull_request 41", "ledger.load churn build#5e2c9a7b", "ledger.load churn image", "images.tagged churn-training latest", "bus.publish Build Requested", "bus.publish Build Requested", "bus.publish Image Requested", "bus.publish Build Requested"]),
    ]
}

/// The effects in the services and on the bus; readers of the bus deduplicate by kind and dedup key.
#[derive(Debug, PartialEq)]
struct Effects {
    builds: Vec<BuildRequest>,
    /// Pipeline, source action, variable and commit.
    executions: Vec<[String; 4]>,
    comments: Vec<(String, String)>,
    definitions: Vec<Defined>,
    facts: BTreeSet<(&'static str, String, String)>,
}

impl Rig {
    fn effects(&self) -> Effects {
        let facts = self.cloud.facts();
        let facts = facts.iter();
        let executions = self.executions();
        Effects {
            builds: self.builds(),
            executions: executions
                .iter()
                .map(|one| {
                    [one.pipeline.to_string(), one.source.to_string(), one.variable.clone(), one.commit.to_string()]
                })
                .collect(),
            comments: self
                .cloud
                .codecommit()
                .comments
                .iter()
                .map(|one| (one.pull_request.to_string(), one.content.clone()))
                .collect(),
            definitions: self.cloud.pipelines().definitions.clone(),
            facts: facts.map(|fact| (fact.kind.as_str(), fact.dedup_key(), format!("{:?}", fact.details))).collect(),
        }
    }
}

impl Scenario {
    /// The stage before the event; this call of its reaction fails like this.
    fn failing(&self, fault: Option<(usize, Fault)>) -> Rig {
        let stage = (self.stage)();
        stage.cloud.forget_calls();
        stage.cloud.fail_call(fault);
        stage
    }

    /// Each of its calls, failing like this.
    fn each_call(&self, fault: Fault) -> impl Iterator<Item = (String, Rig)> {
        self.calls.iter().enumerate().map(move |(number, call)| {
            (format!("{}: {fault:?} at call {number}, {call}", self.name), self.failing(Some((number, fault))))
        })
    }
}

#[test]
fn each_event_leads_to_exactly_these_calls() {
    for scenario in scenarios() {
        let stage = scenario.failing(None);
        stage.try_react(&scenario.event).unwrap();
        assert_eq!(stage.cloud.calls(), scenario.calls, "{}: other calls than it needs", scenario.name);
    }
}

#[test]
fn transient_failure_returns_the_event_to_lambda() {
    for scenario in scenarios() {
        for (place, stage) in scenario.each_call(Fault::Throttled).chain(scenario.each_call(Fault::Lost)) {
            let outcome = stage.try_react(&scenario.event);
            assert!(
                matches!(outcome, Err(Failure::Transient { .. })),
                "{place}: Lambda must retry, and got {outcome:?}"
            );
            let calls = &stage.cloud.calls();
            let so_far = scenario.calls.get(..calls.len()).unwrap();
            assert_eq!(calls, so_far, "{place}: something else was done instead");
            assert!(place.ends_with(calls.last().unwrap()), "{place}: the reaction went on after it");
        }
    }
}

#[test]
fn retry_ends_as_if_the_call_had_not_failed() {
    for scenario in scenarios() {
        let undisturbed = scenario.failing(None);
        undisturbed.try_react(&scenario.event).unwrap();
        for (place, stage) in scenario.each_call(Fault::Throttled).chain(scenario.each_call(Fault::Lost)) {
            stage.try_react(&scenario.event).unwrap_err();
            // Lambda's first retry.
            stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_secs(60));
            stage.try_react(&scenario.event).unwrap();
            assert_eq!(stage.effects(), undisturbed.effects(), "{place}: the retry made something else, or again");
        }
    }
}

#[test]
fn refused_call_is_no_success() {
    for scenario in scenarios() {
        for (place, stage) in scenario.each_call(Fault::Refused) {
            // A refused publication goes back to Lambda, as in each function.
            if place.contains("bus.publish") {
                continue;
            }
            let report = stage.try_react(&scenario.event).unwrap();
            assert_eq!(report.entry.decision, Decision::Failed, "{place}: the refusal was swallowed");
            let reasons = report.entry.reasons.join(" ");
            assert!(reasons.contains("AccessDenied"), "{place}: the reasons lack the cause: {reasons}");
            let routine = scenario.event["source"] == "trimtab";
            assert_eq!(
                report.dead_lettered, !routine,
                "{place}: an event is dead-lettered unless the next reconcile requests the same"
            );
        }
    }
}
