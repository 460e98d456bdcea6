//! An operator's rollback, in each state of the endpoint.

use super::*;

impl Rig {
    fn request_rollback(&self, dedup_key: &str, details: &Value) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": "churn", "dedup_key": dedup_key, "at": NOON, "details": details});
        self.react("Rollback Requested", "trimtab", &detail)
    }

    fn roll_back(&self) -> (Decision, &'static str) {
        self.request_rollback("rollback/churn/2026-11-20T12:00:01Z", &json!({"by": "maya"}))
    }

    fn stands(&self, status: EndpointStatus) {
        self.set_status(status);
    }

    fn reconcile_again(&self) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
        self.react("Reconcile Requested", "trimtab", &detail)
    }
}

/// Version 2 is live, version 1 was before it.
fn with_two() -> Rig {
    let stage = stage();
    stage.reconcile_again();
    for version in [1, 2] {
        stage.approve(version);
        stage.becomes_stable(false);
    }
    stage
}

#[test]
fn operator_rollback_from_in_service_happens_once() {
    let stage = with_two();
    assert_eq!(stage.roll_back(), (Decision::Acted, "operator_rollback"));
    assert_eq!(stage.roll_back(), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.roll_back(), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn operator_rollback_during_a_rollout_is_queued() {
    let stage = with_two();
    stage.approve(3);
    assert_eq!(stage.roll_back(), (Decision::Deferred, "queued"));
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v2"]);
}

#[test]
fn operator_rollback_after_an_automatic_one_does_nothing() {
    let stage = with_two();
    stage.approve(3);
    stage.roll_back();
    assert_eq!(stage.becomes_stable(true), (Decision::Acted, "already_there"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3"]);
}

#[test]
fn operator_rollback_updates_an_endpoint_out_of_service() {
    for status in [EndpointStatus::OutOfService, EndpointStatus::UpdateRollbackFailed] {
        let stage = with_two();
        stage.stands(status);
        assert_eq!(stage.roll_back(), (Decision::Acted, "operator_rollback"));
        assert_eq!(stage.updates(), ["v1", "v2", "v2"]);
    }
}

#[test]
fn failed_endpoint_is_deleted_once_and_created_again() {
    let stage = with_two();
    stage.stands(EndpointStatus::Failed);
    assert_eq!(stage.roll_back(), (Decision::Deferred, "removed"));
    assert_eq!(stage.reconcile_again(), (Decision::Skipped, "nothing_new"));
    assert_eq!((stage.updates().len(), stage.services.endpoints().deleted.len()), (2, 1));
    stage.set_endpoint(None);
    assert_eq!(stage.reconcile_again(), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v2"]);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
}

#[test]
fn approval_waits_until_the_endpoint_is_recreated() {
    let stage = with_two();
    stage.stands(EndpointStatus::Failed);
    stage.roll_back();
    assert_eq!(stage.approve(3), (Decision::Deferred, "operator_first"));
    stage.set_endpoint(None);
    assert_eq!(stage.reconcile_again(), (Decision::Acted, "resumed"));
    stage.becomes_stable(false);
    assert_eq!(stage.reconcile_again(), (Decision::Acted, "missed_event"));
    assert_eq!(stage.updates(), ["v1", "v2", "v2", "v3"]);
}

#[test]
fn pending_deletion_is_resumed_by_a_newer_approval() {
    let stage = with_two();
    stage.stands(EndpointStatus::Failed);
    stage.roll_back();
    stage.stands(EndpointStatus::Failed);
    stage.services.registry().set_approval(&arn("churn", 3), Approval::Approved);
    assert_eq!(stage.reconcile_again(), (Decision::Deferred, "removed"));
    assert_eq!(stage.services.endpoints().deleted.len(), 2);
}

#[test]
fn rejection_during_deletion_keeps_the_operators_version() {
    let stage = with_two();
    stage.stands(EndpointStatus::Failed);
    stage.request_rollback("rollback/churn/2026-11-20T12:00:01Z", &json!({"by": "maya", "version": "1"}));
    assert_eq!(stage.judge("churn", 2, "Rejected"), (Decision::Acted, "operator_first"));
    stage.set_endpoint(None);
    assert_eq!(stage.reconcile_again(), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn rejection_of_the_operators_version_rolls_back_later() {
    let stage = with_two();
    stage.stands(EndpointStatus::Failed);
    stage.roll_back();
    assert_eq!(stage.judge("churn", 2, "Rejected").0, Decision::Deferred);
    stage.set_endpoint(None);
    assert_eq!(stage.reconcile_again(), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn operator_rollback_creates_a_missing_endpoint() {
    let stage = with_two();
    stage.set_endpoint(None);
    assert_eq!(stage.roll_back(), (Decision::Acted, "operator_rollback"));
    assert_eq!(stage.updates(), ["v1", "v2", "v2"]);
}

#[test]
fn named_version_must_have_been_live_or_be_approved() {
    let stage = with_two();
    let to = |number: u32| json!({"by": "maya", "version": number.to_string()});
    assert_eq!(stage.request_rollback("rollback/churn/2026-11-20T12:00:01Z", &to(9)), (Decision::Skipped, "refused"));
    assert_eq!(
        stage.request_rollback("rollback/churn/2026-11-20T12:00:02Z", &to(2)),
        (Decision::Skipped, "refused"),
        "it serves already"
    );
    assert_eq!(stage.published().last().copied(), Some(FactKind::RollbackRefused));
    assert_eq!(
        stage.request_rollback("rollback/churn/2026-11-20T12:00:03Z", &to(1)),
        (Decision::Acted, "operator_rollback")
    );
    stage.becomes_stable(false);
    assert_eq!(
        stage.request_rollback("rollback/churn/2026-11-20T12:00:04Z", &to(2)),
        (Decision::Acted, "operator_rollback")
    );
    assert_eq!(stage.updates(), ["v1", "v2", "v1", "v2"]);
}

#[test]
fn queued_version_does_not_follow_an_operator_rollback() {
    let stage = with_two();
    stage.approve(3);
    stage.approve(4);
    assert_eq!(stage.roll_back().0, Decision::Deferred);
    stage.becomes_stable(false);
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v2"]);
}

#[test]
fn operator_rollback_does_not_wait_for_alarms() {
    let stage = with_two();
    stage.set_alarm_data(false);
    assert_eq!(stage.roll_back(), (Decision::Acted, "operator_rollback"));
}

/// A stage that cannot be read is not a missing one, which would be production.
#[test]
fn unknown_or_malformed_stage_is_refused() {
    for name in ["moon", "Prod; rm", ""] {
        let stage = with_two();
        let refused =
            stage.request_rollback("rollback/churn/2026-11-20T12:00:01Z", &json!({"stage": name, "by": "maya"}));
        assert_eq!(refused, (Decision::Failed, "no_such_stage"), "{name:?}");
        assert_eq!(stage.updates(), ["v1", "v2"], "{name:?}");
    }
}

/// A version that cannot be read is not a missing one, which would be the previous version.
#[test]
fn malformed_rollback_is_refused_with_a_message() {
    for details in [json!({"by": "maya", "version": "two"}), json!({"by": "maya", "version": ""}), json!({"by": ""})] {
        let stage = with_two();
        let key = "rollback/churn/2026-11-20T12:00:01Z";
        assert_eq!(stage.request_rollback(key, &details), (Decision::Skipped, "refused"), "{details}");
        assert_eq!(stage.published().last().copied(), Some(FactKind::RollbackRefused), "{details}");
        assert_eq!(stage.request_rollback(key, &details), (Decision::Skipped, "already_handled"), "{details}");
        assert_eq!(stage.updates(), ["v1", "v2"], "{details}");
    }
}
