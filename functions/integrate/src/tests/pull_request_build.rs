//! Pull requests: a project of its own builds the proposed commit, and the pull request gets a comment.

use super::*;

pub(super) fn proposed(happened: &str, branch: &str) -> Value {
    let detail = json!({"event": happened, "repositoryNames": ["churn-model"], "pullRequestId": "41",
        "pullRequestStatus": "Open", "sourceCommit": COMMIT, "destinationReference": format!("refs/heads/{branch}")});
    event("aws.codecommit", "CodeCommit Pull Request State Change", &detail)
}

pub(super) fn ended() -> Value {
    let variables =
        json!([{"name": "TRIMTAB_MODEL", "value": "churn"}, {"name": "TRIMTAB_PULL_REQUEST", "value": "41"}]);
    let mut event = built("SUCCEEDED");
    event["detail"]["project-name"] = json!("churn-review");
    event["detail"]["build-id"] = json!(build_id("churn-review", 0));
    event["detail"]["additional-information"]["environment"] = json!({"environment-variables": variables});
    event
}

/// A stage with an open pull request.
pub(super) fn open() -> Rig {
    let stage = stage();
    let target = CommitId::parse(&"d".repeat(40)).ok();
    let (source, destination) = (CommitId::parse(COMMIT).ok(), BranchName::parse("main").ok());
    let pull = ObservedPullRequest { open: true, merged: None, source, target, destination };
    stage.cloud.codecommit().pulls.insert("41".into(), pull);
    stage
}

impl Rig {
    pub(super) fn propose(&self) -> (Decision, &'static str) {
        self.react(&proposed("pullRequestCreated", "main"))
    }

    pub(super) fn ends(&self, status: &str) -> (Decision, &'static str) {
        self.all_end(&BuildStatus::parse(status));
        self.react(&ended())
    }

    pub(super) fn comments(&self) -> Vec<String> {
        self.cloud.codecommit().comments.iter().map(|comment| comment.content.clone()).collect()
    }
}

#[test]
fn proposed_commit_is_built_once_by_the_review_project() {
    let stage = open();
    assert_eq!(stage.propose(), (Decision::Acted, "proposed"));
    assert_eq!(stage.propose(), (Decision::Skipped, "already_built"));
    let builds = stage.builds();
    assert_eq!((builds.len(), builds[0].project.as_str(), builds[0].commit.as_str()), (1, "churn-review", COMMIT));
    assert_eq!(stage.published(), [], "the author reads the result on the pull request");
}

#[test]
fn redriven_proposal_starts_the_build_that_was_refused() {
    let stage = open();
    stage.refuse();
    assert_eq!(stage.propose().0, Decision::Failed);
    stage.cloud.accept();
    assert_eq!(stage.propose(), (Decision::Acted, "proposed"));
}

#[test]
fn pull_request_gets_one_comment_and_no_training() {
    let stage = open();
    stage.propose();
    assert_eq!(stage.ends("IN_PROGRESS"), (Decision::Skipped, "still_running"));
    assert_eq!(stage.ends("FAILED"), (Decision::Acted, "reviewed"));
    assert_eq!(stage.ends("FAILED"), (Decision::Skipped, "already_handled"));
    let comment = "The build of 4f1d9c0e ended as FAILED (churn-review:0). Its log: https://console.aws.amazon.com/x";
    assert_eq!((stage.comments(), stage.published()), (vec![comment.to_owned()], vec![]));
}

#[test]
fn proposed_commit_that_is_pushed_has_a_second_build() {
    let stage = open();
    stage.propose();
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Acted, "pushed"));
    assert_eq!(stage.builds().len(), 2);
}

#[test]
fn pull_request_event_without_a_proposal_builds_nothing() {
    let stage = open();
    assert_eq!(stage.react(&proposed("pullRequestMergeStatusUpdated", "main")), (Decision::Skipped, "no_proposal"));
    assert_eq!(stage.react(&proposed("pullRequestCreated", "release")), (Decision::Skipped, "branch_not_configured"));
    stage.change_pull(|pull| pull.source = CommitId::parse(&"e".repeat(40)).ok());
    assert_eq!(stage.propose(), (Decision::Skipped, "superseded"));
    stage.change_pull(|pull| pull.open = false);
    assert_eq!(stage.propose(), (Decision::Skipped, "closed"));
    stage.cloud.codecommit().pulls.clear();
    assert_eq!(stage.propose(), (Decision::Failed, "no_such_pull_request"));
    assert!(stage.builds().is_empty());
}

#[test]
fn build_event_with_a_forged_pull_request_fails() {
    let stage = open();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.ends("SUCCEEDED"), (Decision::Failed, "other_build"));
    assert!(stage.comments().is_empty());
}

#[test]
fn pull_request_build_without_its_variable_is_not_trained() {
    let stage = open();
    stage.propose();
    assert_eq!(stage.ends_as("SUCCEEDED"), (Decision::Failed, "other_build"));
    assert!(!stage.published().contains(&FactKind::TrainingRequested));
}

