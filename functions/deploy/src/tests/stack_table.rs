//! The outcome of each status of a stack at each progress of a rollout.

use trimtab_core::event::StackStatus;
use trimtab_core::port::ObservedStack;

use super::cases::*;
use super::*;
use crate::action::Action;
use crate::observation::Observed;
use crate::rollout::Progress;
use crate::state::State;

fn actual(status: &str, version: u32, changed: Option<i64>) -> ObservedStack {
    let noon = NOON.parse::<jiff::Timestamp>().unwrap();
    ObservedStack {
        status: StackStatus::new(status),
        reason: None,
        parameters: [("ModelPackageArn".to_owned(), arn("tariffs", version))].into(),
        changed: changed.map(|seconds| noon + SignedDuration::from_secs(seconds)),
    }
}

/// The rollout of version 2 is in progress, and the stack is in this state: the reason code and the calls.
fn reaction(progress: &Progress, stack: Option<ObservedStack>) -> (&'static str, Vec<String>) {
    let id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/tariffs-prod/1";
    let detail = json!({"stack-id": id, "status-details": {"status": "UPDATE_COMPLETE"}});
    let event = event("123456789012", "aws.cloudformation", "CloudFormation Stack Status Change", &detail);
    let state = on(rollout("tariffs", 2, "p", progress.clone()));
    let observed = Observed { stack, ..Observed::default() };
    let plan = decide(TARIFFS, &event, &state, &observed, 60);
    let mut actions = plan.actions.clone();
    if actions.is_empty() {
        actions = pending(TARIFFS, &event, plan.state.as_ref().unwrap_or(&state), &observed, 0);
    }
    let name = |action: &Action| json!(action)["action"].as_str().unwrap().to_owned();
    (codes(&plan)[0], actions.iter().map(name).collect())
}

#[test]
fn each_stack_status_has_its_outcome() {
    let none: &[&str] = &[];
    let (on, held) = (Progress::UpdatingStack, Progress::StackUnchanged);
    let (continued, outbox) =
        (Progress::ContinuingRollback { requested: true }, Progress::ContinuingRollback { requested: false });
    for (progress, status, version, code, calls) in [
        (&on, "UPDATE_IN_PROGRESS", 2, "in_transition", none),
        (&on, "UPDATE_COMPLETE", 2, "live", none),
        (&on, "CREATE_COMPLETE", 2, "live", none),
        (&on, "UPDATE_COMPLETE", 1, "stack_changed_externally", none),
        (&on, "UPDATE_ROLLBACK_COMPLETE", 1, "rolled_back", none),
        (&on, "ROLLBACK_COMPLETE", 2, "rolled_back", none),
        (&on, "UPDATE_ROLLBACK_FAILED", 1, "rollback_continued", &["ContinueUpdateRollback"]),
        (&on, "ROLLBACK_FAILED", 2, "failed", none),
        (&on, "UPDATE_FAILED", 2, "failed", none),
        (&held, "UPDATE_COMPLETE", 1, "live", none),
        (&held, "UPDATE_ROLLBACK_COMPLETE", 1, "live", none),
        (&held, "UPDATE_IN_PROGRESS", 1, "in_transition", none),
        (&continued, "UPDATE_ROLLBACK_IN_PROGRESS", 1, "in_transition", none),
        (&continued, "UPDATE_ROLLBACK_COMPLETE", 1, "rolled_back", none),
        (&continued, "UPDATE_ROLLBACK_FAILED", 1, "rollback_failed", none),
        (&outbox, "UPDATE_ROLLBACK_FAILED", 1, "before_rollout", &["ContinueUpdateRollback"]),
        (&outbox, "UPDATE_ROLLBACK_COMPLETE", 1, "rolled_back", none),
        (&Progress::DeletingStack, "DELETE_IN_PROGRESS", 1, "in_transition", none),
        (&Progress::DeletingStack, "DELETE_FAILED", 1, "failed", none),
        (&Progress::DeletingStack, "ROLLBACK_COMPLETE", 1, "before_rollout", none),
    ] {
        let (decided, called) = reaction(progress, Some(actual(status, version, None)));
        assert_eq!(
            (decided, called),
            (code, calls.iter().map(|&call| call.to_owned()).collect()),
            "{progress:?}, {status}"
        );
    }
    assert_eq!(reaction(&Progress::DeletingStack, None), ("stack_deleted", vec!["CreateStack".to_owned()]));
    assert_eq!(reaction(&Progress::UpdatingStack, None), ("no_such_stack", vec![]));
}

