//! A person asks.

use super::*;
use crate::operator::{Request, request};

fn asked(id: Option<&str>, over_budget: bool, at: &str) -> Value {
    let model = trimtab_core::name::ModelName::parse("churn").unwrap();
    let asked = Request {
        model,
        by: "maya".into(),
        reason: "new labels\r\nBcc: x".into(),
        id: id.map(str::to_owned),
        over_budget,
    };
    let fact = request(&asked, at.parse().unwrap());
    json!({"version": "0", "id": at, "source": "trimtab", "detail-type": "Training Requested", "account": "123456789012",
        "region": "eu-west-1", "time": at, "resources": [], "detail": fact})
}

#[test]
fn a_person_gets_one_run_for_one_request_and_the_cool_down_does_not_hold() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    let entry = stage.try_react(&asked(None, false, "2026-11-20T13:00:10Z")).unwrap().entry;
    assert_eq!((entry.decision, entry.reasons[0].as_str()), (Decision::Acted, "maya asks: new labels  Bcc: x"));
    *stage.cloud.status.lock().unwrap() = Some(RunStatus::Executing);
    assert_eq!(stage.react(&asked(None, false, "2026-11-20T13:00:20Z")), (Decision::Skipped, "already_handled"));
    assert!(stage.started()[1].0.display_name.starts_with("churn-operator-"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn the_budget_holds_for_a_person_who_does_not_say_otherwise() {
    let stage = stage();
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    assert_eq!(stage.react(&asked(Some("a"), false, NOON)), (Decision::Skipped, "budget"));
    assert_eq!(stage.react(&asked(Some("b"), true, NOON)), (Decision::Acted, "operator"));
}

#[test]
fn a_person_who_asks_during_a_run_gets_the_next_and_a_commit_answers_both() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.react(&asked(Some("a"), true, NOON)), (Decision::Parked, "run_in_progress"));
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Parked, "run_in_progress"));
    assert_eq!(stage.react(&asked(Some("b"), false, NOON)), (Decision::Parked, "run_in_progress"));
    stage.end_run(HOUR);
    let (request, _) = stage.started().pop().unwrap();
    assert_eq!((stage.started().len(), request.parameters.get("Commit")), (2, Some(&"c".repeat(40))));
    stage.end_run(HOUR);
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn a_request_that_says_nobody_and_nothing_is_rejected() {
    let stage = stage();
    let mut event = asked(None, false, NOON);
    event["detail"]["details"] = json!({});
    assert_eq!(stage.react(&event), (Decision::Rejected, "no_commit"));
}
