//! Pull requests that end: a merged one gets a comment with the merge commit's build, a closed one gets none.

use super::pull_request_build::{open, proposed};
use super::reconcile::asked;
use super::*;

pub(super) const MERGE: &str = "5e2c9a7b1d4f6083e5c2a9b7d1f4e6082c9a7b5d";

pub(super) fn ended(merged: bool) -> Value {
    let happened = if merged { "pullRequestMergeStatusUpdated" } else { "pullRequestStatusChanged" };
    let mut event = proposed(happened, "main");
    event["detail"]["pullRequestStatus"] = json!("Closed");
    event["detail"]["isMerged"] = json!(if merged { "True" } else { "False" });
    event
}

impl Rig {
    /// The pull request is merged, and the merge is pushed.
    pub(super) fn merge(&self) {
        let merged = CommitId::parse(MERGE).ok();
        self.change_pull(|pull| (pull.open, pull.merged) = (false, merged.clone()));
        self.set_head(merged);
    }

    pub(super) fn receive_merge(&self) -> (Decision, &'static str) {
        assert_eq!(self.react(&ended(true)), (Decision::Acted, "merged"));
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!((wanted.kind, wanted.details.text("commit").unwrap()), (FactKind::BuildRequested, MERGE));
        self.react(&asked("Build Requested", &json!(wanted.details)))
    }

    /// The request to the merge commit's build is decided.
    fn follow_merge_request(&self) -> (Decision, &'static str) {
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!((wanted.kind, wanted.details.text("merged").unwrap()), (FactKind::BuildRequested, "41"));
        self.react(&asked("Build Requested", &json!(wanted.details)))
    }

    /// The merged commit's build is the newest.
    pub(super) fn merge_ends(&self, status: &str) -> (Decision, &'static str) {
        self.all_end(&BuildStatus::parse(status));
        let number = self.builds().len() - 1;
        let detail = json!({"build-status": status, "project-name": "churn-build", "build-id": build_id("churn-build", number),
            "additional-information": {"source-version": MERGE}});
        self.react(&event("aws.codebuild", "CodeBuild Build State Change", &detail))
    }
}

#[test]
fn merged_pull_request_gets_one_comment_on_the_build() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.react(&push("main", MERGE)), (Decision::Acted, "pushed"));
    stage.all_end(&BuildStatus::InProgress);
    assert_eq!(stage.receive_merge(), (Decision::Acted, "merged"));
    assert_eq!(stage.comments(), [] as [String; 0]);
    assert_eq!(stage.merge_ends("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.merge_ends("SUCCEEDED"), (Decision::Skipped, "already_requested"));
    stage.receive_merge();
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
    assert!(stage.published().contains(&FactKind::TrainingRequested));
}

#[test]
fn merge_received_before_its_push_is_built_once() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.receive_merge(), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&push("main", MERGE)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.merge_ends("FAILED"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build ended as FAILED."]);
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn merge_received_after_the_build_ended_gets_its_comment() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.receive_merge(), (Decision::Acted, "merged"));
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn request_with_another_merge_commit_fails() {
    let stage = open();
    stage.merge();
    let details = json!({"branch": "main", "commit": COMMIT, "merged": "41"});
    assert_eq!(stage.react(&asked("Build Requested", &details)), (Decision::Failed, "other_merge"));
}

#[test]
fn closed_pull_request_gets_no_comment() {
    let stage = open();
    stage.propose();
    assert_eq!(stage.react(&ended(false)), (Decision::Skipped, "open"));
    stage.change_pull(|pull| pull.open = false);
    assert_eq!(stage.react(&ended(false)), (Decision::Acted, "closed"));
    assert_eq!(stage.react(&ended(false)), (Decision::Skipped, "closed"));
    assert_eq!(stage.ends("FAILED"), (Decision::Skipped, "closed"));
    assert!(stage.comments().is_empty());
}

/// A stage on which a reconcile observed the open pull request.
fn observed_open() -> Rig {
    let stage = open();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage
}

#[test]
fn missed_merge_is_found_by_reconcile_and_commented_once() {
    let stage = observed_open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.reconcile(), (Decision::Acted, "merged"));
    assert_eq!(stage.follow_merge_request(), (Decision::Acted, "merged"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    // Its event arrives after all.
    stage.receive_merge();
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn missed_merge_and_push_are_built_and_commented_once() {
    let stage = observed_open();
    stage.merge();
    assert_eq!(stage.reconcile(), (Decision::Acted, "merged"));
    assert_eq!(stage.published(), [FactKind::BuildRequested], "the head is not requested on its own");
    assert_eq!(stage.follow_merge_request(), (Decision::Acted, "pushed"));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.builds().len(), 1);
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn received_merge_is_not_requested_again() {
    let stage = observed_open();
    stage.merge();
    stage.receive_merge();
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn merge_before_the_first_reconcile_gets_no_comment() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), []);
}

#[test]
fn pull_request_closed_or_merged_elsewhere_is_forgotten() {
    let elsewhere = |pull: &mut ObservedPullRequest| {
        pull.merged = CommitId::parse(MERGE).ok();
        pull.destination = BranchName::parse("release").ok();
    };
    let closed = |_: &mut ObservedPullRequest| {};
    for change in [&closed as &dyn Fn(&mut ObservedPullRequest), &elsewhere] {
        let stage = observed_open();
        assert_eq!(stage.saved_state()["pull_requests"], json!(["41"]));
        stage.change_pull(|pull| {
            pull.open = false;
            change(pull);
        });
        assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
        assert_eq!((stage.published(), &stage.saved_state()["pull_requests"]), (vec![], &Value::Null));
    }
}

#[test]
fn merge_received_after_the_build_failed_gets_its_comment() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("FAILED");
    assert_eq!(stage.receive_merge(), (Decision::Acted, "merged"));
    let comment = "Merged as 5e2c9a7b: its build did not succeed, or a step that follows it failed.";
    assert_eq!(stage.comments(), [comment]);
}

/// CodeCommit returns the existing comment for the same token; `integrate` does not rely on it.
#[test]
fn commented_merge_is_not_commented_again() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.receive_merge();
    for _ in 0..2 {
        stage.merge_ends("SUCCEEDED");
        stage.receive_merge();
    }
    let comments = stage.cloud.calls().iter().filter(|call| call.starts_with("pulls.comment")).count();
    assert_eq!(comments, 1, "the pull request has one comment");
}

#[test]
fn second_pull_request_of_a_merge_gets_its_comment() {
    let stage = open();
    stage.merge();
    let twin = stage.cloud.codecommit().pulls["41"].clone();
    stage.cloud.codecommit().pulls.insert("42".into(), twin);
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    stage.receive_merge();
    stage.react(&asked("Build Requested", &json!({"branch": "main", "commit": MERGE, "merged": "42"})));
    let codecommit = stage.cloud.codecommit();
    let read: Vec<_> = codecommit.comments.iter().map(|comment| comment.pull_request.as_str()).collect();
    assert_eq!(read, ["41", "42"]);
}

#[test]
fn merge_without_its_commit_or_policy_requests_nothing() {
    let stage = open();
    stage.change_pull(|pull| pull.open = false);
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "not_merged"));
    stage.merge();
    stage.change_pull(|pull| pull.destination = BranchName::parse("release").ok());
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "branch_not_configured"));
    stage.cloud.codecommit().pulls.clear();
    assert_eq!(stage.react(&ended(true)), (Decision::Failed, "no_such_pull_request"));
    stage.change_rules(|rules| rules.pull_requests = None);
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "off"));
    assert!(!stage.published().contains(&FactKind::BuildRequested));
}
