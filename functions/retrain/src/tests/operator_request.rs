//! Requests of operators.

use trimtab_core::request::{Request, Retrain};

use super::*;

pub(super) fn requested(id: Option<&str>, over_budget: bool, at: &str) -> Value {
    let model = trimtab_core::name::ModelName::parse("churn").unwrap();
    let reason = Some("new labels\r\nBcc: x".into());
    let retrain = Retrain { by: "maya".into(), reason, id: id.map(str::to_owned), over_budget };
    let fact = Request::Retrain(retrain).into_fact(&model, "requested by maya", at.parse().unwrap());
    json!({"version": "0", "id": at, "source": "trimtab", "detail-type": "Training Requested", "account": "123456789012",
        "region": "eu-west-1", "time": at, "resources": [], "detail": fact})
}

#[test]
fn operator_request_gets_one_run_despite_the_cool_down() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    let entry = stage.try_react(&requested(None, false, "2026-11-20T13:00:10Z")).unwrap().entry;
    assert_eq!((entry.decision, entry.reasons[0].as_str()), (Decision::Acted, "requested by maya: new labels  Bcc: x"));
    stage.services.training().status = Some(RunStatus::Executing);
    assert_eq!(stage.react(&requested(None, false, "2026-11-20T13:00:20Z")), (Decision::Skipped, "already_handled"));
    assert!(stage.started()[1].0.display_name.starts_with("churn-operator-"));
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn budget_refuses_operator_without_allowance() {
    let stage = stage();
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    assert_eq!(stage.react(&requested(Some("a"), false, NOON)), (Decision::Skipped, "budget"));
    assert_eq!(stage.react(&requested(Some("b"), true, NOON)), (Decision::Acted, "operator"));
}

#[test]
fn request_during_a_run_shares_the_next_with_a_commit() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    assert_eq!(stage.react(&requested(Some("a"), true, NOON)), (Decision::Deferred, "run_in_progress"));
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Deferred, "run_in_progress"));
    assert_eq!(stage.react(&requested(Some("b"), false, NOON)), (Decision::Deferred, "run_in_progress"));
    stage.end_run(HOUR);
    let (request, _) = stage.started().pop().unwrap();
    assert_eq!((stage.started().len(), request.parameters.get("Commit")), (2, Some(&"c".repeat(40))));
    stage.end_run(HOUR);
    assert_eq!(stage.started().len(), 2);
}

#[test]
fn request_without_operator_and_commit_fails() {
    let stage = stage();
    let mut event = requested(None, false, NOON);
    event["detail"]["details"] = json!({});
    assert_eq!(stage.react(&event), (Decision::Failed, "no_commit"));
}

#[test]
fn allowance_over_the_budget_passes_to_the_next_run() {
    let commit = request_for(&"c".repeat(40));
    let (allowed, plain) = (requested(Some("a"), true, NOON), requested(Some("b"), false, NOON));
    let cases: [(&[&Value], &str); 5] = [
        (&[&commit, &allowed], "build"),
        (&[&allowed, &commit], "build"),
        (&[&allowed, &plain], "operator"),
        (&[&plain, &allowed], "operator"),
        (&[&commit, &allowed, &plain], "build"),
    ];
    for (triggers, word) in cases {
        let stage = stage_with(|retrain| retrain.budget.runs = 1);
        stage.react(&alarm_at(NOON));
        for event in triggers {
            assert_eq!(stage.react(event), (Decision::Deferred, "run_in_progress"));
        }
        stage.end_run(HOUR);
        let words: Vec<String> = stage.started().into_iter().map(|(run, _)| run.parameters["Reason"].clone()).collect();
        assert_eq!(words, ["drift", word], "one of them may exceed the budget: {triggers:?}");
    }
}

#[test]
fn budget_refuses_queued_trigger_without_allowance() {
    for triggers in
        [vec![request_for(&"c".repeat(40))], vec![requested(Some("b"), false, NOON), request_for(&"c".repeat(40))]]
    {
        let stage = stage_with(|retrain| retrain.budget.runs = 1);
        stage.react(&alarm_at(NOON));
        for event in &triggers {
            stage.react(event);
        }
        stage.end_run(HOUR);
        assert_eq!(stage.started().len(), 1, "{triggers:?}");
        let facts = stage.published();
        assert_eq!(facts[facts.len() - 2..], [FactKind::TrainingSucceeded, FactKind::TrainingSkipped], "{triggers:?}");
    }
}

#[test]
fn newest_commit_gets_the_next_run() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    for commit in ["a", "b"] {
        stage.react(&request_for(&commit.repeat(40)));
    }
    stage.end_run(HOUR);
    assert_eq!(stage.started()[1].0.parameters["Commit"], "b".repeat(40));
}

#[test]
fn trigger_during_a_run_is_reported_with_its_next_step() {
    let image = image::image("Training Requested", 1, &image::uri(1));
    let cases = [
        (request_for(&"c".repeat(40)), "; this commit gets the next run"),
        (image, "; this image gets the next run"),
        (requested(Some("a"), false, NOON), "; this request gets the next run"),
        (alarm_at("2026-11-20T12:30:00Z"), ", and covers this trigger"),
    ];
    for (event, words) in cases {
        let stage = stage();
        stage.react(&alarm_at(NOON));
        let incident = stage.started()[0].0.display_name.clone();
        stage.try_react(&event).unwrap();
        let fact = stage.world.bus.facts().pop().unwrap();
        assert_eq!(fact.reasons[1], format!("run of {incident} is in progress{words}"));
        assert!(
            fact.dedup_key().starts_with(&format!("merged-trigger/{incident}/")),
            "a dedup key of its own: {}",
            fact.dedup_key()
        );
    }
}

#[test]
fn spent_budget_is_one_message_though_an_operator_exceeds_it() {
    let stage = stage();
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    let refused = |commit: &str| {
        assert_eq!(stage.react(&request_for(&commit.repeat(40))), (Decision::Skipped, "budget"));
        stage.world.bus.facts().pop().unwrap().dedup_key()
    };
    let first = refused("e");
    stage.react(&requested(Some("b"), true, NOON));
    stage.end_run(HOUR);
    assert_eq!(refused("f"), first, "the same limit applies");
}

#[test]
fn request_is_identified_by_its_id_or_the_minute() {
    let fact =
        |id: Option<&str>, at: &str| requested(id, false, at)["detail"]["dedup_key"].as_str().unwrap().to_owned();
    assert_eq!(fact(None, "2026-11-20T12:00:10Z"), fact(None, "2026-11-20T12:00:20Z"), "one request within a minute");
    assert_ne!(fact(None, "2026-11-20T12:00:10Z"), fact(None, "2026-11-20T12:02:10Z"));
    assert_eq!(fact(Some("a"), NOON), fact(Some("a"), "2026-12-20T12:00:00Z"), "an id is valid at any time");
    assert_ne!(fact(Some("a"), NOON), fact(Some("b"), NOON));
}

#[test]
fn request_without_a_reason_is_reported_as_such() {
    let stage = stage();
    let mut event = requested(Some("a"), true, NOON);
    event["detail"]["details"]["reason"] = json!("");
    let entry = stage.try_react(&event).unwrap().entry;
    assert_eq!(entry.reasons[0], "requested by maya, over the budget: no reason given");
}
