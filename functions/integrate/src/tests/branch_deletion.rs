//! Deleted branches, found by their event and by a reconcile.

use jiff::{SignedDuration, Timestamp};

use super::*;

/// At the time of the stage's clock.
fn deleted(stage: &Rig, branch: &str) -> Value {
    let mut event = push(branch, COMMIT);
    event["time"] = json!(stage.world.clock.now().to_string());
    event["detail"]["event"] = json!("referenceDeleted");
    event["detail"]["oldCommitId"] = json!(COMMIT);
    event
}

impl Rig {
    fn later(&self) -> Timestamp {
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_mins(15));
        self.world.clock.now()
    }

    fn remove(&self) {
        self.set_head(None);
    }

    fn restore(&self) {
        self.set_head(CommitId::parse(COMMIT).ok());
    }

    /// The dedup keys of the reported deletions.
    fn deletions(&self) -> Vec<String> {
        let facts = self.cloud.facts().into_iter();
        facts.filter(|fact| fact.kind == FactKind::BranchDeleted).map(|fact| fact.dedup_key()).collect()
    }
}

/// A stage on which a reconcile observed the branch.
fn reconciled() -> Rig {
    let stage = stage();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage.later();
    stage
}

#[test]
fn deleted_branch_is_reported_once() {
    let stage = reconciled();
    let event = deleted(&stage, "main");
    assert_eq!(stage.react(&event), (Decision::Skipped, "branch_there"));
    stage.remove();
    assert_eq!(stage.react(&event), (Decision::Acted, "branch_deleted"));
    let facts = stage.cloud.facts();
    assert_eq!((stage.published(), facts[0].details.text("commit").unwrap()), (vec![FactKind::BranchDeleted], COMMIT));
    assert_eq!(stage.react(&event), (Decision::Skipped, "already_reported"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.deletions().len(), 1);
    assert_eq!(stage.react(&deleted(&stage, "feature/x")), (Decision::Skipped, "branch_not_configured"));
}

#[test]
fn deletion_without_a_reconcile_has_one_dedup_key() {
    let stage = stage();
    stage.remove();
    for _ in 0..2 {
        assert_eq!(stage.react(&deleted(&stage, "main")), (Decision::Acted, "branch_deleted"));
    }
    let deleted_keys = stage.deletions();
    assert_eq!(deleted_keys[0], deleted_keys[1]);
}

#[test]
fn missed_deletion_is_found_by_reconcile_and_reported_once() {
    let stage = reconciled();
    let event = deleted(&stage, "main");
    stage.remove();
    stage.later();
    assert_eq!(stage.reconcile(), (Decision::Acted, "branch_deleted"));
    assert_eq!(stage.cloud.facts()[0].details.text("commit").unwrap(), COMMIT);
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    // Its event arrives after all.
    stage.later();
    assert_eq!(stage.react(&event), (Decision::Skipped, "already_reported"));
    assert_eq!(stage.deletions().len(), 1);
}

/// An invocation that reports the deletion and dies before the record leaves it to the other one.
#[test]
fn event_and_reconcile_give_a_deletion_one_dedup_key() {
    let (received, found) = (reconciled(), reconciled());
    received.remove();
    found.remove();
    let mut event = deleted(&received, "main");
    // The branch was pushed to after the reconcile.
    event["detail"]["oldCommitId"] = json!("b".repeat(40));
    received.react(&event);
    found.later();
    found.reconcile();
    assert_eq!((received.deletions().len(), received.deletions()), (1, found.deletions()));
}

#[test]
fn next_deletion_of_the_branch_has_another_dedup_key() {
    let stage = reconciled();
    stage.remove();
    stage.reconcile();
    // The branch existed again in between, and only the event of its second deletion shows it.
    stage.later();
    assert_eq!(stage.react(&deleted(&stage, "main")), (Decision::Acted, "branch_deleted"));
    // The branch exists again, and a reconcile observes it.
    stage.restore();
    stage.later();
    stage.reconcile();
    stage.remove();
    stage.later();
    assert_eq!(stage.reconcile(), (Decision::Acted, "branch_deleted"));
    let deleted_keys = stage.deletions();
    assert_eq!(deleted_keys.len(), 3);
    assert!(
        deleted_keys[0] != deleted_keys[1] && deleted_keys[1] != deleted_keys[2] && deleted_keys[0] != deleted_keys[2],
        "{deleted_keys:?}"
    );
}

#[test]
fn push_to_a_recreated_branch_is_built() {
    let stage = reconciled();
    stage.remove();
    stage.reconcile();
    stage.restore();
    assert_eq!(stage.reconcile_and_follow(), (Decision::Acted, "pushed"));
}

#[test]
fn branch_that_never_existed_is_not_deleted() {
    let stage = stage();
    stage.remove();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), []);
}
