//! One rollout at a time, in order, and rollbacks.

use super::*;

#[test]
fn approved_version_goes_live_and_scales() {
    let stage = stage();
    assert_eq!(stage.approve(1), (Decision::Acted, "approved"));
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!((stage.updates(), stage.scaled()), (vec!["v1".to_owned()], 1));
    assert_eq!(stage.published(), [FactKind::RolloutStarted, FactKind::RolloutSucceeded]);
}

#[test]
fn repeated_approval_deploys_nothing() {
    let stage = stage();
    stage.approve(1);
    assert_eq!(stage.approve(1), (Decision::Skipped, "already_handled"));
    stage.becomes_stable(false);
    assert_eq!(stage.approve(1), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn approval_during_a_rollout_is_queued() {
    let stage = stage();
    stage.approve(1);
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"));
    assert_eq!(stage.becomes_stable(false).0, Decision::Acted);
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn newest_approval_is_queued_and_the_older_one_dropped() {
    let stage = stage();
    stage.approve(1);
    stage.approve(3);
    assert_eq!(stage.approve(2), (Decision::Skipped, "superseded"));
    stage.becomes_stable(false);
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v3"]);
}

#[test]
fn rolled_back_endpoint_is_reported_and_not_updated_again() {
    let stage = stage();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    assert_eq!(stage.becomes_stable(true), (Decision::Acted, "rolled_back"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_handled"));
    assert_eq!((stage.updates().len(), stage.published().pop()), (2, Some(FactKind::RolloutRolledBack)));
}

#[test]
fn rejected_live_version_rolls_back_to_the_version_before() {
    let stage = stage();
    for version in [1, 2] {
        stage.approve(version);
        stage.becomes_stable(false);
    }
    assert_eq!(stage.judge("churn", 2, "Rejected"), (Decision::Acted, "rollback"));
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
    assert_eq!(stage.judge("churn", 2, "Rejected"), (Decision::Skipped, "already_handled"));
    let facts = stage.world.bus.facts();
    let live: Vec<String> =
        facts.iter().filter(|fact| fact.kind == FactKind::RolloutSucceeded).map(|fact| fact.dedup_key()).collect();
    assert_eq!(live, ["rollout/churn/1/1", "rollout/churn/2/1", "rollout/churn/1/2"], "a return is reported again");
}

#[test]
fn metadata_edit_of_an_approved_version_deploys_nothing() {
    let stage = stage();
    stage.services.registry().set_approval(&arn("churn", 1), Approval::Approved);
    let edit = |fields: &[&str]| {
        json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelPackageArn": arn("churn", 1),
            "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed", "UpdatedModelPackageFields": fields})
    };
    let hear = |fields: &[&str]| stage.react("SageMaker Model Package State Change", "aws.sagemaker", &edit(fields));
    assert_eq!(hear(&["CustomerMetadataProperties"]), (Decision::Skipped, "metadata_only"));
    assert_eq!(hear(&["ModelApprovalStatus", "CustomerMetadataProperties"]), (Decision::Acted, "approved"));
}

#[test]
fn queued_version_that_is_rejected_is_not_deployed() {
    let stage = stage();
    stage.approve(1);
    stage.approve(2);
    stage.judge("churn", 2, "Rejected");
    stage.becomes_stable(false);
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn queued_version_that_lost_its_approval_is_not_deployed() {
    let stage = stage();
    stage.approve(1);
    stage.approve(2);
    stage.services.registry().set_approval(&arn("churn", 2), Approval::Rejected);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "no_longer_approved"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn approval_that_the_registry_no_longer_has_is_stale() {
    let stage = stage();
    stage.judge("churn", 1, "Rejected");
    assert_eq!(stage.deliver("churn", 1, "Approved"), (Decision::Skipped, "stale"));
}

#[test]
fn version_is_queued_while_the_endpoint_is_updated() {
    let stage = stage();
    let busy = ObservedEndpoint {
        status: EndpointStatus::SystemUpdating,
        config: Some("theirs".into()),
        pending: None,
        failure: None,
        modified: None,
    };
    stage.set_endpoint(Some(busy));
    assert_eq!(stage.approve(1), (Decision::Deferred, "queued"));
    assert_eq!(stage.becomes_stable(true), (Decision::Acted, "resumed"));
    assert_eq!(stage.updates(), ["v1"]);
}

#[test]
fn canary_without_alarm_data_is_held_until_sent_again() {
    let stage = stage();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.set_alarm_data(false);
    assert_eq!(stage.approve(2), (Decision::Failed, "no_alarm_data"));
    assert_eq!(stage.approve(2), (Decision::Failed, "no_alarm_data"));
    assert_eq!((stage.updates(), stage.published().last().copied()), (vec!["v1".into()], Some(FactKind::RolloutHeld)));
    let dedup_keys: std::collections::BTreeSet<String> = stage
        .world
        .bus
        .facts()
        .into_iter()
        .filter(|f| f.kind == FactKind::RolloutHeld)
        .map(|f| f.dedup_key())
        .collect();
    assert_eq!(dedup_keys.len(), 1, "{dedup_keys:?}");
    stage.set_alarm_data(true);
    assert_eq!(stage.approve(2), (Decision::Acted, "approved"));
    assert_eq!(stage.updates(), ["v1", "v2"]);
}

#[test]
fn canary_whose_alarms_lost_data_is_rolled_back() {
    let stage = stage();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    stage.set_alarm_data(false);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "no_data_after_update"));
    assert_eq!(stage.updates(), ["v1", "v2", "v1"]);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.approve(2), (Decision::Skipped, "already_handled"));
}

#[test]
fn pipeline_starts_with_the_package() {
    let stage = stage();
    assert_eq!(stage.judge("segments", 4, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.deliveries(), [arn("segments", 4)]);
    let detail = json!({"pipeline": "segments-delivery", "execution-id": "execution-1", "state": "SUCCEEDED"});
    let end = stage.react("CodePipeline Pipeline Execution State Change", "aws.codepipeline", &detail);
    assert_eq!(end, (Decision::Acted, "live"));
}

#[test]
fn rejection_with_notify_changes_nothing_else() {
    let stage = stage();
    assert_eq!(stage.judge("segments", 4, "Rejected"), (Decision::Acted, "rejected"));
    assert_eq!((stage.updates().len(), stage.published()), (0, vec![FactKind::PackageRejected]));
}

#[test]
fn older_version_is_deployed_after_sole_version_is_rejected() {
    let stage = stage();
    stage.approve(2);
    stage.becomes_stable(false);
    assert_eq!(stage.judge("churn", 2, "Rejected").1, "nothing_before");
    assert_eq!(stage.approve(1), (Decision::Acted, "approved"));
    assert_eq!(stage.updates(), ["v2", "v1"]);
}

#[test]
fn queued_version_never_follows_a_newer_one() {
    let stage = stage();
    stage.approve(1);
    stage.becomes_stable(false);
    let status = |status| stage.set_status(status);
    status(EndpointStatus::Updating);
    assert_eq!(stage.approve(2), (Decision::Deferred, "queued"), "another update is in progress");
    status(EndpointStatus::InService);
    assert_eq!(stage.approve(3), (Decision::Acted, "superseded"), "and no event reported its end");
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.updates(), ["v1", "v3"]);
}

#[test]
fn busy_version_does_not_replace_a_later_queued_one() {
    let arn = |version| PackageArn::parse(&arn("churn", version)).unwrap();
    let stage = stage();
    stage.approve(1);
    let record = stage.world.ledger.contents().aggregates.values().find_map(|record| record.state.clone()).unwrap();
    let mut state: crate::state::State = serde_json::from_value(record).unwrap();
    let next = crate::state::Queued {
        package: arn(2),
        cause: crate::rollout::Cause::Approved,
        since: stage.world.clock.now(),
    };
    state.queued = Some(next.clone());
    let request = EndpointRequest {
        endpoint: EndpointName::parse("churn-prod").unwrap(),
        config: "c".into(),
        strategy: Strategy::AllAtOnce,
        account: None,
    };
    let action = crate::action::Action::UpdateEndpoint { request };
    let busy = Ok(crate::action::Done::Endpoint(UpdateAccepted::Busy));
    let settled = crate::apply_outcome::apply_outcome(&mut state, &action, busy, stage.world.clock.now());
    assert_eq!(state.queued, Some(next));
    assert!(settled.facts[0].reasons[0].contains("version 2 is deployed before version 1"), "{settled:?}");
}
