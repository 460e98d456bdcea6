//! The order of the calls: it is what makes it safe to die anywhere.

use super::*;
use crate::plan::Decision;

const READS: [&str; 4] = ["policy churn", "pause churn", "load churn/toy", "observe"];

#[track_caller]
fn calls_after_reads(script: &Script) -> Vec<String> {
    let calls = script.calls();
    assert_eq!(calls[..4], READS, "observing comes before everything that changes something");
    calls[4..].to_vec()
}

#[test]
fn intent_is_written_before_the_first_call_and_record_is_last() {
    let script = Script::new();
    let report = report(&script, &order_to("act"));
    assert_eq!(
        calls_after_reads(&script),
        ["claim", "act a", "act b", "publish begun", "publish done:a", "publish done:b", "finish with state"],
        "intent, actions, facts, record"
    );
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Acted, &["due"][..]));
    assert_eq!(report.entry.actions, ["a", "b"], "the record says what was done");
    assert_eq!(report.dedup_key.as_deref(), Some("incident/begun"));
    let record = script.record();
    assert_eq!(
        (record.lease_until, record.outbox.len()),
        (None, 0),
        "the lease is given back, and the outbox is empty"
    );
    assert_eq!((state(&record).intents.len(), state(&record).done), (0, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn claim_holds_the_intent_and_its_outbox() {
    let script = Script::new();
    script.strike("act a", Strike::Throttled);
    assert_eq!(retried(&script, &order_to("act")), "fake:call: throttled");
    let record = script.record();
    assert_eq!(state(&record).intents, ["a", "b"], "the intent is stored before the first call");
    let outbox: Vec<String> = record.outbox.iter().map(subject).collect();
    assert_eq!(outbox, ["begun"], "what will be published of it is in the claim");
    assert_eq!(record.epoch, 1);
    let contents = script.contents();
    assert!(
        contents.history.is_empty() && contents.published.is_empty() && contents.dead_letters.is_empty(),
        "nothing has ended yet"
    );
    assert_eq!(contents.calls.last().unwrap(), "act a", "after a failed call nothing else is done");
}

#[test]
fn action_without_a_new_state_claims_the_state_as_it_is() {
    let script = Script::new();
    report(&script, &order_to("note"));
    report(&script, &event("e2", FactKind::TrainingRequested, &[("plan", "act without state")]));
    assert_eq!(state(&script.record()).notes, 1, "the claim leaves the aggregate as it was");
    assert_eq!(state(&script.record()).done, ["a"]);
}

#[test]
fn plan_without_actions_publishes_before_it_records() {
    let script = Script::new();
    let report = report(&script, &order_to("note and tell"));
    assert_eq!(calls_after_reads(&script), ["publish begun", "finish with state"]);
    assert_eq!((report.entry.decision, report.entry.actions.len()), (Decision::Acted, 0));
    assert_eq!(state(&script.record()).notes, 1);
}

#[test]
fn deferred_work_is_recorded() {
    let script = Script::new();
    let report = report(&script, &order_to("park"));
    assert_eq!(report.entry.decision, Decision::Deferred);
    assert_eq!((state(&script.record()).notes, report.dead_lettered), (1, false));
}

#[test]
fn failed_event_is_dead_lettered_before_its_record() {
    let script = Script::new();
    let raw = order_to("reject");
    let report = report(&script, &raw);
    assert_eq!(calls_after_reads(&script), ["dead_letter", "finish without state"]);
    assert_eq!((report.entry.decision, report.dead_lettered, report.known), (Decision::Failed, true, true));
    let contents = script.contents();
    let (entry, kept) = &contents.dead_letters[0];
    assert_eq!(*kept, raw, "the event is kept as it came");
    assert_eq!((entry.decision, entry.reasons.as_slice()), (Decision::Failed, &["this cannot be".to_owned()][..]));
}

#[test]
fn refused_action_ends_the_reaction_and_keeps_the_event() {
    let script = Script::new();
    script.contents().refuses.insert("a".to_owned(), "not allowed");
    let raw = order_to("act");
    let report = report(&script, &raw);
    assert_eq!(
        calls_after_reads(&script),
        ["claim", "act a", "dead_letter", "publish begun", "publish refused:a", "finish with state"],
        "what comes after a refused action is not done"
    );
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, true));
    assert_eq!(report.codes, ["due", "refused"]);
    assert_eq!(report.entry.reasons[1], "aws:Do: not allowed", "the reason names the operation and its cause");
    let contents = script.contents();
    assert_eq!(contents.dead_letters[0].1, raw);
    assert_eq!(contents.dead_letters[0].0.reasons, report.entry.reasons);
}

#[test]
fn refusal_that_the_function_explains_is_its_decision() {
    let script = Script::new();
    script.contents().refuses.insert("b".to_owned(), "busy with another update");
    let report = report(&script, &order_to("act"));
    assert_eq!(
        (report.entry.decision, report.dead_lettered),
        (Decision::Deferred, false),
        "a busy target parks the work"
    );
    assert!(script.contents().dead_letters.is_empty());
    assert_eq!(state(&script.record()).done, ["a"]);
}

#[test]
fn scheduled_event_is_never_dead_lettered() {
    let script = Script::new();
    let report = report(&script, &event("e1", FactKind::ReconcileRequested, &[("plan", "reject")]));
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, false));
    assert!(script.contents().dead_letters.is_empty(), "the next look asks the same");
}

#[test]
fn observation_that_is_refused_keeps_the_event_with_the_cause() {
    let script = Script::new();
    script.contents().refuses_questions = true;
    let raw = order_to("act");
    let report = report(&script, &raw);
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Failed, &["refused"][..]));
    assert_eq!(report.entry.reasons, ["aws:Describe: not allowed"]);
    assert_eq!((report.entry.owner.as_str(), script.contents().dead_letters.len()), ("churn", 1));
    assert!(done(&script).is_empty());
}

#[test]
fn observation_that_fails_for_now_goes_back_to_lambda() {
    let script = Script::new();
    script.strike("observe", Strike::Throttled);
    assert_eq!(retried(&script, &order_to("act")), "fake:call: throttled");
    assert_eq!(script.calls(), READS);
}

#[test]
fn unreadable_state_goes_back_to_lambda_untouched() {
    let script = Script::new();
    let unreadable = Record { epoch: 7, state: Some("of a later version".into()), ..Record::EMPTY };
    script.contents().records.insert("churn/toy".to_owned(), unreadable.clone());
    assert!(retried(&script, &order_to("act")).starts_with("ledger:read: "), "a later version may read it");
    assert_eq!(script.record(), unreadable);
}
