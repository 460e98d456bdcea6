//! One history entry for each event, except for events of high volume.

use super::*;
use crate::plan::Decision;
use crate::port::HistoryEntry;
use serde_json::json;
use toy::{monitoring_run, object};

/// What the ledger is asked to write at the end.
fn written(raw: &Value) -> String {
    let script = Script::new();
    report(&script, raw);
    let calls = script.calls();
    let last = calls.last().unwrap();
    if last == "observe" { "nothing".to_owned() } else { last.clone() }
}

#[test]
fn event_is_recorded_unless_scheduled_or_frequent() {
    let by_clock = |plan| event("e1", FactKind::ReconcileRequested, &[("plan", plan)]);
    let found_by_clock = |plan| event("e1", FactKind::BuildRequested, &[("plan", plan)]);
    let table = [
        ("an order that leads to nothing", order_to("nothing"), "finish without state"),
        ("an order that is only noted", order_to("skip and note"), "finish with state"),
        ("an order that leads to a fact", order_to("skip, note and tell"), "finish with state"),
        ("a look that finds nothing", by_clock("nothing"), "nothing"),
        ("a look that keeps something in mind", by_clock("skip and note"), "save_state"),
        ("a look that tells something", by_clock("skip, note and tell"), "finish with state"),
        ("a look that changes something", by_clock("note"), "finish with state"),
        ("a find that is known already", found_by_clock("nothing"), "nothing"),
        ("a find that is noted", found_by_clock("skip and note"), "finish with state"),
        ("an object that is of no concern", object("e1", "plan=nothing"), "nothing"),
        ("an object that is counted", object("e1", "plan=skip and note"), "save_state"),
        ("an object that is counted and published", object("e1", "plan=skip, note and tell"), "save_state"),
        ("an object that something comes of", object("e1", "plan=note"), "finish with state"),
        ("a monitoring run without violations", monitoring_run("e1", "&plan=nothing"), "nothing"),
        ("a monitoring run that is noted", monitoring_run("e1", "&plan=skip and note"), "finish with state"),
    ];
    for (what, raw, expected) in table {
        assert_eq!(written(&raw), expected, "{what}");
    }
}

#[test]
fn unrecorded_event_is_reported_with_its_first_reason() {
    let script = Script::new();
    let report = report(&script, &event("e1", FactKind::ReconcileRequested, &[("plan", "skip and note")]));
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Skipped, &["seen"][..]));
    assert_eq!((report.dead_lettered, report.known, report.dedup_key), (false, true, None));
    assert_eq!(state(&script.record()).notes, 1);
}

#[test]
fn record_says_who_did_what_when_and_why() {
    let script = Script::new();
    let report = report(&script, &order_to("note"));
    let expected = HistoryEntry {
        at: script::START.parse().unwrap(),
        event_time: "2026-11-20T03:10:00Z".parse().unwrap(),
        function: "toy".to_owned(),
        owner: "churn".to_owned(),
        event_id: "e1".to_owned(),
        source: "trimtab".to_owned(),
        detail_type: "Training Requested".to_owned(),
        decision: Decision::Acted,
        reasons: vec!["written down".to_owned()],
        actions: Vec::new(),
    };
    assert_eq!(script.contents().history[&("toy".to_owned(), "e1".to_owned())], expected);
    assert_eq!(report.entry, expected, "the report is the record");
    assert!(report.known);
}

#[test]
fn unknown_kind_of_event_is_reported_as_unknown() {
    let script = Script::new();
    let mut raw = event("e1", FactKind::TrainingRequested, &[]);
    raw["source"] = json!("aws.new");
    let report = report(&script, &raw);
    assert!(!report.known, "its words may be anything, and stand in no log");
}

#[test]
fn refused_reconcile_reports_that_it_is_not_stored() {
    let script = Script::new();
    script.contents().policies.clear();
    let report = report(&script, &event("e1", FactKind::ReconcileRequested, &[]));
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, false));
    assert_eq!(published(&script).len(), 1, "it is published all the same");
}

#[test]
fn rejection_of_a_models_event_names_the_model() {
    let script = Script::new();
    script.contents().refuses_questions = true;
    report(&script, &order_to("act"));
    assert_eq!(script.contents().published[0].model, Some(toy::churn()));
}

#[test]
fn texts_from_outside_are_cut_in_the_record() {
    let script = Script::new();
    let mut raw = order_to("note");
    raw["id"] = json!("x\n".repeat(200));
    let report = report(&script, &raw);
    assert!(report.entry.event_id.chars().count() <= 128 && !report.entry.event_id.contains('\n'));
    let malformed = super::report(&Script::new(), &json!({"id": "x\n".repeat(200), "source": 7}));
    assert!(malformed.entry.event_id.chars().count() <= 128 && !malformed.entry.event_id.contains('\n'));
    assert_eq!((malformed.entry.source.as_str(), malformed.entry.detail_type.as_str()), ("unknown", "unknown"));
}
