//! Pull requests that end: merged, they read how the merged commit's build ended; closed, nobody is
//! told any more.

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

impl Stage {
    /// The pull request is merged, and the merge is pushed.
    pub(super) fn merge(&self) {
        let merged = CommitId::parse(MERGE).ok();
        self.change_pull(|pull| (pull.open, pull.merged) = (false, merged.clone()));
        self.set_head(merged);
    }

    pub(super) fn hear_of_merge(&self) -> (Decision, &'static str) {
        assert_eq!(self.react(&ended(true)), (Decision::Acted, "merged"));
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!((wanted.kind, wanted.details["commit"].as_str()), (FactKind::BuildRequested, MERGE));
        self.react(&asked("Build Requested", &json!(wanted.details)))
    }

    /// What was asked of the merge's build is decided.
    fn answer_last(&self) -> (Decision, &'static str) {
        let wanted = self.cloud.facts().pop().unwrap();
        assert_eq!((wanted.kind, wanted.details["merged"].as_str()), (FactKind::BuildRequested, "41"));
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
fn a_merged_pull_request_reads_once_how_the_merged_commits_build_ended() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.react(&push("main", MERGE)), (Decision::Acted, "pushed"));
    stage.all_end(&BuildStatus::InProgress);
    assert_eq!(stage.hear_of_merge(), (Decision::Acted, "merged"));
    assert_eq!(stage.comments(), [] as [String; 0]);
    assert_eq!(stage.merge_ends("SUCCEEDED"), (Decision::Acted, "built"));
    assert_eq!(stage.merge_ends("SUCCEEDED"), (Decision::Skipped, "already_requested"));
    stage.hear_of_merge();
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
    assert!(stage.told().contains(&FactKind::TrainingRequested));
}

#[test]
fn a_merge_that_is_heard_of_before_its_push_is_built_once_and_told() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.hear_of_merge(), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&push("main", MERGE)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.merge_ends("FAILED"), (Decision::Acted, "build_failed"));
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build ended as FAILED."]);
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn a_merge_that_is_heard_of_after_its_builds_end_is_told_all_the_same() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.hear_of_merge(), (Decision::Acted, "merged"));
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn a_commit_that_the_pull_request_did_not_make_is_refused() {
    let stage = open();
    stage.merge();
    let details = json!({"branch": "main", "commit": COMMIT, "merged": "41"});
    assert_eq!(stage.react(&asked("Build Requested", &details)), (Decision::Failed, "other_merge"));
}

#[test]
fn how_the_build_of_a_closed_pull_request_ends_is_told_to_nobody() {
    let stage = open();
    stage.propose();
    assert_eq!(stage.react(&ended(false)), (Decision::Skipped, "open"));
    stage.change_pull(|pull| pull.open = false);
    assert_eq!(stage.react(&ended(false)), (Decision::Acted, "closed"));
    assert_eq!(stage.react(&ended(false)), (Decision::Skipped, "closed"));
    assert_eq!(stage.ends("FAILED"), (Decision::Skipped, "closed"));
    assert!(stage.comments().is_empty());
}

/// A stage on which a reconcile has seen the pull request open.
fn seen_open() -> Stage {
    let stage = open();
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    stage
}

#[test]
fn a_merge_that_nobody_heard_of_is_found_by_looking_and_told_once() {
    let stage = seen_open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.look(), (Decision::Acted, "merged"));
    assert_eq!(stage.answer_last(), (Decision::Acted, "merged"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    // Its event comes after all.
    stage.hear_of_merge();
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn a_merge_whose_push_was_lost_too_is_built_once_and_told_once() {
    let stage = seen_open();
    stage.merge();
    assert_eq!(stage.look(), (Decision::Acted, "merged"));
    assert_eq!(stage.told(), [FactKind::BuildRequested], "the head is not asked for on its own");
    assert_eq!(stage.answer_last(), (Decision::Acted, "pushed"));
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.builds().len(), 1);
    assert_eq!(stage.comments(), ["Merged as 5e2c9a7b: its build succeeded."]);
}

#[test]
fn a_merge_that_was_heard_of_is_not_asked_for_again() {
    let stage = seen_open();
    stage.merge();
    stage.hear_of_merge();
    stage.merge_ends("SUCCEEDED");
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn what_was_merged_before_the_first_look_is_told_to_nobody() {
    let stage = open();
    stage.merge();
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.told(), []);
}

#[test]
fn of_what_was_closed_or_merged_elsewhere_nothing_is_asked_and_nothing_is_kept() {
    let elsewhere = |pull: &mut ObservedPullRequest| {
        pull.merged = CommitId::parse(MERGE).ok();
        pull.destination = BranchName::parse("release").ok();
    };
    let closed = |_: &mut ObservedPullRequest| {};
    for change in [&closed as &dyn Fn(&mut ObservedPullRequest), &elsewhere] {
        let stage = seen_open();
        assert_eq!(stage.saved_state()["pull_requests"], json!(["41"]));
        stage.change_pull(|pull| {
            pull.open = false;
            change(pull);
        });
        assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
        assert_eq!((stage.told(), &stage.saved_state()["pull_requests"]), (vec![], &Value::Null));
    }
}

#[test]
fn a_merge_heard_of_after_its_build_failed_reads_of_it() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.merge_ends("FAILED");
    assert_eq!(stage.hear_of_merge(), (Decision::Acted, "merged"));
    let said = "Merged as 5e2c9a7b: its build did not succeed, or a step that follows it failed.";
    assert_eq!(stage.comments(), [said]);
}

/// CodeCommit would give the same comment for the same token; that it is not asked again is ours to see to.
#[test]
fn a_merge_that_was_told_is_not_commented_again() {
    let stage = open();
    stage.merge();
    stage.react(&push("main", MERGE));
    stage.hear_of_merge();
    for _ in 0..2 {
        stage.merge_ends("SUCCEEDED");
        stage.hear_of_merge();
    }
    let comments = stage.cloud.account().calls.iter().filter(|call| call.starts_with("pulls.comment")).count();
    assert_eq!(comments, 1, "the pull request reads it once");
}

#[test]
fn another_pull_request_of_the_same_merge_reads_of_it_too() {
    let stage = open();
    stage.merge();
    let twin = stage.cloud.account().pulls["41"].clone();
    stage.cloud.account().pulls.insert("42".into(), twin);
    stage.react(&push("main", MERGE));
    stage.merge_ends("SUCCEEDED");
    stage.hear_of_merge();
    stage.react(&asked("Build Requested", &json!({"branch": "main", "commit": MERGE, "merged": "42"})));
    let account = stage.cloud.account();
    let read: Vec<_> = account.comments.iter().map(|comment| comment.pull_request.as_str()).collect();
    assert_eq!(read, ["41", "42"]);
}

#[test]
fn a_merge_without_its_commit_or_policy_asks_for_nothing() {
    let stage = open();
    stage.change_pull(|pull| pull.open = false);
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "not_merged"));
    stage.merge();
    stage.change_pull(|pull| pull.destination = BranchName::parse("release").ok());
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "branch_not_configured"));
    stage.cloud.account().pulls.clear();
    assert_eq!(stage.react(&ended(true)), (Decision::Failed, "no_such_pull_request"));
    stage.change_rules(|rules| rules.pull_requests = None);
    assert_eq!(stage.react(&ended(true)), (Decision::Skipped, "off"));
    assert!(!stage.told().contains(&FactKind::BuildRequested));
}
