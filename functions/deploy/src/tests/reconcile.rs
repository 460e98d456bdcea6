//! Findings of a reconcile: a verdict, an end, a queued version that can start.

use super::*;

impl Rig {
    fn reconcile_of(&self, model: &str) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": model, "dedup_key": format!("reconcile/{model}/{NOON}"), "at": NOON, "details": {}});
        self.react("Reconcile Requested", "trimtab", &detail)
    }

    fn reconcile(&self) -> (Decision, &'static str) {
        self.reconcile_of("churn")
    }

    /// A verdict whose event is lost.
    fn judge_without_event(&self, version: u32, verdict: &str) {
        self.services.registry().set_approval(&arn("churn", version), Approval::parse(verdict));
    }

    fn becomes_stable_without_event(&self) {
        let endpoints = &mut self.services.endpoints().endpoints;
        let endpoint = endpoints.get_mut(ENDPOINT).unwrap();
        endpoint.status = EndpointStatus::InService;
        endpoint.config = endpoint.pending.take();
    }
}

fn reconciled() -> Rig {
    let stage = stage();
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    stage
}

#[test]
fn approval_before_the_first_reconcile_is_not_deployed() {
    let stage = stage();
    stage.judge_without_event(7, "Approved");
    assert_eq!(stage.reconcile(), (Decision::Acted, "first_reconcile"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.updates(), Vec::<String>::new());
}

#[test]
fn missed_approval_is_deployed_once() {
    let stage = reconciled();
    stage.judge_without_event(1, "Approved");
    assert_eq!(stage.reconcile(), (Decision::Acted, "missed_event"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.deliver("churn", 1, "Approved"), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn missed_end_of_a_rollout_is_found() {
    let stage = reconciled();
    stage.approve(1);
    stage.becomes_stable_without_event();
    assert_eq!(stage.reconcile(), (Decision::Acted, "resumed_pending"));
    assert_eq!(stage.published(), [FactKind::RolloutStarted, FactKind::RolloutSucceeded]);
}

#[test]
fn missed_end_of_an_execution_is_found() {
    let stage = stage();
    stage.reconcile_of("segments");
    stage.judge("segments", 5, "Approved");
    assert_eq!(stage.reconcile_of("segments"), (Decision::Acted, "resumed_pending"));
    assert_eq!(stage.published(), [FactKind::RolloutStarted, FactKind::RolloutSucceeded]);
}

#[test]
fn missed_rejection_rolls_back() {
    let stage = reconciled();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    stage.becomes_stable(false);
    stage.judge_without_event(2, "Rejected");
    assert_eq!(stage.reconcile(), (Decision::Acted, "missed_event"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
}

#[test]
fn held_version_is_deployed_when_its_alarms_have_data() {
    let stage = reconciled();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.set_alarm_data(false);
    assert_eq!(stage.approve(2), (Decision::Failed, "no_alarm_data"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    stage.set_alarm_data(true);
    assert_eq!(stage.reconcile(), (Decision::Acted, "missed_event"));
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn exceeded_deadline_is_reported_once() {
    let stage = reconciled();
    stage.approve(1);
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_hours(6));
    assert_eq!(stage.reconcile(), (Decision::Acted, "deadline_exceeded"));
    assert_eq!(stage.reconcile(), (Decision::Skipped, "nothing_new"));
    assert_eq!(stage.published(), [FactKind::RolloutStarted, FactKind::DeadlineExceeded]);
}
