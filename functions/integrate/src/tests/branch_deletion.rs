//! Branches that are deleted, by their event and by looking.

use jiff::{SignedDuration, Timestamp};

use super::*;

/// At the time of the stage's clock.
fn deleted(stage: &Stage, branch: &str) -> Value {
    let mut event = push(branch, COMMIT);
    event["time"] = json!(stage.world.clock.now().to_string());
    event["detail"]["event"] = json!("referenceDeleted");
    event["detail"]["oldCommitId"] = json!(COMMIT);
    event
}

impl Stage {
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

    /// The dedup keys of the deletions that were told.
    fn deletions(&self) -> Vec<String> {
        let facts = self.cloud.facts().into_iter();
        facts.filter(|fact| fact.kind == FactKind::BranchDeleted).map(|fact| fact.dedup_key).collect()
    }
}

/// A stage on which a reconcile has seen the branch.
fn looked() -> Stage {
    let stage = stage();
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    stage.later();
    stage
}

#[test]
fn a_watched_branch_that_was_deleted_is_told_once() {
    let stage = looked();
    let event = deleted(&stage, "main");
    assert_eq!(stage.react(&event), (Decision::Skipped, "branch_there"));
    stage.remove();
    assert_eq!(stage.react(&event), (Decision::Acted, "branch_deleted"));
    let facts = stage.cloud.facts();
    assert_eq!((stage.told(), facts[0].details["commit"].as_str()), (vec![FactKind::BranchDeleted], COMMIT));
    assert_eq!(stage.react(&event), (Decision::Skipped, "already_reported"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.deletions().len(), 1);
    assert_eq!(stage.react(&deleted(&stage, "feature/x")), (Decision::Skipped, "branch_not_configured"));
}

#[test]
fn without_a_look_the_same_deletion_is_the_same_matter() {
    let stage = stage();
    stage.remove();
    for _ in 0..2 {
        assert_eq!(stage.react(&deleted(&stage, "main")), (Decision::Acted, "branch_deleted"));
    }
    let told = stage.deletions();
    assert_eq!(told[0], told[1]);
}

#[test]
fn a_deletion_that_nobody_heard_of_is_found_by_looking_and_told_once() {
    let stage = looked();
    let event = deleted(&stage, "main");
    stage.remove();
    stage.later();
    assert_eq!(stage.look(), (Decision::Acted, "branch_deleted"));
    assert_eq!(stage.cloud.facts()[0].details["commit"], COMMIT);
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    // Its event comes after all.
    stage.later();
    assert_eq!(stage.react(&event), (Decision::Skipped, "already_reported"));
    assert_eq!(stage.deletions().len(), 1);
}

/// Whoever dies after it was told, and before that is on record, leaves it to the other.
#[test]
fn by_its_event_and_by_looking_it_is_the_same_matter() {
    let (heard, found) = (looked(), looked());
    heard.remove();
    found.remove();
    let mut event = deleted(&heard, "main");
    // The branch was pushed to since the look.
    event["detail"]["oldCommitId"] = json!("b".repeat(40));
    heard.react(&event);
    found.later();
    found.look();
    assert_eq!((heard.deletions().len(), heard.deletions()), (1, found.deletions()));
}

#[test]
fn the_next_deletion_of_the_branch_is_another_matter() {
    let stage = looked();
    stage.remove();
    stage.look();
    // It was there again, and only the event of its second end says so.
    stage.later();
    assert_eq!(stage.react(&deleted(&stage, "main")), (Decision::Acted, "branch_deleted"));
    // It is there again, and a look sees it.
    stage.restore();
    stage.later();
    stage.look();
    stage.remove();
    stage.later();
    assert_eq!(stage.look(), (Decision::Acted, "branch_deleted"));
    let told = stage.deletions();
    assert_eq!(told.len(), 3);
    assert!(told[0] != told[1] && told[1] != told[2] && told[0] != told[2], "{told:?}");
}

#[test]
fn what_is_pushed_to_a_branch_that_was_gone_is_news() {
    let stage = looked();
    stage.remove();
    stage.look();
    stage.restore();
    assert_eq!(stage.look_closer(), (Decision::Acted, "pushed"));
}

#[test]
fn a_branch_that_was_never_there_is_not_gone() {
    let stage = stage();
    stage.remove();
    assert_eq!(stage.look(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.look(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.told(), []);
}
