//! The policy that an event concerns, and events without one.

use super::*;
use crate::plan::Decision;
use crate::policy::OrganizationPolicy;
use serde_json::json;
use toy::{churn, repository};

fn order(subject: &str) -> Value {
    event("e1", FactKind::TrainingRequested, &[("subject", subject), ("plan", "note")])
}

#[test]
fn event_of_no_concern_is_recorded_as_skipped() {
    let script = Script::new();
    let report = report(&script, &order("nothing of this"));
    assert_eq!(script.calls(), ["finish without state"]);
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Skipped, &["not_concerned"][..]));
    assert_eq!((report.entry.owner.as_str(), report.dead_lettered, report.dedup_key), ("platform", false, None));
    assert_eq!(report.entry.reasons, ["nothing in this event concerns this function"]);
}

#[test]
fn record_that_cannot_be_written_sends_the_event_back() {
    let fenced = Script::new();
    fenced.strike("finish", Strike::Fenced);
    assert_eq!(retried(&fenced, &order("nothing of this")), "ledger:finish: fenced");
    let throttled = Script::new();
    throttled.strike("finish", Strike::Throttled);
    assert_eq!(retried(&throttled, &order("nothing of this")), "fake:call: throttled");
}

#[test]
fn event_finds_the_model_that_owns_its_name() {
    let script = Script::new();
    script.contents().owners.insert(repository("mine"), churn());
    let report = report(&script, &order("key"));
    assert_eq!(script.calls()[..3], ["owner repository#mine", "policy churn", "pause churn"]);
    assert_eq!((report.entry.owner.as_str(), report.entry.decision), ("churn", Decision::Acted));
}

#[test]
fn name_in_no_policy_is_dead_lettered_and_reported() {
    let script = Script::new();
    let report = report(&script, &order("key"));
    assert_eq!(script.calls()[..2], ["owner repository#mine", "dead_letter"]);
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Failed, &["unknown_model"][..]));
    assert_eq!(report.entry.reasons, ["no model has repository#mine in its policy: add it to a policy and apply it"]);
    assert!(report.dead_lettered && report.known);
}

#[test]
fn model_without_a_policy_is_dead_lettered_and_reported() {
    let script = Script::new();
    script.contents().policies.clear();
    let report = report(&script, &order_to("act"));
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Failed, &["unknown_model"][..]));
    assert_eq!(report.entry.reasons, ["model churn has no policy: apply one"]);
    let contents = script.contents();
    assert_eq!((contents.dead_letters.len(), contents.published.len()), (1, 1));
}

#[test]
fn first_owned_name_of_several_decides() {
    let script = Script::new();
    script.contents().owners.insert(repository("mine"), churn());
    report(&script, &order("keys"));
    let asked = ["owner repository#nobodys", "owner repository#mine", "policy churn"];
    assert_eq!(script.calls()[..3], asked, "in the given order, and no further than the first that is owned");
}

#[test]
fn names_in_no_policy_leave_no_record() {
    let script = Script::new();
    let report = report(&script, &order("keys"));
    assert_eq!(script.calls().len(), 3, "three questions, and no write");
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Skipped, &["not_configured"][..]));
    assert!(!report.dead_lettered && report.known);
}

#[test]
fn owner_that_only_aws_knows_is_looked_up() {
    let script = Script::new();
    script.contents().owners.insert(repository("mine"), churn());
    let unowned = report(&script, &order("lookup"));
    assert_eq!((unowned.codes.as_slice(), script.calls().len()), (&["not_configured"][..], 1));
    script.contents().traced = Some(repository("mine"));
    let found = report(&script, &order("lookup"));
    assert_eq!((found.entry.owner.as_str(), found.entry.decision), ("churn", Decision::Acted));
}

#[test]
fn refused_lookup_is_dead_lettered_and_throttled_one_retried() {
    let script = Script::new();
    script.strike("trace", Strike::Throttled);
    assert_eq!(retried(&script, &order("lookup")), "fake:call: throttled");
    script.contents().refuses_questions = true;
    let report = report(&script, &order("lookup"));
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Failed, &["refused"][..]));
    assert_eq!((report.entry.reasons[0].as_str(), report.dead_lettered), ("aws:Trace: not allowed", true));
}

