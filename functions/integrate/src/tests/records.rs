//! The records in the ledger and their names: a later version must find and read them.

use std::str::FromStr;

use jiff::SignedDuration;
use trimtab_core::event::Event;
use trimtab_core::reactor::Decide;

use super::calls::tag;
use super::image::{digest, pushed as image_pushed};
use super::merge::{MERGE, ended as pull_ended};
use super::pipeline::ended as execution_ended;
use super::pull_request_build::{ended as review_ended, open, proposed};
use super::reconcile::asked;
use super::*;
use crate::Integrate;

#[test]
fn each_event_has_the_record_of_its_aggregate() {
    let requested = |details: &Value| asked("Build Requested", details);
    let mut deleted = push("main", COMMIT);
    deleted["detail"]["event"] = json!("referenceDeleted");
    let of_pull = format!("build#pull-request-41#{COMMIT}");
    let of_commit = format!("build#{COMMIT}");
    for (event, record) in [
        (push("main", COMMIT), of_commit.as_str()),
        (push("main", "HEAD"), "build#none"),
        (tag(), &of_commit),
        (built("SUCCEEDED"), &of_commit),
        (requested(&json!({"branch": "main", "commit": COMMIT})), &of_commit),
        (requested(&json!({"branch": "main", "commit": COMMIT, "merged": "41"})), &of_commit),
        (requested(&json!({"execution": "e-1", "commit": COMMIT})), &of_commit),
        (requested(&json!({"commit": COMMIT})), "build#none"),
        (proposed("pullRequestCreated", "main"), &of_pull),
        (pull_ended(false), &of_pull),
        (review_ended(), &of_pull),
        (requested(&json!({"branch": "main", "commit": COMMIT, "pull-request": "41"})), &of_pull),
        (pull_ended(true), "merge#41"),
        (deleted, "branches"),
        (asked("Reconcile Requested", &json!({})), "branches"),
        (execution_ended("demand-integration", "execution-0"), "execution#execution-0"),
        (image_pushed("latest", &digest(1)), "image"),
        (asked("Image Requested", &json!({"tag": "latest", "digest": digest(1)})), "image"),
    ] {
        let parsed = Event::parse(&event).unwrap();
        assert_eq!(Integrate::aggregate(&parsed, None), record, "the record has another name: {event}");
    }
}

#[test]
fn event_of_an_unknown_kind_is_skipped() {
    let stage = stage();
    let scheduled = event("aws.events", "Scheduled Event", &json!({}));
    assert_eq!(stage.react(&scheduled), (Decision::Skipped, "not_concerned"));
    let mut of_no_model = asked("Build Requested", &json!({"branch": "main", "commit": COMMIT}));
    of_no_model["detail"]["model"] = Value::Null;
    assert_eq!(stage.react(&of_no_model), (Decision::Skipped, "not_concerned"));
    let another = asked("Rollout Started", &json!({"package": "p"}));
    assert_eq!(stage.react(&another), (Decision::Skipped, "not_concerned"));
    assert_eq!(stage.cloud.calls(), [] as [&str; 0], "an unrelated event leads to no call");
}

#[test]
fn policy_without_the_table_disables_the_function() {
    let without = CHURN.replace("[integrate]", "[integrate-no-more]");
    let end = without.find("[retrain]").unwrap();
    let start = without.find("[integrate-no-more]").unwrap();
    let stage = stage_of(Policy::parse("churn.toml", &format!("{}{}", &without[..start], &without[end..])).unwrap());
    let request = asked("Build Requested", &json!({"branch": "main", "commit": COMMIT}));
    assert_eq!(stage.react(&request), (Decision::Skipped, "off"));
    assert_eq!(stage.react(&asked("Reconcile Requested", &json!({}))), (Decision::Skipped, "off"));
    assert_eq!(stage.cloud.calls(), [] as [&str; 0], "a disabled function makes no call");
}

#[test]
fn malformed_request_fails() {
    let stage = stage();
    for details in [
        json!({}),
        json!({"commit": COMMIT}),
        json!({"branch": "main"}),
        json!({"branch": "main", "commit": "HEAD"}),
        json!({"branch": "main", "commit": COMMIT, "pull-request": "../41"}),
        json!({"branch": "main", "commit": COMMIT, "merged": "../41"}),
        json!({"branch": "main", "commit": COMMIT, "execution": "/"}),
    ] {
        let outcome = stage.react(&asked("Build Requested", &details));
        assert_eq!(outcome, (Decision::Failed, "no_commit"), "{details} names no branch and commit");
    }
    assert_eq!(stage.cloud.calls().iter().filter(|call| !call.contains("Event Dead-Lettered")).count(), 0);
}

/// A record that an earlier attempt left in the ledger.
impl Rig {
    pub(super) fn store(&self, name: &str, state: Value) {
        use trimtab_core::port::{AggregateId, Record};
        let owner = self.world.ledger.contents().policies.keys().next().unwrap().to_string();
        let record = Record { state: Some(state), epoch: 1, ..Record::EMPTY };
        self.world.ledger.contents().aggregates.insert(AggregateId { owner, name: name.to_owned() }, record);
    }
}

