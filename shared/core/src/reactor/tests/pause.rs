//! A pause: nothing is done, and nothing that comes is lost.

use super::*;
use crate::plan::Decision;
use crate::policy::OrganizationPolicy;
use crate::port::Pause;

const ORGANIZATION: &str = include_str!("../../../../../policies/organization.toml");

fn paused() -> Script {
    let script = Script::new();
    let pause = Pause { by: "maya".to_owned(), since: "2026-11-20T01:00:00Z".parse().unwrap() };
    script.contents().paused = Some(pause);
    script
}

#[test]
fn event_during_a_pause_is_dead_lettered_without_actions() {
    let script = paused();
    let raw = order_to("act");
    let report = report(&script, &raw);
    assert_eq!(script.calls(), ["policy churn", "pause churn", "dead_letter", "finish without state"]);
    assert!(report.dead_lettered, "the report says that the event is kept");
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Skipped, &["paused"][..]));
    let reason = "paused by maya since 2026-11-20T01:00:00Z; the event is stored, and `trimtab redrive` sends it again";
    assert_eq!(report.entry.reasons, [reason]);
    let contents = script.contents();
    assert_eq!(contents.dead_letters.len(), 1, "the event is kept");
    assert_eq!(
        (&contents.dead_letters[0].1, &contents.dead_letters[0].0.reasons[..]),
        (&raw, &[reason.to_owned()][..])
    );
    assert_eq!(contents.dead_letters[0].0.owner, "churn");
    assert_eq!(contents.history.len(), 1);
}

#[test]
fn event_sent_again_after_the_pause_is_acted_on() {
    let script = paused();
    report(&script, &order_to("act"));
    script.contents().paused = None;
    let dead_letter = script.contents().dead_letters[0].1.clone();
    report(&script, &dead_letter);
    assert_eq!(done(&script), ["a", "b"]);
}

#[test]
fn event_that_cannot_be_dead_lettered_is_an_error() {
    let script = paused();
    script.strike("dead_letter", Strike::Throttled);
    retried(&script, &order_to("act"));
    assert!(script.contents().history.is_empty(), "no record says that the event was kept");
}

#[test]
fn scheduled_event_during_a_pause_leaves_no_record() {
    let script = paused();
    let report = report(&script, &event("e1", FactKind::ReconcileRequested, &[("plan", "act")]));
    assert_eq!(script.calls(), ["policy churn", "pause churn"]);
    assert_eq!((report.dead_lettered, report.codes.as_slice()), (false, &["paused"][..]));
    assert_eq!(report.entry.reasons, ["paused by maya since 2026-11-20T01:00:00Z"]);
}

#[test]
fn object_is_counted_during_a_pause() {
    let script = paused();
    let report = report(&script, &toy::object("e1", "plan=skip and note"));
    assert_eq!(script.calls(), ["policy churn", "load churn/toy", "observe", "save_state"]);
    assert_eq!(state(&script.record()).notes, 1, "what comes during a pause gets its run afterwards");
    assert_eq!(report.entry.decision, Decision::Skipped);
}

#[test]
fn pause_holds_for_what_needs_the_suites_policy() {
    let script = paused();
    script.contents().organization = Some(OrganizationPolicy::parse("organization.toml", ORGANIZATION).unwrap());
    let raw = event("e1", FactKind::TrainingRequested, &[("subject", "organization"), ("plan", "note")]);
    let report = report(&script, &raw);
    assert_eq!(script.calls(), ["platform", "pause platform", "dead_letter", "finish without state"]);
    assert_eq!((report.dead_lettered, report.entry.owner.as_str()), (true, "platform"));
    script.contents().paused = None;
    super::report(&script, &raw);
    assert_eq!(
        script.calls()[4..],
        ["platform", "pause platform", "load platform/toy", "observe", "finish with state"]
    );
}

#[test]
fn what_needs_no_policy_is_not_paused() {
    let script = paused();
    let raw = event("e1", FactKind::TrainingRequested, &[("subject", "platform"), ("plan", "note")]);
    let report = report(&script, &raw);
    assert_eq!(
        script.calls(),
        ["load platform/toy", "observe", "finish with state"],
        "messages are sent during a pause"
    );
    assert_eq!((report.entry.decision, report.entry.owner.as_str()), (Decision::Acted, "platform"));
}
