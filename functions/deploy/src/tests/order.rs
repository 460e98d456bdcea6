//! Which version is next if verdicts arrive during a rollout.

use super::*;

impl Rig {
    /// Version 1 is live, then version 2.
    fn with_two_live(self) -> Self {
        for version in [1, 2] {
            self.approve(version);
            self.becomes_stable(false);
        }
        self
    }

    /// Another update changes the endpoint, which serves the same configuration afterwards.
    fn is_changed_by_others(&self) {
        if let Some(endpoint) = self.services.endpoints().endpoints.get_mut(ENDPOINT) {
            endpoint.status = EndpointStatus::SystemUpdating;
            endpoint.pending = endpoint.config.clone();
        }
    }

    fn reject(&self, version: u32) -> (Decision, &'static str) {
        self.judge("churn", version, "Rejected")
    }
}

#[test]
fn newer_version_in_progress_stays_when_live_is_rejected() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.reject(2), (Decision::Deferred, "queued"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3"], "no older version over a newer approval");
}

#[test]
fn rejected_live_version_is_left_when_its_successor_fails() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.reject(2);
    assert_eq!(stage.becomes_stable(true), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"]);
}

#[test]
fn rollback_skips_all_rejected_versions() {
    for order in [[2, 3], [3, 2]] {
        let stage = stage().with_two_live();
        stage.approve(3);
        for version in order {
            stage.reject(version);
        }
        stage.becomes_stable(false);
        assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"], "rejected in the order {order:?}");
    }
}

#[test]
fn queued_approval_survives_rejection_of_the_version_before() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.approve(4);
    assert_eq!(stage.reject(3), (Decision::Deferred, "queued"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v4"]);
    assert_eq!(stage.becomes_stable(true), (Decision::Acted, "rollback"), "version 3 serves again, and was rejected");
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v4", "v2"]);
}

#[test]
fn version_rejected_in_progress_blocks_no_older_approval() {
    let stage = stage();
    stage.approve(3);
    stage.reject(3);
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"));
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v3", "v2"]);
}

#[test]
fn unproven_canary_never_rolls_back_to_a_rejected_version() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.reject(2);
    stage.set_alarm_data(false);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "no_data_after_update"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"]);
}

#[test]
fn on_rejected_notify_keeps_the_live_version() {
    let stage =
        stage_with(|text| text.replace("on_rejected = \"rollback\"", "on_rejected = \"notify\"")).with_two_live();
    assert_eq!(stage.reject(2), (Decision::Acted, "notify_only"));
    assert_eq!(
        (stage.updates(), stage.published().pop()),
        (vec!["v1".into(), "v2".into()], Some(FactKind::PackageRejected))
    );
}

#[test]
fn package_of_another_account_is_not_deployed() {
    let stage = stage();
    let theirs = arn("churn", 1).replace("123456789012", "999999999999");
    stage.services.registry().set_approval(&theirs, Approval::Approved);
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelPackageArn": theirs,
        "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed"});
    let outcome = stage.react("SageMaker Model Package State Change", "aws.sagemaker", &detail);
    assert_eq!((outcome, stage.updates()), ((Decision::Failed, "foreign_account"), vec![]));
}

#[test]
fn rejection_during_a_pending_rollback_is_processed() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.becomes_stable(false);
    let record = |stage: &Rig| {
        let contents = stage.world.ledger.contents();
        let state = contents.aggregates.values().find_map(|record| record.state.clone()).unwrap();
        serde_json::from_value::<crate::state::State>(state).unwrap()
    };
    stage.reject(3);
    // The attempt died before its call: the intent is stored.
    let mut state = record(&stage);
    state.current.as_mut().unwrap().progress = crate::rollout::Progress::Intended;
    for entry in stage.world.ledger.contents().aggregates.values_mut() {
        entry.state = Some(serde_json::to_value(&state).unwrap());
    }
    stage.reject(1);
    let one = PackageArn::parse(&arn("churn", 1)).unwrap();
    assert!(record(&stage).has_verdict(&one, crate::state::Verdict::Rejected), "no rejection is swallowed");
}

#[test]
fn version_approved_again_in_progress_is_deployed_once() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.reject(3), (Decision::Deferred, "queued"));
    assert_eq!(stage.approve(3), (Decision::Skipped, "already_there"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3"]);
}

#[test]
fn live_version_approved_again_before_the_rollback_stays() {
    let stage = stage().with_two_live();
    stage.is_changed_by_others();
    assert_eq!(stage.reject(2), (Decision::Deferred, "queued"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_there"));
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn version_approved_again_during_its_rollback_follows_it() {
    let stage = stage().with_two_live();
    assert_eq!(stage.reject(2), (Decision::Acted, "rollback"));
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"));
    stage.becomes_stable(false);
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v1", "v2"]);
}

#[test]
fn queued_approval_survives_an_unproven_canary() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.approve(4), (Decision::Deferred, "queued"));
    stage.set_alarm_data(false);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "no_data_after_update"));
    stage.set_alarm_data(true);
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v2", "v4"]);
}

#[test]
fn operator_rollback_replaces_the_pending_one() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.approve(4);
    // Version 3 is rejected during its rollout: version 4 takes precedence over the rollback.
    stage.reject(3);
    let details = json!({"by": "maya", "version": "2"});
    let request = json!({"version": 1, "model": "churn", "dedup_key": "rollback/churn/2026-11-20T12:00:00Z", "at": NOON, "details": details});
    assert_eq!(stage.react("Rollback Requested", "trimtab", &request), (Decision::Deferred, "queued"));
    let contents = stage.world.ledger.contents();
    let state = contents.aggregates.values().find_map(|record| record.state.clone()).unwrap();
    let state: crate::state::State = serde_json::from_value(state).unwrap();
    assert!(!state.rollback_pending, "the operator's version is the last word");
}
