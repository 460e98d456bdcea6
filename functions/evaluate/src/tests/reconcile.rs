//! Findings of a reconcile: a version and an end whose events were lost, and an exceeded deadline.

use super::*;

fn reconcile_request() -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
    event("l1", "trimtab", "Reconcile Requested", &detail)
}

impl Rig {
    /// Reconciles, and delivers the request that this publishes.
    fn reconcile(&self) -> (Decision, &'static str) {
        let before = self.facts().len();
        let outcome = self.react(&reconcile_request());
        let Some(request) = self.facts().into_iter().skip(before).find(|fact| fact.kind.is_request()) else {
            return outcome;
        };
        self.react(&event("r1", "trimtab", request.kind.as_str(), &json!(request)))
    }
}

#[test]
fn newest_version_with_a_lost_event_is_tested_once() {
    let stage = stage(str::to_owned);
    assert_eq!(stage.reconcile(), (Decision::Acted, "registered"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "testing"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn older_pending_versions_are_left_to_operators() {
    let stage = stage(str::to_owned);
    stage.is(8, Approval::Rejected);
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn end_with_a_lost_event_is_judged() {
    let stage = stage(by_itself);
    stage.reconcile();
    stage.ends(&good());
    assert_eq!(stage.reconcile(), (Decision::Acted, "approved"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.written().len(), 1);
}

#[test]
fn approval_of_a_version_is_requested_once() {
    let stage = stage(str::to_owned);
    stage.reconcile();
    stage.ends(&good());
    assert_eq!(stage.reconcile(), (Decision::Acted, "manual_approval"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "already_judged"));
    assert_eq!(stage.written().len(), 1);
}

#[test]
fn test_suite_beyond_its_deadline_is_reported_once() {
    let stage = stage(str::to_owned);
    stage.reconcile();
    stage.wait(SignedDuration::from_hours(6));
    assert_eq!(stage.reconcile(), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "testing"));
    let exceeded = stage.kinds().iter().filter(|kind| **kind == FactKind::DeadlineExceeded).count();
    assert_eq!(exceeded, 1);
}

#[test]
fn newest_version_not_completed_or_not_pending_is_skipped() {
    for (approval, status) in [
        (Approval::Pending, "InProgress"),
        (Approval::Pending, "Failed"),
        (Approval::Approved, "Completed"),
        (Approval::Rejected, "Completed"),
    ] {
        let stage = stage(str::to_owned);
        stage.is(7, approval.clone());
        stage.change(7, |package| package.status = status.to_owned());
        assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"), "{approval}, {status}");
        assert!(stage.kinds().is_empty(), "nothing is requested");
    }
}

#[test]
fn deadline_is_exceeded_at_its_time_and_not_before() {
    for (minutes, exceeded) in [(6 * 60 - 1, false), (6 * 60, true), (9 * 60, true)] {
        let stage = stage(str::to_owned);
        stage.reconcile();
        stage.wait(SignedDuration::from_mins(minutes));
        stage.reconcile();
        let published = stage.kinds().contains(&FactKind::DeadlineExceeded);
        assert_eq!(published, exceeded, "after {minutes} minutes of the 6 hours allowed");
        let has_own_key = stage.facts().pop().unwrap().dedup_key() == "deadline/evaluation/churn/7";
        assert_eq!(has_own_key, exceeded, "it is a dedup key of its own");
    }
}

#[test]
fn test_suite_without_a_deadline_is_never_reported() {
    let stage = stage(str::to_owned);
    stage.react(&registered(7));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.reconcile = None;
    }
    stage.wait(SignedDuration::from_hours(1000));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "testing"));
}

#[test]
fn version_found_by_a_reconcile_is_judged_at_its_end() {
    let stage = stage(by_itself);
    assert_eq!(stage.reconcile(), (Decision::Acted, "registered"));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "testing"), "it is the same candidate");
    stage.ends(&good());
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Acted, "approved"));
}
