//! `trimtab plan` offline: the observed state is that of the event, and the plan is that of the same event online.

use trimtab_core::event::Event;
use trimtab_core::reactor::Preview;

use super::cases::*;
use super::*;
use crate::rollout::Progress;
use crate::state::State;

fn planned(policy: &str, event: &Event, state: &State) -> (Vec<&'static str>, Vec<String>) {
    let plan = decide(policy, event, state, &crate::Deploy::preview(event), 60);
    let actions = plan.actions.iter().map(|action| json!(action)["action"].as_str().unwrap().to_owned()).collect();
    (codes(&plan), actions)
}

#[test]
fn approval_plans_an_update_of_the_endpoint() {
    let update = ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"].map(str::to_owned).to_vec();
    assert_eq!(planned(CHURN, &approved("churn", 1), &State::default()), (vec!["approved"], update.clone()));
    let person = json!({"stage": "prod", "version": "2", "by": "maya"});
    let offered = State { offered: [(2, package("loans", 2))].into(), ..State::default() };
    let promoted = planned(LOANS, &fact("loans", FactKind::PromotionRequested, &person), &offered);
    assert_eq!(promoted, (vec!["approved", "promoted"], update));
}

#[test]
fn package_that_is_not_completed_plans_nothing() {
    let detail = json!({"ModelPackageGroupName": "churn", "ModelPackageVersion": 1, "ModelPackageArn": arn("churn", 1),
        "ModelApprovalStatus": "Approved", "ModelPackageStatus": "InProgress"});
    let event = event("123456789012", "aws.sagemaker", "SageMaker Model Package State Change", &detail);
    assert_eq!(planned(CHURN, &event, &State::default()), (vec!["not_completed"], vec![]));
}

#[test]
fn withdrawal_plans_a_rollback() {
    let judged = |state: &mut State, version| {
        state.record_verdict(&package("loans", version), crate::state::Verdict::Approved);
    };
    let mut state = State { live: vec![live("loans", 1, "a"), live("loans", 2, "b")], ..State::default() };
    [1, 2].into_iter().for_each(|version| judged(&mut state, version));
    let details = json!({"stage": "prod", "package": arn("loans", 2), "version": "2"});
    let planned = planned(LOANS, &fact("loans", FactKind::WithdrawalRequested, &details), &state);
    assert_eq!(planned, (vec!["rejected", "rollback"], vec!["UpdateEndpoint".to_owned()]));
    let reconcile = fact("loans", FactKind::StageReconcileRequested, &json!({"stage": "prod"}));
    assert_eq!(crate::Deploy::preview(&reconcile), crate::observation::Observed::default(), "nothing is known of AWS");
}

#[test]
fn end_of_a_rollout_plans_the_next_step() {
    let detail =
        |status: &str| json!({"EndpointName": "churn-prod", "EndpointStatus": status, "EndpointConfigName": "c"});
    let ended = |status| {
        let kind = "SageMaker Endpoint State Change";
        let mut event = event("123456789012", "aws.sagemaker", kind, &detail(status));
        event.envelope.time += SignedDuration::from_secs(30);
        planned(CHURN, &event, &on(rollout("churn", 1, "c", Progress::UpdatingEndpoint))).0
    };
    assert_eq!(
        (ended("IN_SERVICE"), ended("UPDATING"), ended("FAILED")),
        (vec!["live"], vec!["in_transition"], vec!["failed"])
    );
    let job = |status: &str| {
        let detail = json!({"TransformJobName": "trimtab-leads-v1-0123abcd", "TransformJobStatus": status});
        let event = event("123456789012", "aws.sagemaker", "SageMaker Transform Job State Change", &detail);
        planned(LEADS, &event, &on(rollout("leads", 1, "trimtab-leads-v1-0123abcd", Progress::Transforming))).0
    };
    assert_eq!(
        [job("Completed"), job("Failed"), job("Stopped"), job("InProgress")].concat(),
        ["live", "failed", "failed", "still_running"]
    );
    let delivered = |state: &str| {
        let detail = json!({"pipeline": "segments-delivery", "execution-id": "e-1", "state": state});
        let kind = "CodePipeline Pipeline Execution State Change";
        let event = event("123456789012", "aws.codepipeline", kind, &detail);
        let delivering = Progress::RunningPipeline { execution: "e-1".into() };
        planned(SEGMENTS, &event, &on(rollout("segments", 1, "p", delivering))).0
    };
    let ends =
        ["SUCCEEDED", "FAILED", "STOPPED", "CANCELED", "SUPERSEDED", "STARTED", "RESUMED", "STOPPING"].map(delivered);
    let failed = "pipeline_failed";
    assert_eq!(
        ends.concat(),
        ["live", failed, failed, failed, failed, "still_running", "still_running", "still_running"]
    );
}
