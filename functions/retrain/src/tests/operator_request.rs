//! A person asks.

use super::*;
use crate::fact::OperatorRequest;

pub(super) fn asked(id: Option<&str>, over_budget: bool, at: &str) -> Value {
    let model = trimtab_core::name::ModelName::parse("churn").unwrap();
    let request = OperatorRequest {
        model,
        by: "maya".into(),
        reason: "new labels\r\nBcc: x".into(),
        id: id.map(str::to_owned),
        over_budget,
    };
    let fact = request.to_fact(at.parse().unwrap());
    json!({"version": "0", "id": at, "source": "trimtab", "detail-type": "Training Requested", "account": "123456789012",
        "region": "eu-west-1", "time": at, "resources": [], "detail": fact})
}

#[test]
fn a_person_gets_one_run_for_one_request_and_the_cool_down_does_not_hold() {
    let stage = stage();
    stage.react(&alarm_at(NOON));
    stage.end_run(HOUR);
    let entry = stage.try_react(&asked(None, false, "2026-11-20T13:00:10Z")).unwrap().entry;
    assert_eq!((entry.decision, entry.reasons[0].as_str()), (Decision::Acted, "requested by maya: new labels  Bcc: x"));
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
    assert_eq!(stage.react(&asked(Some("a"), true, NOON)), (Decision::Deferred, "run_in_progress"));
    assert_eq!(stage.react(&request_for(&"c".repeat(40))), (Decision::Deferred, "run_in_progress"));
    assert_eq!(stage.react(&asked(Some("b"), false, NOON)), (Decision::Deferred, "run_in_progress"));
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
    assert_eq!(stage.react(&event), (Decision::Failed, "no_commit"));
}

#[test]
fn leave_to_go_over_the_budget_passes_to_whoever_gets_the_next_run() {
    let commit = request_for(&"c".repeat(40));
    let (leave, none) = (asked(Some("a"), true, NOON), asked(Some("b"), false, NOON));
    let cases: [(&[&Value], &str); 5] = [
        (&[&commit, &leave], "build"),
        (&[&leave, &commit], "build"),
        (&[&leave, &none], "operator"),
        (&[&none, &leave], "operator"),
        (&[&commit, &leave, &none], "build"),
    ];
    for (asked, word) in cases {
        let stage = stage_with(|retrain| retrain.budget.runs = 1);
        stage.react(&alarm_at(NOON));
        for event in asked {
            assert_eq!(stage.react(event), (Decision::Deferred, "run_in_progress"));
        }
        stage.end_run(HOUR);
        let words: Vec<String> = stage.started().into_iter().map(|(run, _)| run.parameters["Reason"].clone()).collect();
        assert_eq!(words, ["drift", word], "one of them may go over the budget: {asked:?}");
    }
}

#[test]
fn without_leave_the_budget_holds_for_whoever_waited() {
    for asked in [vec![request_for(&"c".repeat(40))], vec![asked(Some("b"), false, NOON), request_for(&"c".repeat(40))]]
    {
        let stage = stage_with(|retrain| retrain.budget.runs = 1);
        stage.react(&alarm_at(NOON));
        for event in &asked {
            stage.react(event);
        }
        stage.end_run(HOUR);
        assert_eq!(stage.started().len(), 1, "{asked:?}");
        let told = stage.told();
        assert_eq!(told[told.len() - 2..], [FactKind::TrainingSucceeded, FactKind::TrainingSkipped], "{asked:?}");
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
fn whoever_waits_is_told_for_what() {
    let image = image::image("Training Requested", 1, &image::uri(1));
    let cases = [
        (request_for(&"c".repeat(40)), "; this commit gets the next run"),
        (image, "; this image gets the next run"),
        (asked(Some("a"), false, NOON), "; this request gets the next run"),
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
            fact.dedup_key.starts_with(&format!("incident/{incident}/")),
            "a dedup key of its own: {}",
            fact.dedup_key
        );
    }
}

#[test]
fn budget_that_holds_is_one_message_though_a_person_goes_over_it() {
    let stage = stage();
    for n in 0..4 {
        stage.react(&request_for(&format!("{n:040x}")));
        stage.end_run(HOUR);
    }
    let refused = |commit: &str| {
        assert_eq!(stage.react(&request_for(&commit.repeat(40))), (Decision::Skipped, "budget"));
        stage.world.bus.facts().pop().unwrap().dedup_key
    };
    let first = refused("e");
    stage.react(&asked(Some("b"), true, NOON));
    stage.end_run(HOUR);
    assert_eq!(refused("f"), first, "the same limit holds");
}

#[test]
fn request_is_known_again_by_its_id_or_by_the_minute() {
    let fact = |id: Option<&str>, at: &str| asked(id, false, at)["detail"]["dedup_key"].as_str().unwrap().to_owned();
    assert_eq!(fact(None, "2026-11-20T12:00:10Z"), fact(None, "2026-11-20T12:00:20Z"), "within a minute it is one");
    assert_ne!(fact(None, "2026-11-20T12:00:10Z"), fact(None, "2026-11-20T12:02:10Z"));
    assert_eq!(fact(Some("a"), NOON), fact(Some("a"), "2026-12-20T12:00:00Z"), "an id holds at any time");
    assert_ne!(fact(Some("a"), NOON), fact(Some("b"), NOON));
}

#[test]
fn request_without_a_reason_says_so() {
    let stage = stage();
    let mut event = asked(Some("a"), true, NOON);
    event["detail"]["details"]["reason"] = json!("");
    let entry = stage.try_react(&event).unwrap().entry;
    assert_eq!(entry.reasons[0], "requested by maya, over the budget: no reason given");
}