/// The record of the commit's build.
fn commit_build(mut phase: Value) -> Value {
    phase["aggregate"] = json!("commit_build");
    phase["commit"] = json!(COMMIT);
    phase
}

fn pull_request_build(mut phase: Value) -> Value {
    phase["aggregate"] = json!("pull_request_build");
    phase
}

fn build_request(commit: &str) -> Value {
    json!({"project": "churn-build", "commit": commit, "variables": {"TRIMTAB_MODEL": "churn"}, "token": "t"})
}

fn merge(commented: bool) -> Value {
    json!({"pull_request": "41", "before": "d".repeat(40), "after": COMMIT, "commented": commented})
}

fn comment() -> Value {
    json!({"repository": "churn-model", "pull_request": "41", "before": "d".repeat(40), "after": COMMIT,
        "content": "The build ended.", "token": "t"})
}

/// A record with pending actions; the status of the build; and the pending call.
fn pending_actions() -> [(&'static str, Value, Option<BuildStatus>, &'static str); 4] {
    let starting = commit_build(json!({"status": "starting", "request": build_request(COMMIT), "branch": "main"}));
    let updating = commit_build(json!({"status": "updating_pipeline", "build": build_id("churn-build", 0)}));
    let (succeeded, failed) = (Some(BuildStatus::Succeeded), Some(BuildStatus::Failed));
    let comment = "pulls.comment churn-model 41 dddddddd 4f1d9c0e";
    [
        ("a build to start", starting, None, "builds.start churn-build 4f1d9c0e"),
        ("training to request", updating, succeeded.clone(), "bus.publish Training Requested"),
        (
            "a success to report",
            commit_build(json!({"status": "succeeded", "merge": merge(false)})),
            succeeded,
            comment,
        ),
        ("a failure to report", commit_build(json!({"status": "failed", "merge": merge(false)})), failed, comment),
    ]
}

#[test]
fn pending_actions_are_resumed_by_the_next_event() {
    for (what, state, status, call) in pending_actions() {
        let requested = asked("Build Requested", &json!({"branch": "main", "commit": COMMIT}));
        for event in [push("main", COMMIT), requested, built("SUCCEEDED")] {
            // CodeBuild sends no event of a build that was never started.
            if status.is_none() && event["source"] == "aws.codebuild" {
                continue;
            }
            let stage = stage();
            let request: BuildRequest = serde_json::from_value(build_request(COMMIT)).unwrap();
            stage.cloud.codebuild().builds.extend(status.clone().map(|status| (request, status)));
            stage.store(&format!("build#{COMMIT}"), state.clone());
            stage.try_react(&event).unwrap();
            let calls = &stage.cloud.calls();
            assert!(calls.iter().any(|one| one == call), "{what} is left after {}: {calls:?}", event["detail-type"]);
        }
    }
}

#[test]
fn posted_comment_is_not_posted_again_by_the_next_event() {
    for state in ["succeeded", "failed"] {
        let stage = stage();
        stage.store(&format!("build#{COMMIT}"), commit_build(json!({"status": state, "merge": merge(true)})));
        assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "already_built"));
        assert_eq!(stage.comments(), [] as [String; 0]);
    }
}

#[test]
fn pending_actions_of_a_proposal_are_resumed() {
    let name = format!("build#pull-request-41#{COMMIT}");
    let request = json!({"project": "churn-review", "commit": COMMIT, "token": "t",
        "variables": {"TRIMTAB_MODEL": "churn", "TRIMTAB_PULL_REQUEST": "41"}});
    let stage = open();
    stage.store(&name, pull_request_build(json!({"status": "starting", "request": request})));
    stage.change_pull(|pull| pull.source = CommitId::parse(&"e".repeat(40)).ok());
    assert_eq!(stage.react(&proposed("pullRequestCreated", "main")), (Decision::Acted, "superseded"));
    assert_eq!(stage.builds().len(), 1, "a claimed build is started although the proposal moved on");
    let stage = open();
    stage.store(&name, pull_request_build(json!({"status": "commenting", "comment": comment()})));
    assert_eq!(stage.react(&proposed("pullRequestCreated", "main")), (Decision::Acted, "already_built"));
    assert_eq!(stage.comments(), ["The build ended."]);
}