#[test]
fn suite_policy_that_is_absent_or_off_leaves_no_record() {
    let script = Script::new();
    let absent = report(&script, &order("organization"));
    script.contents().organization = Some(OrganizationPolicy::parse("organization.toml", "version = 1\n").unwrap());
    let off = report(&script, &order("organization"));
    for report in [absent, off] {
        assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Skipped, &["off"][..]));
    }
    assert_eq!(script.calls(), ["platform", "platform"]);
}

#[test]
fn malformed_event_is_dead_lettered_and_not_retried() {
    let script = Script::new();
    let raw = json!({"id": "e9", "source": "aws.sagemaker", "detail-type": "Thing", "detail": {}});
    let report = report(&script, &raw);
    assert_eq!((report.entry.decision, report.codes.as_slice()), (Decision::Failed, &["malformed"][..]));
    assert_eq!(report.entry.reasons, ["malformed event: time: expected RFC 3339, or milliseconds since 1970"]);
    assert_eq!((report.entry.event_id.as_str(), report.entry.source.as_str()), ("e9", "aws.sagemaker"));
    assert_eq!((report.entry.detail_type.as_str(), report.entry.owner.as_str()), ("Thing", "platform"));
    assert_eq!((report.dead_lettered, report.known), (true, false), "its words may be anything, and stand in no log");
    let contents = script.contents();
    assert_eq!(report.entry.event_time, contents.now, "there is no other time");
    assert_eq!((contents.dead_letters.len(), contents.published.len()), (1, 1));
    let fact = &contents.published[0];
    assert_eq!((fact.kind, fact.model.as_ref(), fact.version), (FactKind::EventDeadLettered, None, 1));
    assert_eq!(fact.reasons, report.entry.reasons);
    let details = [("function", "toy"), ("event", "e9"), ("source", "aws.sagemaker"), ("detail-type", "Thing")];
    assert_eq!(fact.details.iter().collect::<Vec<_>>().len(), details.len());
    for detail in details {
        assert!(fact.details.iter().any(|found| found == detail), "{detail:?}");
    }
}

#[test]
fn malformed_request_is_reported() {
    let script = Script::new();
    let raw = json!({"id": "e9", "source": "trimtab", "detail-type": "Rollback Requested", "detail": {"version": 1}});
    let report = report(&script, &raw);
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, true));
    assert_eq!(script.contents().published.len(), 1, "the operator who requested it learns that nothing follows");
}

#[test]
fn malformed_report_of_a_dead_letter_is_not_reported_again() {
    let script = Script::new();
    let raw = json!({"id": "e9", "source": "trimtab", "detail-type": "Event Dead-Lettered", "detail": {}});
    let report = report(&script, &raw);
    assert_eq!((report.entry.decision, report.dead_lettered), (Decision::Failed, true));
    assert!(script.contents().published.is_empty(), "a fact about an unreadable fact may be unreadable, without end");
}

#[test]
fn refused_readable_fact_is_reported() {
    let script = Script::new();
    script.contents().policies.clear();
    report(&script, &order_to("act"));
    assert_eq!(script.contents().published.len(), 1);
}

#[test]
fn thousand_refusals_for_one_reason_have_one_dedup_key() {
    let dedup_key = |source: &str, kind: &str, broken: &str| {
        let script = Script::new();
        report(&script, &json!({"id": broken, "source": source, "detail-type": kind, broken: 1, "detail": {}}));
        published(&script).remove(0)
    };
    let one = dedup_key("aws.sagemaker", "Thing", "a");
    assert!(one.starts_with("dead-letter/toy/"), "{one}");
    assert_eq!(dedup_key("aws.sagemaker", "Thing", "b"), one, "another event, and the same source, kind and reason");
    assert_ne!(dedup_key("aws.s3", "Thing", "a"), one);
    assert_ne!(dedup_key("aws.sagemaker", "Other", "a"), one);
}
