//! Rollouts of a stack: forward, back, and out of a failed rollback.

use std::collections::BTreeMap;

use trimtab_core::event::StackStatus;

use super::*;

const STACK: &str =
    "arn:aws:cloudformation:eu-west-1:123456789012:stack/tariffs-prod/5f0c1d2e-3b4a-11f0-9c8d-0a1b2c3d4e5f";

impl Rig {
    /// The stack has this status, and its event arrives.
    fn stack(&self, status: &str) -> (Decision, &'static str) {
        self.stack_without_event(status);
        self.stack_event(status)
    }

    fn stack_without_event(&self, status: &str) {
        self.stack_becomes("prod", status);
    }

    fn stack_becomes(&self, stage: &str, status: &str) {
        let (stacks, name) = (&mut self.services.cloudformation().stacks, format!("tariffs-{stage}"));
        match status {
            "DELETE_COMPLETE" => drop(stacks.remove(&name)),
            status => stacks.get_mut(&name).unwrap().status = StackStatus::new(status),
        }
    }

    fn stack_event(&self, status: &str) -> (Decision, &'static str) {
        self.stack_event_of("prod", status)
    }

    /// The stage's stack has this status, and its event arrives.
    fn stack_of(&self, stage: &str, status: &str) -> (Decision, &'static str) {
        self.stack_becomes(stage, status);
        self.stack_event_of(stage, status)
    }

    fn reconcile_stage(&self, stage: &str) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": "tariffs", "dedup_key": "reconcile/tariffs/2026-11-20T12:00:00Z", "at": NOON, "details": {"stage": stage}});
        self.react("Stage Reconcile Requested", "trimtab", &detail)
    }

    fn stack_event_of(&self, stage: &str, status: &str) -> (Decision, &'static str) {
        let stack = STACK.replace("tariffs-prod", &format!("tariffs-{stage}"));
        let detail = json!({"stack-id": stack, "status-details": {"status": status, "status-reason": ""}});
        self.react("CloudFormation Stack Status Change", "aws.cloudformation", &detail)
    }

    fn stack_calls(&self) -> Vec<&'static str> {
        self.services.cloudformation().accepted.clone()
    }
}

/// A stage on which version 1 is live.
fn made() -> Rig {
    let stage = stage();
    assert_eq!(stage.judge("tariffs", 1, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.stack("CREATE_COMPLETE"), (Decision::Acted, "live"));
    stage
}

#[test]
fn stack_is_created_then_updated() {
    let stage = made();
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), (Decision::Skipped, "in_transition"));
    assert_eq!(stage.stack("UPDATE_COMPLETE"), (Decision::Acted, "live"));
    assert_eq!(stage.stack_event("UPDATE_COMPLETE"), (Decision::Skipped, "no_rollout"));
    assert_eq!(stage.stack_calls(), ["create", "update"]);
    let parameters = stage.services.cloudformation().stacks["tariffs-prod"].parameters.clone();
    let expected = [("ModelPackageArn", arn("tariffs", 2)), ("Stage", "prod".to_owned())];
    assert_eq!(parameters, BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value))));
}

#[test]
fn rolled_back_stack_is_reported_and_not_updated_again() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    assert_eq!(stage.stack("UPDATE_ROLLBACK_COMPLETE"), (Decision::Acted, "rolled_back"));
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Skipped, "already_handled"));
    assert_eq!(
        (stage.stack_calls(), stage.published().pop()),
        (vec!["create", "update"], Some(FactKind::RolloutRolledBack))
    );
}

#[test]
fn failed_stack_rollback_is_continued_once() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    assert_eq!(stage.stack("UPDATE_ROLLBACK_FAILED"), (Decision::Acted, "rollback_continued"));
    assert_eq!(stage.stack("UPDATE_ROLLBACK_IN_PROGRESS"), (Decision::Skipped, "in_transition"));
    assert_eq!(
        stage.stack_event("UPDATE_ROLLBACK_FAILED"),
        (Decision::Skipped, "in_transition"),
        "a copy of the first"
    );
    assert_eq!(stage.stack("UPDATE_ROLLBACK_COMPLETE"), (Decision::Acted, "rolled_back"));
    assert_eq!(stage.stack_calls(), ["create", "update", "continue"]);
}

#[test]
fn stack_rollback_that_failed_twice_needs_an_operator() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    stage.stack("UPDATE_ROLLBACK_FAILED");
    stage.stack("UPDATE_ROLLBACK_IN_PROGRESS");
    assert_eq!(stage.stack("UPDATE_ROLLBACK_FAILED"), (Decision::Acted, "rollback_failed"));
    assert_eq!((stage.stack_calls().len(), stage.published().pop()), (3, Some(FactKind::RolloutFailed)));
    assert_eq!(stage.judge("tariffs", 3, "Approved"), (Decision::Deferred, "queued"));
    assert_eq!(stage.stack("UPDATE_ROLLBACK_COMPLETE"), (Decision::Acted, "resumed"), "an operator has repaired it");
}

#[test]
fn remains_of_a_failed_stack_are_deleted_before_creation() {
    let stage = stage();
    stage.judge("tariffs", 1, "Approved");
    assert_eq!(stage.stack("ROLLBACK_COMPLETE"), (Decision::Acted, "rolled_back"));
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.stack("DELETE_COMPLETE"), (Decision::Acted, "stack_deleted"));
    assert_eq!(stage.stack("CREATE_COMPLETE"), (Decision::Acted, "live"));
    assert_eq!(stage.stack_calls(), ["create", "delete", "create"]);
}

