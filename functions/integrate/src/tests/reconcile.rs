//! What is found by looking: a head that nobody built, an end that nobody heard of.

use jiff::SignedDuration;

use super::*;

pub(super) fn asked(kind: &str, details: &Value) -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "look/churn/x", "at": NOON, "details": details});
    event("trimtab", kind, &detail)
}

impl Stage {
    pub(super) fn look(&self) -> (Decision, &'static str) {
        self.react(&asked("Reconcile Requested", &json!({})))
    }

    /// A look, and what it asks for.
    pub(super) fn look_closer(&self) -> (Decision, &'static str) {
        assert_eq!(self.look(), (Decision::Acted, "build_open"));
        let facts = self.cloud.facts();
        let asked_for = facts.last().unwrap();
        assert_eq!(asked_for.kind, FactKind::BuildRequested);
        self.react(&asked("Build Requested", &json!(asked_for.details)))
    }

    /// What the ledger keeps of the watched branches.
    pub(super) fn saved_state(&self) -> Value {
        let contents = self.world.ledger.contents();
        let (_, record) = contents.aggregates.iter().find(|(id, _)| id.name == "branches").unwrap();
        record.state.clone().unwrap()
    }

    /// The same, as an earlier version has left it.
    pub(super) fn keep(&self, state: Value) {
        let mut contents = self.world.ledger.contents();
        contents.aggregates.iter_mut().find(|(id, _)| id.name == "branches").unwrap().1.state = Some(state);
    }

    fn push_unheard(&self, commit: &str) {
        self.set_head(CommitId::parse(commit).ok());
    }
}

/// A stage on which the suite has looked once.
fn looked() -> Stage {
    let stage = stage();
    stage.push_unheard(&"a".repeat(40));
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    stage
}

#[test]
fn what_was_there_before_the_suite_is_not_built() {
    let stage = looked();
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert!(stage.builds().is_empty());
}

#[test]
fn a_look_that_finds_nothing_leaves_no_record() {
    let stage = looked();
    let before = stage.world.ledger.contents().history.len();
    stage.look();
    assert_eq!(stage.world.ledger.contents().history.len(), before);
}

#[test]
fn what_a_look_keeps_in_mind_leaves_no_record() {
    let stage = looked();
    stage.push_unheard(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.ends_as("SUCCEEDED");
    let mut look = asked("Reconcile Requested", &json!({}));
    look["id"] = json!("a look");
    assert_eq!(stage.react(&look), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.saved_state()["branches"]["main"]["head"], COMMIT);
    assert!(!stage.world.ledger.contents().history.keys().any(|(_, id, _)| id == "a look"));
}

#[test]
fn what_an_earlier_version_kept_is_read_and_nothing_is_told_of_it() {
    let stage = looked();
    let before = json!({"main": "a".repeat(40), ":40": COMMIT});
    stage.keep(json!({"aggregate": "branch_snapshot", "before": before, "images": {"latest": null}}));
    stage.set_head(None);
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    stage.push_unheard(&"a".repeat(40));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.told(), []);
}

#[test]
fn another_repository_is_taken_as_it_is() {
    let stage = looked();
    let kept = stage.saved_state().to_string().replace("churn-model", "churn-model-of-before");
    stage.keep(serde_json::from_str(&kept).unwrap());
    stage.set_head(None);
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.told(), []);
}

#[test]
fn a_push_that_nobody_heard_of_is_built_once() {
    let stage = looked();
    stage.push_unheard(COMMIT);
    assert_eq!(stage.look_closer(), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn an_end_that_nobody_heard_of_asks_for_training() {
    let stage = looked();
    stage.push_unheard(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.look_closer(), (Decision::Acted, "built"));
    assert_eq!(stage.told().last(), Some(&FactKind::TrainingRequested));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn a_build_that_was_on_at_the_first_look_is_the_suites_own() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.look_closer(), (Decision::Acted, "built"));
}

#[test]
fn a_build_that_takes_too_long_is_told_once() {
    let stage = looked();
    stage.push_unheard(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::InProgress);
    assert_eq!(stage.look_closer(), (Decision::Skipped, "still_running"));
    stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_hours(2));
    assert_eq!(stage.look_closer(), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.look_closer(), (Decision::Skipped, "deadline_exceeded"));
    let late = stage.told().into_iter().filter(|kind| *kind == FactKind::DeadlineExceeded);
    assert_eq!(late.count(), 1);
}

#[test]
fn a_request_for_another_branch_or_no_commit_builds_nothing() {
    let stage = looked();
    let named = |branch: &str, commit: &str| asked("Build Requested", &json!({"branch": branch, "commit": commit}));
    assert_eq!(stage.react(&named("feature/x", COMMIT)), (Decision::Skipped, "branch_not_configured"));
    assert_eq!(stage.react(&named("main", "HEAD")), (Decision::Failed, "no_commit"));
}

#[test]
fn a_look_during_a_pause_is_not_kept() {
    let stage = looked();
    let since = NOON.parse().unwrap();
    stage.world.ledger.contents().paused = Some(trimtab_core::port::Pause { by: "ana".into(), since });
    assert_eq!(stage.look(), (Decision::Skipped, "paused"));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn a_look_that_is_refused_is_told_and_not_kept() {
    let stage = looked();
    stage.push_unheard(COMMIT);
    stage.cloud.account().refuse = true;
    assert_eq!(stage.look_closer().0, Decision::Failed);
    assert!(stage.told().contains(&FactKind::BuildFailed));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn a_proposal_that_was_there_before_the_suite_is_not_built() {
    let stage = super::pull_request_build::open();
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.told(), []);
}

#[test]
fn a_branch_that_is_new_to_the_policy_is_taken_as_it_is() {
    let stage = looked();
    let release = |commit: &str| {
        let commit = CommitId::parse(commit).unwrap();
        stage.cloud.account().heads.insert("churn-model release".into(), commit);
    };
    release(COMMIT);
    stage.change_rules(|rules| rules.branches.push(BranchName::parse("release").unwrap()));
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    release(&"e".repeat(40));
    assert_eq!(stage.look_closer(), (Decision::Acted, "pushed"));
    assert_eq!(stage.builds()[0].commit.as_str(), "e".repeat(40));
}

#[test]
fn a_tag_that_is_new_to_the_policy_is_taken_as_it_is() {
    let stage = looked();
    stage.points_at(1);
    let image = stage.cloud.account().images["churn-training latest"].clone();
    stage.cloud.account().images.insert("churn-training stable".into(), image);
    stage.cloud.account().images.remove("churn-training latest");
    let tag = trimtab_core::name::ImageTag::parse("stable").unwrap();
    stage.change_rules(|rules| assert!(rules.image.as_mut().unwrap().tags.insert(tag)));
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.told(), []);
}
