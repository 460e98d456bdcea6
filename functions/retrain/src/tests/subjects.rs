//! The subject of an event, the name of the aggregate, and the assumptions of an offline plan.

use trimtab_core::port::AggregateId;
use trimtab_core::reactor::{Context, Decide, Preview};

use super::*;
use crate::Retrain;
use crate::observation::Observed;
use crate::state::{Incident, State};

#[test]
fn incident_is_stored_under_one_name_for_each_model() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let ids: Vec<AggregateId> = stage.world.ledger.contents().aggregates.keys().cloned().collect();
    let id = AggregateId { owner: "churn".to_owned(), name: "incident".to_owned() };
    assert_eq!(ids, [id], "another name would lose every limit and every open run");
}

#[test]
fn processing_job_without_a_monitoring_result_is_skipped() {
    let stage = monitored::monitored(None);
    for (job, status) in [
        ("model-monitoring-202611201200-7c1d2e3f", "Failed"),
        ("model-monitoring-202611201200-7c1d2e3f", "InProgress"),
        ("churn-features-1", "Completed"),
    ] {
        let decided = stage.react(&monitored::ended_job_of(job, status));
        assert_eq!(decided, (Decision::Skipped, "not_concerned"), "{job} {status}");
    }
    assert!(stage.started().is_empty());
}

#[test]
fn fact_of_another_kind_starts_no_reconcile_and_no_run() {
    let stage = stage();
    stage.fires_without_event(NOON);
    let mut event = reconcile::reconcile_request();
    for kind in ["Build Failed", "Training Started", "Drift Observed"] {
        event["detail-type"] = json!(kind);
        assert_eq!(stage.react(&event), (Decision::Skipped, "not_concerned"), "{kind}");
    }
}

#[test]
fn policy_without_retrain_starts_no_run() {
    let stage = stage();
    for policy in stage.world.ledger.contents().policies.values_mut() {
        policy.retrain = None;
    }
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Skipped, "off"));
    assert!(stage.started().is_empty());
}

/// An incident's id is `<model>-<kind>-<8 hex>`; a run with another name was not started by Trimtab.
#[test]
fn incident_id_is_distinguished_from_other_names() {
    for id in ["churn-drift-4be07d19", "churn-2-build-00000000", "a-b-abcdefAB"] {
        assert!(Incident::is_id(id), "{id}");
    }
    for other in [
        "churn-drift-4be07d1",
        "churn-drift-4be07d190",
        "churn-drift-4be07d1z",
        "drift-4be07d19",
        "4be07d19",
        "by-hand",
    ] {
        assert!(!Incident::is_id(other), "{other}");
    }
}

fn planned(event: &Value, state: &State) -> (Decision, usize) {
    let policy = Policy::parse("churn.toml", include_str!("../../../../policies/churn.toml")).unwrap();
    let event = Event::parse(event).unwrap();
    let observed: Observed = Retrain::preview(&event);
    let ctx = Context {
        event: &event,
        policy: Some(&policy),
        organization: None,
        state,
        observed: &observed,
        now: NOON.parse().unwrap(),
    };
    let plan = Retrain::decide(&ctx);
    (plan.decision, plan.actions.len())
}

/// `trimtab plan` makes no call to AWS.
#[test]
fn offline_plan_assumes_the_state_that_the_event_reports() {
    assert_eq!(planned(&alarm_at(NOON), &State::default()), (Decision::Acted, 1), "the alarm fires");
    let composite: Value =
        serde_json::from_str(include_str!("../../../../events/cloudwatch/drift-composite.json")).unwrap();
    assert_eq!(planned(&composite, &State::default()), (Decision::Acted, 1), "the composite alarm fires");
    let stage = stage();
    stage.react(&alarm_at(NOON));
    let record = stage.world.ledger.contents().aggregates.values().next().unwrap().state.clone().unwrap();
    let open: State = serde_json::from_value(record).unwrap();
    let (_, run) = stage.started().pop().unwrap();
    assert_eq!(planned(&ended(&run, "Succeeded"), &open), (Decision::Acted, 0), "the run has ended");
    assert_eq!(planned(&ended(&run, "Executing"), &open), (Decision::Skipped, 0), "the run has not ended");
}