#[test]
fn stack_that_has_the_version_already_is_live() {
    let stage = made();
    stage.services.cloudformation().unchanged = true;
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Acted, "nothing_to_update"));
    assert_eq!(stage.published().last(), Some(&FactKind::StageReconcileRequested));
    assert_eq!(stage.reconcile_stage("prod"), (Decision::Acted, "resumed_pending"));
    assert_eq!(stage.published().last(), Some(&FactKind::RolloutSucceeded));
    assert_eq!(stage.reconcile_stage("prod"), (Decision::Skipped, "nothing_new"));
}

/// `tariffs` with its stack in two stages.
fn staged() -> Rig {
    let text = include_str!("../../../../policies/tariffs.toml");
    let (head, table) = text.split_once("[deploy.stack]").unwrap();
    let (table, rest) = table.split_once("[reconcile]").unwrap();
    let stage = |name: &str| {
        let table = table.replace("tariffs-prod", &format!("tariffs-{name}"));
        format!("[[deploy.stages]]\nname = \"{name}\"\n[deploy.stages.stack]{table}\n")
    };
    let policy = parse(&format!("{head}{}{}[reconcile]{rest}", stage("dev"), stage("prod")));
    rig_of([policy])
}

#[test]
fn unchanged_stack_offers_its_version_to_the_next_stage() {
    let stage = staged();
    assert_eq!(stage.judge("tariffs", 1, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.stack_of("dev", "CREATE_COMPLETE"), (Decision::Acted, "live"));
    assert_eq!(stage.published().last(), Some(&FactKind::PromotionRequested));
    stage.services.cloudformation().unchanged = true;
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Acted, "nothing_to_update"));
    assert_eq!(stage.reconcile_stage("dev"), (Decision::Acted, "resumed_pending"));
    let published = stage.published();
    assert_eq!(published[published.len() - 2..], [FactKind::RolloutSucceeded, FactKind::PromotionRequested]);
}

#[test]
fn rejected_version_of_a_stack_rolls_back() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    stage.stack("UPDATE_COMPLETE");
    assert_eq!(stage.judge("tariffs", 2, "Rejected"), (Decision::Acted, "rollback"));
    assert_eq!(stage.stack("UPDATE_COMPLETE"), (Decision::Acted, "live"));
    let held = stage.services.cloudformation().stacks["tariffs-prod"].parameters["ModelPackageArn"].clone();
    assert_eq!(held, arn("tariffs", 1));
}

#[test]
fn approval_during_a_stack_update_is_queued() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    assert_eq!(stage.judge("tariffs", 3, "Approved"), (Decision::Deferred, "queued"));
    assert_eq!(stage.stack("UPDATE_COMPLETE"), (Decision::Acted, "resumed"));
    assert_eq!(stage.stack_calls(), ["create", "update", "update"]);
}

#[test]
fn each_update_has_its_own_token() {
    let stage = made();
    stage.judge("tariffs", 2, "Approved");
    stage.stack("UPDATE_ROLLBACK_FAILED");
    let tokens = stage.services.cloudformation().tokens.clone();
    let distinct: std::collections::BTreeSet<&String> = tokens.iter().collect();
    assert_eq!(distinct.len(), 3, "{tokens:?}");
    assert!(tokens.iter().all(|token| token.len() <= 128 && token.starts_with("trimtab-")));
}

#[test]
fn stack_of_no_policy_leaves_no_record() {
    let stage = stage();
    let detail = json!({"stack-id": "arn:aws:cloudformation:eu-west-1:123456789012:stack/theirs/1",
        "status-details": {"status": "UPDATE_COMPLETE"}});
    let end = stage.react("CloudFormation Stack Status Change", "aws.cloudformation", &detail);
    assert_eq!((end, stage.published().len()), ((Decision::Skipped, "not_configured"), 0));
}

#[test]
fn missed_end_of_a_stack_is_found_by_reconciling() {
    let stage = made();
    let reconcile = || {
        let detail = json!({"version": 1, "model": "tariffs", "dedup_key": "reconcile/tariffs/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
        stage.react("Reconcile Requested", "trimtab", &detail)
    };
    reconcile();
    stage.judge("tariffs", 2, "Approved");
    assert_eq!(reconcile(), (Decision::Skipped, "nothing_new"));
    stage.stack_without_event("UPDATE_COMPLETE");
    assert_eq!(reconcile(), (Decision::Acted, "resumed_pending"));
    assert_eq!(stage.published().last(), Some(&FactKind::RolloutSucceeded));
}

#[test]
fn queued_version_starts_when_its_stack_is_deleted() {
    let stage = made();
    stage.stack_without_event("DELETE_IN_PROGRESS");
    assert_eq!(stage.judge("tariffs", 2, "Approved"), (Decision::Deferred, "queued"));
    assert_eq!(stage.stack("DELETE_COMPLETE"), (Decision::Acted, "resumed"));
    assert_eq!(stage.stack_calls(), ["create", "create"]);
}

#[test]
fn deleted_stack_without_a_queue_stays_deleted() {
    let stage = made();
    assert_eq!(stage.stack("DELETE_COMPLETE"), (Decision::Skipped, "no_such_stack"));
    assert_eq!(stage.stack_calls(), ["create"]);
}