/// A reconcile requests every record with something left to do, and no other.
#[test]
fn reconcile_requests_each_record_that_is_open() {
    let build = build_id("churn-build", 0);
    let starting = json!({"status": "starting", "request": build_request(COMMIT), "branch": "main"});
    for (state, is_open) in [
        (Value::Null, true),
        (json!({"aggregate": "empty"}), true),
        (commit_build(starting), true),
        (commit_build(json!({"status": "running", "build": build})), true),
        (commit_build(json!({"status": "updating_pipeline", "build": build})), true),
        (pull_request_build(json!({"status": "commenting", "comment": comment()})), true),
        (commit_build(json!({"status": "succeeded"})), false),
        (commit_build(json!({"status": "failed"})), false),
        (commit_build(json!({"status": "succeeded", "merge": merge(true)})), false),
        (commit_build(json!({"status": "failed", "merge": merge(true)})), false),
        (commit_build(json!({"status": "succeeded", "merge": merge(false)})), true),
        (commit_build(json!({"status": "failed", "merge": merge(false)})), true),
        (pull_request_build(json!({"status": "commented"})), false),
        (pull_request_build(json!({"status": "closed"})), false),
    ] {
        let stage = stage();
        stage.set_head(CommitId::parse(&"a".repeat(40)).ok());
        stage.reconcile();
        stage.set_head(CommitId::parse(COMMIT).ok());
        if !state.is_null() {
            stage.store(&format!("build#{COMMIT}"), state.clone());
        }
        let expected = if is_open { (Decision::Acted, "build_open") } else { (Decision::Skipped, "nothing_new") };
        assert_eq!(stage.reconcile(), expected, "{state}: a reconcile requests what is open");
        assert_eq!(stage.published(), Vec::from_iter(is_open.then_some(FactKind::BuildRequested)), "{state}");
    }
}

#[test]
fn unreadable_record_returns_the_reconcile_to_lambda() {
    let stage = stage();
    stage.store(&format!("build#{COMMIT}"), json!({"aggregate": "of a later version"}));
    let outcome = stage.try_react(&asked("Reconcile Requested", &json!({})));
    assert!(matches!(outcome, Err(Failure::Transient { operation: "ledger:read", .. })), "{outcome:?}");
}

/// CodeBuild and CodeCommit deduplicate a call by its token: the token is derived from the subject alone.
#[test]
fn token_depends_only_on_the_subject_of_the_call() {
    let tokens = |id: &str, minutes: i64, change: &dyn Fn(&mut policy::Integrate), commit: &str| {
        let stage = open();
        stage.change_rules(change);
        stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_mins(minutes));
        let by = |mut event: Value| {
            event["id"] = json!(id);
            event["time"] = json!(stage.world.clock.now().to_string());
            let text = event.to_string().replace(COMMIT, commit);
            stage.try_react(&Value::from_str(&text).unwrap()).unwrap();
        };
        stage.set_head(CommitId::parse(commit).ok());
        stage.change_pull(|pull| pull.source = CommitId::parse(commit).ok());
        by(push("main", COMMIT));
        by(proposed("pullRequestCreated", "main"));
        stage.all_end(&BuildStatus::Succeeded);
        let mut end = review_ended();
        end["detail"]["build-id"] = json!(build_id("churn-review", 1));
        by(end);
        let mut tokens: Vec<String> = stage.builds().into_iter().map(|request| request.token).collect();
        tokens.extend(stage.cloud.codecommit().comments.iter().map(|comment| comment.token.clone()));
        tokens
    };
    let same = |_: &mut policy::Integrate| {};
    let first = tokens("first", 0, &same, COMMIT);
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|token| token.len() == 40), "CodeBuild takes 64 characters: {first:?}");
    assert_eq!(first, tokens("second", 7, &same, COMMIT), "a token depends on the time or on the event");
    let other = tokens("first", 0, &same, MERGE);
    assert!(first.iter().zip(&other).all(|(one, other)| one != other), "another commit has the same token");
    let project = |rules: &mut policy::Integrate| {
        rules.project = trimtab_core::name::ProjectName::parse("other").ok();
        rules.pull_requests = trimtab_core::name::ProjectName::parse("other-review").ok();
    };
    let moved = tokens("first", 0, &project, COMMIT);
    assert!(first[0] != moved[0] && first[1] != moved[1], "another project has the same token");
    let all: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(all.len(), 3, "a build, a proposal's build and its comment have different tokens");
}

/// Only a defect puts it there. A skip would lose the event without notice.
#[test]
fn record_of_another_aggregate_is_a_permanent_failure() {
    let image = || {
        let stage = stage();
        stage.points_at(1);
        stage
    };
    let record = commit_build(json!({"status": "succeeded"}));
    let snapshot = json!({"aggregate": "branch_snapshot", "before": {}});
    for (stage, name, state, event) in [
        (stage(), format!("build#{COMMIT}"), snapshot.clone(), push("main", COMMIT)),
        (open(), format!("build#pull-request-41#{COMMIT}"), record.clone(), proposed("pullRequestCreated", "main")),
        (image(), "image".to_owned(), snapshot, image_pushed("latest", &digest(1))),
        (stage(), "branches".to_owned(), record, asked("Reconcile Requested", &json!({}))),
    ] {
        stage.store(&name, state);
        assert_eq!(stage.react(&event), (Decision::Failed, "unexpected_state"), "{name}");
        assert!(stage.builds().is_empty(), "{name}");
    }
}