#[test]
fn pending_stack_call_is_made_unless_it_shows() {
    let (update, delete) = (vec!["UpdateStack".to_owned()], vec!["DeleteStack".to_owned()]);
    let reaction = |status, version, changed| reaction(&Progress::Intended, Some(actual(status, version, changed)));
    assert_eq!(reaction("UPDATE_COMPLETE", 1, Some(-1)), ("before_rollout", update.clone()), "nothing has come of it");
    assert_eq!(reaction("UPDATE_COMPLETE", 1, None), ("before_rollout", update.clone()));
    assert_eq!(reaction("UPDATE_ROLLBACK_COMPLETE", 2, Some(-1)), ("before_rollout", update), "it was there before");
    assert_eq!(reaction("ROLLBACK_COMPLETE", 2, Some(-1)), ("before_rollout", delete));
    assert_eq!(reaction("UPDATE_IN_PROGRESS", 1, Some(1)), ("in_transition", vec![]), "it is at it");
    assert_eq!(reaction("UPDATE_COMPLETE", 2, Some(-1)).0, "live", "it holds the version");
    assert_eq!(reaction("UPDATE_ROLLBACK_COMPLETE", 1, Some(0)).0, "rolled_back", "it has changed since");
    let made = super::stack_table::reaction(&Progress::Intended, None);
    assert_eq!(made, ("no_such_stack", vec!["CreateStack".to_owned()]));
}

#[test]
fn queued_version_starts_when_its_stack_takes_an_update() {
    let reconciled = |status: Option<&str>, current: bool| {
        let reconcile = fact("tariffs", FactKind::ReconcileRequested, &json!({}));
        let waits = crate::state::Queued {
            package: package("tariffs", 2),
            cause: crate::rollout::Cause::Approved,
            since: NOON.parse().unwrap(),
        };
        let current = current.then(|| rollout("tariffs", 1, "p", Progress::UpdatingStack));
        let state = State { initial_verdicts: Some([].into()), queued: Some(waits), current, ..State::default() };
        let queued = ObservedPackage { approval: Approval::Approved, status: "Completed".into(), lifecycle: None };
        let observed = Observed {
            stack: status.map(|status| actual(status, 1, None)),
            queued: Some(queued),
            ..Observed::default()
        };
        codes(&decide(TARIFFS, &reconcile, &state, &observed, 60))[0]
    };
    for status in ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"] {
        assert_eq!(reconciled(Some(status), false), "resumed", "{status}");
    }
    for status in ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"] {
        assert_eq!(reconciled(Some(status), false), "nothing_new", "{status}");
    }
    assert_eq!(reconciled(None, false), "resumed", "there is none, and it is made");
    assert_eq!(reconciled(Some("UPDATE_IN_PROGRESS"), true), "nothing_new");
}

#[test]
fn stack_token_depends_on_package_attempt_and_operation() {
    let token = |version: u32, attempt: u32, status: Option<&str>, after: i64| {
        let mut rollout = rollout("tariffs", version, "p", Progress::Intended);
        (rollout.attempt, rollout.since) = (attempt, rollout.since + SignedDuration::from_secs(after));
        let actual = ObservedPackage { approval: Approval::Approved, status: "Completed".into(), lifecycle: None };
        let stack = status.map(|status| self::actual(status, 9, Some(-1)));
        let observed = Observed { stack, package: Some(actual), ..Observed::default() };
        let calls = pending(TARIFFS, &approved("tariffs", version), &on(rollout), &observed, 900);
        let call = json!(calls.first().unwrap());
        call["token"].as_str().unwrap().to_owned()
    };
    let one = token(1, 1, None, 0);
    assert_eq!(one, token(1, 1, None, 0), "an attempt that is made again has the same token");
    let others =
        [token(2, 1, None, 0), token(1, 2, None, 0), token(1, 1, None, 1), token(1, 1, Some("ROLLBACK_COMPLETE"), 0)];
    let distinct: std::collections::BTreeSet<_> = others.iter().chain([&one]).collect();
    assert_eq!(distinct.len(), 5, "{distinct:?}");
}
