//! Variant tests: begin, passed, failed, and ended early.

use super::*;

const CANARY: &str = "[deploy.endpoint.canary]";

/// `churn` with a shadow test of a day before its canary.
fn with_shadow() -> Rig {
    let shadow =
        format!("[deploy.endpoint.shadow]\npercent = 50\nduration = \"24h\"\nalarms = [\"{TEST_ALARM}\"]\n\n{CANARY}");
    let stage = stage_with(|text| text.replace(CANARY, &shadow));
    stage.first_reconcile();
    stage
}

/// `churn` with an A/B test of a week instead of its canary.
pub(super) fn with_ab_test() -> Rig {
    let stage = stage_with(|text| {
        let (start, end) = (text.find(CANARY).unwrap(), text.find("[deploy.endpoint.autoscaling]").unwrap());
        let challenger =
            format!("[deploy.endpoint.ab_test]\npercent = 20\nduration = \"7d\"\nalarms = [\"{TEST_ALARM}\"]\n\n");
        format!("{}{challenger}{}", &text[..start], &text[end..])
    });
    stage.first_reconcile();
    stage
}

impl Rig {
    fn first_reconcile(&self) {
        let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
        self.react("Reconcile Requested", "trimtab", &detail);
    }

    fn reconcile_after(&self, hours: i64) -> (Decision, &'static str) {
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_hours(hours));
        let detail = json!({"version": 1, "model": "churn", "dedup_key": "reconcile/churn/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
        self.react("Reconcile Requested", "trimtab", &detail)
    }

    /// Version 1 is live, and version 2 is in its test.
    fn start_test(&self) {
        self.approve(1);
        assert_eq!(self.becomes_stable(false), (Decision::Acted, "live"), "the first version has nothing to be beside");
        assert_eq!(self.approve(2), (Decision::Acted, "approved"));
        assert_eq!(self.becomes_stable(false), (Decision::Acted, "testing"));
    }
}

#[test]
fn passed_shadow_test_continues_with_the_canary() {
    let stage = with_shadow();
    stage.start_test();
    let names = stage.names();
    assert!(names[1].starts_with("churn-v2-test-"), "{names:?}");
    assert_eq!(stage.reconcile_after(23), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "test_passed"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    let strategies = stage.strategies();
    assert!(matches!(&strategies[..], [_, Strategy::AllAtOnce, Strategy::Canary(_)]), "{strategies:?}");
    let configs = stage.configs();
    assert_eq!(
        (&configs[1].model, configs[2].second_variant.is_none()),
        (&configs[2].name, true),
        "the same model, alone"
    );
    assert_eq!(stage.names().last(), Some(&configs[2].name));
}

#[test]
fn passed_ab_test_takes_all_traffic() {
    let stage = with_ab_test();
    stage.start_test();
    assert_eq!(stage.reconcile_after(6 * 24), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.reconcile_after(24), (Decision::Acted, "test_passed"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v2"]);
}

#[test]
fn firing_alarm_ends_a_test_and_rolls_back() {
    let stage = with_ab_test();
    stage.start_test();
    stage.set_test_alarm(AlarmState::Alarm);
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "test_failed"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
    assert!(stage.published().contains(&FactKind::RolloutRolledBack));
    assert_eq!(stage.reconcile_after(1), (Decision::Skipped, "nothing_new"));
}

#[test]
fn test_without_alarm_data_does_not_pass() {
    let stage = with_shadow();
    stage.start_test();
    stage.set_test_alarm(AlarmState::InsufficientData);
    assert_eq!(stage.reconcile_after(25), (Decision::Skipped, "nothing_new"));
    assert_eq!(
        stage.reconcile_after(6),
        (Decision::Acted, "deadline_exceeded"),
        "it is reported when it takes too long"
    );
    stage.set_test_alarm(AlarmState::Ok);
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "test_passed"));
}

#[test]
fn rejection_ends_a_test_at_once() {
    let stage = with_shadow();
    stage.start_test();
    assert_eq!(stage.judge("churn", 2, "Rejected"), (Decision::Acted, "rollback"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn rejection_before_the_test_rolls_back_when_it_begins() {
    let stage = with_shadow();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    assert_eq!(stage.judge("churn", 2, "Rejected"), (Decision::Deferred, "queued"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "test_canceled"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn endpoint_event_during_a_test_changes_nothing() {
    let stage = with_shadow();
    stage.start_test();
    assert_eq!(stage.becomes_stable(true), (Decision::Skipped, "testing"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.approve(3), (Decision::Deferred, "queued"));
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn queued_version_follows_a_test() {
    let stage = with_shadow();
    stage.start_test();
    stage.approve(3);
    stage.reconcile_after(24);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v2", "v3"]);
}

#[test]
fn test_ended_by_another_update_is_reported() {
    let stage = with_shadow();
    stage.start_test();
    stage.services.endpoints().endpoints.get_mut(ENDPOINT).unwrap().config = Some("theirs".into());
    assert_eq!(stage.reconcile_after(1).0, Decision::Acted);
    assert!(stage.published().contains(&FactKind::RolloutRolledBack));
}

impl Rig {
    /// An operator ends the test of version 2, by a request with this dedup key.
    fn promoted_by(&self, dedup_key: &str) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": "churn", "dedup_key": dedup_key, "at": NOON,
            "details": {"stage": "prod", "version": "2", "by": "maya"}});
        self.react("Promotion Requested", "trimtab", &detail)
    }
}

#[test]
fn operator_ends_a_test_early_once() {
    let stage = with_ab_test();
    stage.start_test();
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Acted, "promoted"));
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Skipped, "already_handled"), "a copy of it");
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.names().len(), 3);
    let alone = stage.configs().last().unwrap().second_variant.is_none();
    assert!(alone, "version 2 serves alone");
}

#[test]
fn early_promotion_waits_until_both_versions_serve() {
    let stage = with_ab_test();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Acted, "early_promotion"));
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "promoted"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.names().len(), 3);
}

