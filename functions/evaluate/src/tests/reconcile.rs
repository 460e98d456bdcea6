//! What is found by looking: a version and an end that nobody heard of, a test suite that lasts.

use super::*;

fn look() -> Value {
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "look/churn/x", "at": NOON, "details": {}});
    event("l1", "trimtab", "Reconcile Requested", &detail)
}

impl Stage {
    /// Looks, and hears what the look asks for; gives what came of that.
    fn looks(&self) -> (Decision, &'static str) {
        let before = self.told().len();
        let looked = self.react(&look());
        let Some(request) = self.told().into_iter().skip(before).find(|fact| fact.kind.is_request()) else {
            return looked;
        };
        self.react(&event("r1", "trimtab", request.kind.as_str(), &json!(request)))
    }
}

#[test]
fn the_newest_version_that_nobody_heard_of_is_tested_once() {
    let stage = stage(str::to_owned);
    assert_eq!(stage.looks(), (Decision::Acted, "registered"));
    assert_eq!(stage.looks(), (Decision::Skipped, "testing"));
    assert_eq!(stage.started().len(), 1);
}

#[test]
fn older_versions_that_wait_are_left_to_people() {
    let stage = stage(str::to_owned);
    stage.is(8, Approval::Rejected);
    assert_eq!(stage.looks(), (Decision::Skipped, "nothing_new"));
}

#[test]
fn an_end_that_nobody_heard_of_is_judged() {
    let stage = stage(by_itself);
    stage.looks();
    stage.ends(&good());
    assert_eq!(stage.looks(), (Decision::Acted, "approved"));
    assert_eq!(stage.looks(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.written().len(), 1);
}

#[test]
fn a_version_that_waits_for_a_person_is_asked_for_once() {
    let stage = stage(str::to_owned);
    stage.looks();
    stage.ends(&good());
    assert_eq!(stage.looks(), (Decision::Acted, "manual_approval"));
    assert_eq!(stage.looks(), (Decision::Skipped, "already_judged"));
    assert_eq!(stage.written().len(), 1);
}

#[test]
fn a_test_suite_that_lasts_longer_than_the_policy_allows_is_told_once() {
    let stage = stage(str::to_owned);
    stage.looks();
    stage.wait(SignedDuration::from_hours(6));
    assert_eq!(stage.looks(), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.looks(), (Decision::Skipped, "testing"));
    let late = stage.kinds().iter().filter(|kind| **kind == FactKind::DeadlineExceeded).count();
    assert_eq!(late, 1);
}

#[test]
fn newest_version_that_is_not_completed_or_not_pending_is_left_alone() {
    for (approval, status) in [
        (Approval::Pending, "InProgress"),
        (Approval::Pending, "Failed"),
        (Approval::Approved, "Completed"),
        (Approval::Rejected, "Completed"),
    ] {
        let stage = stage(str::to_owned);
        stage.is(7, approval.clone());
        stage.cloud.versions.lock().unwrap().get_mut(&7).unwrap().status = status.to_owned();
        assert_eq!(stage.looks(), (Decision::Skipped, "nothing_new"), "{approval}, {status}");
        assert!(stage.kinds().is_empty(), "nothing is asked for");
    }
}

#[test]
fn test_suite_is_not_late_before_its_time_and_is_late_after_it() {
    for (minutes, late) in [(6 * 60 - 1, false), (6 * 60, true), (9 * 60, true)] {
        let stage = stage(str::to_owned);
        stage.looks();
        stage.wait(SignedDuration::from_mins(minutes));
        stage.looks();
        let told = stage.kinds().contains(&FactKind::DeadlineExceeded);
        assert_eq!(told, late, "after {minutes} minutes of the 6 hours allowed");
        let of_its_own = stage.told().pop().unwrap().dedup_key == "late/candidate/churn/7";
        assert_eq!(of_its_own, late, "it is a dedup key of its own");
    }
}

#[test]
fn test_suite_is_never_late_where_the_policy_sets_no_time() {
    let stage = stage(str::to_owned);
    stage.react(&registered(7));
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.reconcile = None;
    }
    stage.wait(SignedDuration::from_hours(1000));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "testing"));
}

#[test]
fn version_that_a_look_found_is_judged_when_its_test_ends() {
    let stage = stage(by_itself);
    assert_eq!(stage.looks(), (Decision::Acted, "registered"));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "testing"), "it is the same candidate");
    stage.ends(&good());
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Acted, "approved"));
}
