//! Which version comes next where verdicts come in the middle of a rollout.

use super::*;

impl Stage {
    /// Version 1 is live, then version 2.
    fn with_two_live(self) -> Self {
        for version in [1, 2] {
            self.approve(version);
            self.comes_to_rest(false);
        }
        self
    }

    /// Somebody else changes the endpoint, and leaves what it serves.
    fn is_changed_by_others(&self) {
        if let Some(endpoint) = self.cloud.endpoint.lock().unwrap().as_mut() {
            endpoint.status = EndpointStatus::SystemUpdating;
            endpoint.pending = endpoint.config.clone();
        }
    }

    fn reject(&self, version: u32) -> (Decision, &'static str) {
        self.say("churn", version, "Rejected")
    }
}

#[test]
fn a_newer_version_on_its_way_stays_when_the_live_one_is_rejected() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.reject(2), (Decision::Deferred, "queued"));
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3"], "no older version over a newer approval");
}

#[test]
fn a_rejected_live_version_is_left_when_its_successor_fails() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.reject(2);
    assert_eq!(stage.comes_to_rest(true), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"]);
}

#[test]
fn production_goes_back_past_all_rejected_versions() {
    for order in [[2, 3], [3, 2]] {
        let stage = stage().with_two_live();
        stage.approve(3);
        for version in order {
            stage.reject(version);
        }
        stage.comes_to_rest(false);
        assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"], "rejected in the order {order:?}");
    }
}

#[test]
fn an_approval_that_waits_survives_the_rejection_of_the_one_before() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.approve(4);
    assert_eq!(stage.reject(3), (Decision::Deferred, "queued"));
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v4"]);
    assert_eq!(stage.comes_to_rest(true), (Decision::Acted, "rollback"), "version 3 serves again, and was rejected");
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v4", "v2"]);
}

#[test]
fn a_version_rejected_on_its_way_holds_no_older_approval_up() {
    let stage = stage();
    stage.approve(3);
    stage.reject(3);
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"));
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v3", "v2"]);
}

#[test]
fn a_canary_that_proves_nothing_never_goes_back_to_a_rejected_version() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.reject(2);
    *stage.cloud.silent.lock().unwrap() = true;
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "unproven"));
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v1"]);
}

#[test]
fn on_rejected_notice_leaves_the_live_version() {
    let stage =
        stage_with(|text| text.replace("on_rejected = \"rollback\"", "on_rejected = \"notify\"")).with_two_live();
    assert_eq!(stage.reject(2), (Decision::Acted, "notice_only"));
    assert_eq!(
        (stage.updates(), stage.told().pop()),
        (vec!["v1".into(), "v2".into()], Some(FactKind::PackageRejected))
    );
}

#[test]
fn a_package_of_another_account_is_not_deployed() {
    let stage = stage();
    let theirs = arn("churn", 1).replace("123456789012", "999999999999");
    stage.cloud.approvals.lock().unwrap().insert(theirs.clone(), Approval::Approved);
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelPackageArn": theirs,
        "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed"});
    let heard = stage.react("SageMaker Model Package State Change", "aws.sagemaker", &detail);
    assert_eq!((heard, stage.updates()), ((Decision::Failed, "foreign_account"), vec![]));
}

#[test]
fn a_rejection_during_an_unfinished_rollback_has_its_answer() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.comes_to_rest(false);
    let record = |stage: &Stage| {
        let contents = stage.world.ledger.contents();
        let state = contents.aggregates.values().find_map(|record| record.state.clone()).unwrap();
        serde_json::from_value::<crate::rollout::State>(state).unwrap()
    };
    stage.reject(3);
    // The attempt died before its call: the intent is on record.
    let mut state = record(&stage);
    state.current.as_mut().unwrap().progress = crate::rollout::Progress::Intended;
    for entry in stage.world.ledger.contents().aggregates.values_mut() {
        entry.state = Some(serde_json::to_value(&state).unwrap());
    }
    stage.reject(1);
    let one = PackageArn::parse(&arn("churn", 1)).unwrap();
    assert!(record(&stage).has_verdict(&one, crate::rollout::Verdict::Rejected), "no rejection is swallowed");
}

#[test]
fn a_version_approved_again_on_its_way_is_rolled_out_once() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.reject(3), (Decision::Deferred, "queued"));
    assert_eq!(stage.approve(3), (Decision::Skipped, "already_there"));
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v2", "v3"]);
}

#[test]
fn a_live_version_approved_again_before_the_rollback_stays() {
    let stage = stage().with_two_live();
    stage.is_changed_by_others();
    assert_eq!(stage.reject(2), (Decision::Deferred, "queued"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_there"));
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn a_version_approved_again_during_its_rollback_follows_it() {
    let stage = stage().with_two_live();
    assert_eq!(stage.reject(2), (Decision::Acted, "rollback"));
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"));
    stage.comes_to_rest(false);
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v1", "v2"]);
}

#[test]
fn an_approval_that_waits_survives_a_canary_that_proves_nothing() {
    let stage = stage().with_two_live();
    stage.approve(3);
    assert_eq!(stage.approve(4), (Decision::Deferred, "queued"));
    *stage.cloud.silent.lock().unwrap() = true;
    assert_eq!(stage.comes_to_rest(false), (Decision::Acted, "unproven"));
    *stage.cloud.silent.lock().unwrap() = false;
    stage.comes_to_rest(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v3", "v2", "v4"]);
}

#[test]
fn an_operator_who_goes_back_ends_the_rollback_that_waits() {
    let stage = stage().with_two_live();
    stage.approve(3);
    stage.approve(4);
    // Version 3 is rejected on its way: going back gives way to version 4.
    stage.reject(3);
    let details = json!({"by": "maya", "version": "2"});
    let asked = json!({"version": 1, "model": "churn", "dedup_key": "rollback/x", "at": NOON, "details": details});
    assert_eq!(stage.react("Rollback Requested", "trimtab", &asked), (Decision::Deferred, "queued"));
    let contents = stage.world.ledger.contents();
    let state = contents.aggregates.values().find_map(|record| record.state.clone()).unwrap();
    let state: crate::rollout::State = serde_json::from_value(state).unwrap();
    assert!(!state.rollback_pending, "the operator's version is the last word");
}
