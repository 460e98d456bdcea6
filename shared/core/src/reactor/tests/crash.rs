//! Death, loss and refusal at every single call, and what the retries make of it.

use super::*;
use crate::plan::Decision;

const STRIKES: [Strike; 4] = [Strike::Throttled, Strike::AnswerLost, Strike::DiesBefore, Strike::DiesAfter];

/// The calls of the reaction to an event that acts, without a strike.
fn undisturbed() -> Vec<String> {
    let script = Script::new();
    report(&script, &order_to("act"));
    script.calls()
}

/// What holds at the end, whatever happened on the way.
#[track_caller]
fn check_end(script: &Script, ctx: &str) {
    assert_eq!(done(script), ["a", "b"], "{ctx}: each action is done, and done once");
    let published: std::collections::BTreeSet<String> = published(script).into_iter().collect();
    for dedup_key in ["begun", "done:a", "done:b"] {
        assert!(published.contains(dedup_key), "{ctx}: {dedup_key} is published");
    }
    let record = script.record();
    assert_eq!((record.lease_until, record.outbox.as_slice()), (None, &[][..]), "{ctx}: nothing is left behind");
    let state = state(&record);
    assert_eq!((state.intents.len(), state.done.len()), (0, 2), "{ctx}: the aggregate says that both are done");
    assert!(script.contents().dead_letters.is_empty(), "{ctx}: the event was acted on");
}

#[test]
fn failure_of_one_call_leads_to_the_same_end() {
    for (place, call) in undisturbed().iter().enumerate() {
        for strike in STRIKES {
            let ctx = format!("{strike:?} at call {place} ({call})");
            let script = Script::new();
            script.contents().strikes.insert(place, strike);
            let first = deliver(&script, &order_to("act"));
            assert!(!matches!(first, Some(Ok(_))), "{ctx}: a failure is no success");
            script.wait(60);
            let again = report(&script, &order_to("act"));
            check_end(&script, &ctx);
            let last_write_applied =
                call.starts_with("finish") && matches!(strike, Strike::AnswerLost | Strike::DiesAfter);
            let expected = if last_write_applied { Decision::Skipped } else { Decision::Acted };
            assert_eq!(again.entry.decision, expected, "{ctx}");
            assert!(script.contents().history.contains_key(&("toy".to_owned(), "e1".to_owned())), "{ctx}: on record");
        }
    }
}

#[test]
fn failures_of_two_calls_lead_to_the_same_end() {
    let calls = undisturbed().len();
    for (first, second) in (0..calls).flat_map(|first| (0..calls).map(move |second| (first, second))) {
        for strike in STRIKES {
            let script = Script::new();
            script.contents().strikes.insert(first, strike);
            drop(deliver(&script, &order_to("act")));
            script.wait(60);
            let so_far = script.calls().len();
            script.contents().strikes.insert(so_far + second, strike);
            drop(deliver(&script, &order_to("act")));
            script.contents().strikes.clear();
            script.wait(120);
            report(&script, &order_to("act"));
            check_end(&script, &format!("{strike:?} at calls {first} and {second}"));
        }
    }
}

#[test]
fn intent_left_behind_is_finished_by_the_next_event() {
    for (call, strike) in [("act a", Strike::DiesBefore), ("act b", Strike::DiesAfter), ("finish", Strike::DiesBefore)]
    {
        let script = Script::new();
        script.strike(call, strike);
        assert!(deliver(&script, &order_to("act")).is_none());
        script.wait(60);
        let other = event("e2", FactKind::TrainingRequested, &[("plan", "nothing")]);
        let report = report(&script, &other);
        check_end(&script, call);
        assert_eq!(report.entry.decision, Decision::Acted, "{call}: the reaction did something");
        assert_eq!(report.codes, ["nothing", "resumed_pending"], "{call}");
        assert_eq!(report.entry.event_id, "e2");
    }
}

#[test]
fn outbox_is_published_before_the_decision() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(60);
    let before = script.calls().len();
    report(&script, &order_to("nothing"));
    let calls = script.calls()[before..].to_vec();
    let published = calls.iter().position(|call| call == "publish begun").expect("what was in the outbox is published");
    let claimed = calls.iter().position(|call| call == "claim").expect("the intent is taken up under a lease");
    assert!(published < claimed, "{calls:?}");
}

#[test]
fn published_facts_leave_the_outbox() {
    let script = Script::new();
    let outbox = vec![toy::fact(FactKind::TrainingStarted, "begun", crate::port::Clock::now(&script))];
    let record = Record { epoch: 3, outbox, state: Some(serde_json::json!(toy::State::default())), ..Record::EMPTY };
    script.contents().records.insert("churn/toy".to_owned(), record);
    report(&script, &order_to("nothing"));
    assert_eq!(published(&script), ["begun"]);
    assert_eq!((script.record().outbox.len(), script.record().epoch), (0, 4), "a skipped event clears them, too");
    report(&script, &event("e2", FactKind::TrainingRequested, &[("plan", "nothing")]));
    assert_eq!(published(&script), ["begun"], "published once");
}

#[test]
fn event_is_decided_again_after_a_resumed_intent() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(60);
    let report = report(&script, &event("e2", FactKind::TrainingRequested, &[("plan", "park")]));
    assert_eq!(report.entry.decision, Decision::Deferred, "the event has its own decision");
    let state = state(&script.record());
    assert_eq!(state.done, ["a", "b"], "the intent is finished");
    assert!(state.notes > 0, "the event is decided on what came of it");
}

#[test]
fn rejected_event_leaves_an_intent_to_the_next_one() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(60);
    let refused = report(&script, &event("e2", FactKind::TrainingRequested, &[("plan", "reject")]));
    assert_eq!((refused.entry.decision, done(&script).len()), (Decision::Failed, 0));
    assert_eq!(state(&script.record()).intents, ["a", "b"]);
    report(&script, &event("e3", FactKind::TrainingRequested, &[("plan", "nothing")]));
    assert_eq!(done(&script), ["a", "b"]);
}

#[test]
fn missed_end_is_observed_with_another_event() {
    let script = Script::new();
    script.contents().ended = true;
    let report = report(&script, &order_to("park"));
    assert_eq!(published(&script), ["over"], "the end is published");
    assert_eq!(state(&script.record()).notes, 2, "the end, and then the event itself");
    assert_eq!(report.entry.decision, Decision::Deferred);
    let alone = Script::new();
    alone.contents().ended = true;
    let report = super::report(&alone, &order_to("nothing"));
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Acted, &["over", "resumed_pending"][..]));
}

#[test]
fn history_of_an_event_that_took_something_up_says_so() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(60);
    let report = report(&script, &event("e2", FactKind::TrainingRequested, &[("plan", "nothing")]));
    let contents = script.contents();
    let entry = &contents.history[&("toy".to_owned(), "e2".to_owned())];
    assert_eq!(entry.decision, Decision::Acted, "the history says what the log says");
    assert_eq!((&entry.actions, &entry.reasons), (&report.entry.actions, &report.entry.reasons));
}