#[test]
fn missed_proposal_and_its_end_are_found_by_reconcile() {
    let stage = open();
    let pulls = std::mem::take(&mut stage.cloud.codecommit().pulls);
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage.cloud.codecommit().pulls = pulls;
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "proposed"));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "reviewed"));
    assert_eq!(stage.comments(), ["The build of 4f1d9c0e succeeded (churn-review:0)."]);
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn policy_without_a_review_project_builds_no_proposal() {
    let stage = open();
    stage.change_rules(|rules| rules.pull_requests = None);
    assert_eq!(stage.propose(), (Decision::Skipped, "off"));
    let details = json!({"branch": "main", "commit": COMMIT, "pull-request": "41"});
    assert_eq!(stage.react(&super::reconcile::asked("Build Requested", &details)), (Decision::Skipped, "off"));
    assert!(stage.builds().is_empty());
}

#[test]
fn proposal_without_a_full_commit_id_fails() {
    let stage = open();
    let mut event = proposed("pullRequestCreated", "main");
    event["detail"]["sourceCommit"] = json!("HEAD; curl evil");
    assert_eq!(stage.react(&event), (Decision::Failed, "no_commit"));
    assert!(stage.builds().is_empty());
}

#[test]
fn close_that_codecommit_does_not_report_is_skipped() {
    let closed = super::merge::ended(false);
    let stage = open();
    stage.propose();
    stage.change_pull(|pull| (pull.open, pull.merged) = (false, pull.source.clone()));
    assert_eq!(stage.react(&closed), (Decision::Skipped, "merged"));
    assert_eq!(stage.ends("SUCCEEDED"), (Decision::Acted, "reviewed"), "a merged pull request still gets its comment");
    stage.cloud.codecommit().pulls.clear();
    assert_eq!(stage.react(&closed), (Decision::Failed, "no_such_pull_request"));
}

/// A developer starts the project with Trimtab's variables, for a proposal that Trimtab has not built.
#[test]
fn pull_request_build_started_by_hand_gets_no_comment() {
    let stage = open();
    stage.propose();
    let (mut request, _) = stage.cloud.codebuild().builds.remove(0);
    request.variables.insert("TRIMTAB_PULL_REQUEST".into(), "41".into());
    stage.cloud.codebuild().builds.push((request, BuildStatus::Succeeded));
    stage.world.ledger.contents().aggregates.clear();
    assert_eq!(stage.ends("SUCCEEDED"), (Decision::Skipped, "not_started_by_trimtab"));
    assert_eq!(stage.comments(), [] as [String; 0]);
}

#[test]
fn build_of_another_proposal_or_commit_fails() {
    for (name, other) in [("TRIMTAB_PULL_REQUEST", "42"), ("TRIMTAB_PULL_REQUEST", "")] {
        let stage = open();
        stage.propose();
        stage.cloud.codebuild().builds[0].0.variables.insert(name.into(), other.into());
        assert_eq!(stage.ends("SUCCEEDED"), (Decision::Failed, "other_build"), "{name}={other}");
        assert_eq!(stage.comments(), [] as [String; 0]);
    }
    let stage = open();
    stage.propose();
    stage.cloud.codebuild().builds[0].0.commit = CommitId::parse(&"e".repeat(40)).unwrap();
    assert_eq!(stage.ends("SUCCEEDED"), (Decision::Failed, "other_build"));
    assert_eq!(stage.comments(), [] as [String; 0]);
}

/// In each phase of the commit's own build, and also if the event hides the pull request.
#[test]
fn pull_request_build_never_leads_to_training() {
    for before in [None, Some("IN_PROGRESS"), Some("SUCCEEDED"), Some("FAILED")] {
        let stage = open();
        stage.propose();
        if let Some(status) = before {
            stage.react(&push("main", COMMIT));
            let mut end = built(status);
            end["detail"]["build-id"] = json!(build_id("churn-build", 1));
            stage.cloud.codebuild().builds[1].1 = BuildStatus::parse(status);
            stage.react(&end);
        }
        let facts = stage.published();
        stage.cloud.codebuild().builds[0].1 = BuildStatus::Succeeded;
        for project in ["churn-build", "churn-review"] {
            let mut hidden = built("SUCCEEDED");
            hidden["detail"]["project-name"] = json!(project);
            hidden["detail"]["build-id"] = json!(build_id("churn-review", 0));
            assert_eq!(stage.react(&hidden), (Decision::Failed, "other_build"), "after {before:?}");
        }
        assert_eq!(stage.ends_of_review(), (Decision::Acted, "reviewed"), "after {before:?}");
        let trained = |facts: &[FactKind]| facts.iter().filter(|kind| **kind == FactKind::TrainingRequested).count();
        assert_eq!(trained(&stage.published()), trained(&facts), "after {before:?}: a proposal was trained");
    }
}

impl Rig {
    fn ends_of_review(&self) -> (Decision, &'static str) {
        self.react(&ended())
    }
}

/// CodeBuild refuses a known token with other variables, and the variables name the pull request.
#[test]
fn two_pull_requests_of_one_commit_have_two_build_tokens() {
    let stage = open();
    let other = stage.cloud.codecommit().pulls["41"].clone();
    stage.cloud.codecommit().pulls.insert("42".into(), other);
    let mut second = proposed("pullRequestCreated", "main");
    second["detail"]["pullRequestId"] = json!("42");
    assert_eq!((stage.propose(), stage.react(&second)), ((Decision::Acted, "proposed"), (Decision::Acted, "proposed")));
    let builds = stage.builds();
    assert_eq!((builds.len(), &builds[0].commit), (2, &builds[1].commit));
    assert_ne!(builds[0].variables, builds[1].variables);
    assert_ne!(builds[0].token, builds[1].token, "one token for two requests");
}
