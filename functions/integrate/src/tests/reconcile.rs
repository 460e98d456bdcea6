//! The findings of a reconcile: a head that was not built, an end whose event was lost.

use jiff::SignedDuration;

use super::*;

pub(super) fn asked(kind: &str, details: &Value) -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": details});
    event("trimtab", kind, &detail)
}

impl Rig {
    pub(super) fn reconcile(&self) -> (Decision, &'static str) {
        self.react(&asked("Reconcile Requested", &json!({})))
    }

    /// A reconcile, and the newest request that it leads to.
    pub(super) fn reconcile_and_follow(&self) -> (Decision, &'static str) {
        assert_eq!(self.reconcile(), (Decision::Acted, "build_open"));
        let facts = self.cloud.facts();
        let asked_for = facts.last().unwrap();
        assert_eq!(asked_for.kind, FactKind::BuildRequested);
        self.react(&asked("Build Requested", &json!(asked_for.details)))
    }

    /// The recorded snapshot of the branches.
    pub(super) fn saved_state(&self) -> Value {
        let contents = self.world.ledger.contents();
        let (_, record) = contents.aggregates.iter().find(|(id, _)| id.name == "branches").unwrap();
        record.state.clone().unwrap()
    }

    /// Replaces the snapshot.
    pub(super) fn store_snapshot(&self, state: Value) {
        let mut contents = self.world.ledger.contents();
        contents.aggregates.iter_mut().find(|(id, _)| id.name == "branches").unwrap().1.state = Some(state);
    }

    fn push_missed(&self, commit: &str) {
        self.set_head(CommitId::parse(commit).ok());
    }
}

/// A stage after the first reconcile.
fn reconciled() -> Rig {
    let stage = stage();
    stage.push_missed(&"a".repeat(40));
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage
}

#[test]
fn head_before_the_first_reconcile_is_not_built() {
    let stage = reconciled();
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert!(stage.builds().is_empty());
}

#[test]
fn reconcile_without_findings_leaves_no_record() {
    let stage = reconciled();
    let before = stage.world.ledger.contents().history.len();
    stage.reconcile();
    assert_eq!(stage.world.ledger.contents().history.len(), before);
}

#[test]
fn reconcile_that_only_saves_state_leaves_no_record() {
    let stage = reconciled();
    stage.push_missed(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.ends_as("SUCCEEDED");
    let mut event = asked("Reconcile Requested", &json!({}));
    event["id"] = json!("a reconcile");
    assert_eq!(stage.react(&event), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.saved_state()["branches"]["main"]["head"], COMMIT);
    assert!(!stage.world.ledger.contents().history.keys().any(|(_, id, _)| id == "a reconcile"));
}

#[test]
fn snapshot_without_branches_reports_no_deletion() {
    let stage = reconciled();
    let before = json!({"main": "a".repeat(40), ":40": COMMIT});
    stage.store_snapshot(json!({"aggregate": "branch_snapshot", "before": before, "images": {"latest": null}}));
    stage.set_head(None);
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    stage.push_missed(&"a".repeat(40));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), []);
}

#[test]
fn snapshot_of_another_repository_counts_as_none() {
    let stage = reconciled();
    let other = stage.saved_state().to_string().replace("churn-model", "churn-model-of-before");
    stage.store_snapshot(serde_json::from_str(&other).unwrap());
    stage.set_head(None);
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.published(), []);
}

#[test]
fn missed_push_is_built_once() {
    let stage = reconciled();
    stage.push_missed(COMMIT);
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "pushed"));
    assert_eq!(stage.react(&push("main", COMMIT)), (Decision::Skipped, "already_built"));
    assert_eq!(stage.builds().len(), 1);
}

#[test]
fn missed_end_of_a_build_requests_training() {
    let stage = reconciled();
    stage.push_missed(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "built"));
    assert_eq!(stage.published().last(), Some(&FactKind::TrainingRequested));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn build_that_runs_at_the_first_reconcile_is_completed() {
    let stage = stage();
    stage.react(&push("main", COMMIT));
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage.all_end(&BuildStatus::Succeeded);
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "built"));
}

#[test]
fn exceeded_deadline_is_reported_once() {
    let stage = reconciled();
    stage.push_missed(COMMIT);
    stage.react(&push("main", COMMIT));
    stage.all_end(&BuildStatus::InProgress);
    assert_eq!(stage.reconcile_and_follow(), (Decision::Skipped, "still_running"));
    stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_hours(2));
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.reconcile_and_follow(), (Decision::Skipped, "deadline_exceeded"));
    let exceeded = stage.published().into_iter().filter(|kind| *kind == FactKind::DeadlineExceeded);
    assert_eq!(exceeded.count(), 1);
}

#[test]
fn request_for_another_branch_or_no_commit_builds_nothing() {
    let stage = reconciled();
    let named = |branch: &str, commit: &str| asked("Build Requested", &json!({"branch": branch, "commit": commit}));
    assert_eq!(stage.react(&named("feature/x", COMMIT)), (Decision::Skipped, "branch_not_configured"));
    assert_eq!(stage.react(&named("main", "HEAD")), (Decision::Failed, "no_commit"));
}

#[test]
fn reconcile_during_a_pause_is_not_dead_lettered() {
    let stage = reconciled();
    let since = NOON.parse().unwrap();
    stage.world.ledger.contents().paused = Some(trimtab_core::port::Pause { by: "ana".into(), since });
    assert_eq!(stage.reconcile(), (Decision::Skipped, "paused"));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn refused_reconcile_is_reported_and_not_dead_lettered() {
    let stage = reconciled();
    stage.push_missed(COMMIT);
    stage.refuse();
    assert_eq!(stage.reconcile_and_follow().0, Decision::Failed);
    assert!(stage.published().contains(&FactKind::BuildFailed));
    assert!(stage.world.ledger.contents().dead_letters.is_empty());
}

#[test]
fn proposal_before_the_first_reconcile_is_not_built() {
    let stage = super::pull_request_build::open();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), []);
}

#[test]
fn branch_that_is_new_to_the_policy_is_not_built() {
    let stage = reconciled();
    let release = |commit: &str| {
        let commit = CommitId::parse(commit).unwrap();
        stage.cloud.codecommit().heads.insert("churn-model release".into(), commit);
    };
    release(COMMIT);
    stage.change_rules(|rules| rules.branches.push(BranchName::parse("release").unwrap()));
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    release(&"e".repeat(40));
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "pushed"));
    assert_eq!(stage.builds()[0].commit.as_str(), "e".repeat(40));
}

#[test]
fn tag_that_is_new_to_the_policy_is_not_adopted() {
    let stage = reconciled();
    stage.points_at(1);
    let image = stage.cloud.ecr()["churn-training latest"].clone();
    stage.cloud.ecr().insert("churn-training stable".into(), image);
    stage.cloud.ecr().remove("churn-training latest");
    let tag = trimtab_core::name::ImageTag::parse("stable").unwrap();
    stage.change_rules(|rules| assert!(rules.image.as_mut().unwrap().tags.insert(tag)));
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), []);
}