#[test]
fn queued_version_survives_early_promotion() {
    let stage = with_ab_test();
    stage.start_test();
    assert_eq!(stage.approve(3), (Decision::Deferred, "queued"));
    let status = |status| stage.set_status(status);
    status(EndpointStatus::Updating);
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Acted, "early_promotion"));
    assert_eq!(stage.names().len(), 2, "no call is made to an endpoint in transition");
    status(EndpointStatus::InService);
    assert_eq!(stage.reconcile_after(0), (Decision::Acted, "promoted"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "resumed"), "and version 3 goes next");
}

#[test]
fn early_promotion_waits_for_data_of_the_canary_alarm() {
    let stage = with_shadow();
    stage.start_test();
    stage.set_alarm_data(false);
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Acted, "early_promotion"));
    assert_eq!(stage.reconcile_after(1), (Decision::Skipped, "nothing_new"));
    stage.set_alarm_data(true);
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "promoted"));
}

#[test]
fn early_promotion_requires_ok_alarms_and_an_approval() {
    let stage = with_ab_test();
    stage.start_test();
    stage.set_test_alarm(AlarmState::Alarm);
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/1"), (Decision::Failed, "test_failed"));
    stage.set_test_alarm(AlarmState::Ok);
    stage.services.registry().set_approval(&arn("churn", 2), Approval::Rejected);
    assert_eq!(stage.promoted_by("promotion/churn/prod/2/2"), (Decision::Skipped, "no_longer_approved"));
    assert_eq!(stage.names().len(), 2);
}

#[test]
fn operator_rollback_ends_a_test_at_once() {
    let stage = with_ab_test();
    stage.start_test();
    let detail = json!({"version": 1, "model": "churn", "dedup_key": "rollback/churn/2026-11-20T12:00:01Z", "at": NOON, "details": {"by": "maya"}});
    let outcome = stage.react("Rollback Requested", "trimtab", &detail);
    assert_eq!(outcome, (Decision::Acted, "test_canceled"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    let names = stage.names();
    assert!(names.last().unwrap().starts_with("churn-v1-"), "{names:?}");
    assert_eq!(stage.reconcile_after(24 * 8), (Decision::Skipped, "nothing_new"), "nothing goes on by its time");
}

#[test]
fn failed_test_is_reported_with_its_firing_alarms() {
    let stage = with_ab_test();
    stage.start_test();
    stage.set_test_alarm(AlarmState::Alarm);
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "test_failed"));
    let facts = stage.world.bus.facts();
    let reasons =
        facts.iter().find(|fact| fact.kind == FactKind::RolloutRolledBack).map(|fact| fact.reasons.join("; "));
    let expected = format!("alarm {TEST_ALARM} is firing in the variant test of version 2: rolling back to version 1");
    assert_eq!(reasons.as_deref(), Some(&*expected));
}

#[test]
fn test_duration_starts_when_the_endpoint_serves_it() {
    let stage = with_shadow();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_hours(3));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "testing"));
    assert_eq!(stage.reconcile_after(22), (Decision::Skipped, "nothing_new"), "25 hours after its decision");
    assert_eq!(stage.reconcile_after(2), (Decision::Acted, "test_passed"));
}

#[test]
fn test_and_rollout_exceed_their_deadlines_separately() {
    let stage = with_shadow();
    stage.start_test();
    stage.set_test_alarm(AlarmState::InsufficientData);
    assert_eq!(stage.reconcile_after(31), (Decision::Acted, "deadline_exceeded"));
    stage.set_test_alarm(AlarmState::Ok);
    assert_eq!(stage.reconcile_after(1), (Decision::Acted, "test_passed"));
    assert_eq!(stage.reconcile_after(7), (Decision::Acted, "deadline_exceeded"), "the canary hangs");
    let facts = stage.world.bus.facts();
    let late: std::collections::BTreeSet<String> =
        facts.iter().filter(|fact| fact.kind == FactKind::DeadlineExceeded).map(|fact| fact.dedup_key()).collect();
    assert_eq!(
        late,
        ["deadline/rollout/churn/2/1", "variant-test-deadline/rollout/churn/2/1"].map(str::to_owned).into()
    );
}
