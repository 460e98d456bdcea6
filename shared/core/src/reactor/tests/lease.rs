//! The lease: one invocation acts at a time, and the next one comes after whatever the last one left.

use super::*;
use jiff::Timestamp;

const TEMPLATE: &str = include_str!("../../../../../infra/template.yaml");

/// "A call that is applied up to 25 s after its caller gave up waiting" (docs/reliability.md).
const LATE_ANSWER: i64 = 25;

/// "Lambda retries an asynchronous event after 1 and 2 minutes" (Lambda's developer guide).
const FIRST_RETRY: i64 = 60;

/// The functions' time-out, as the template has it.
fn timeout() -> i64 {
    let values: Vec<&str> = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("Timeout: ")).collect();
    assert!(!values.is_empty(), "the template says no Timeout");
    values.iter().map(|value| value.parse::<i64>().unwrap()).max().unwrap()
}

#[test]
fn lease_outlasts_timeout_and_response_but_not_first_retry() {
    let lease = LEASE.as_secs();
    assert!(lease >= timeout() + LATE_ANSWER, "a late call of an invocation that timed out meets another: {lease} s");
    assert!(lease < FIRST_RETRY, "Lambda's first retry comes while the lease still holds: {lease} s");
}

#[test]
fn claim_takes_the_lease_from_its_own_time() {
    let script = Script::new();
    script.strike("act a", Strike::Throttled);
    retried(&script, &order_to("act"));
    let start: Timestamp = script::START.parse().unwrap();
    assert_eq!(script.record().lease_until, Some(start + LEASE));
}

#[test]
fn event_during_the_lease_goes_back_and_acts_on_nothing() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(LEASE.as_secs() - 1);
    let before = script.calls().len();
    let other = event("e2", FactKind::TrainingRequested, &[("plan", "act")]);
    assert!(retried(&script, &other).starts_with("ledger:claim: "), "another invocation may still be acting");
    assert_eq!(script.calls()[before..], ["policy churn", "pause churn", "load churn/toy"]);
    assert!(done(&script).is_empty() && script.contents().history.is_empty());
}

#[test]
fn event_at_the_end_of_the_lease_takes_over() {
    let script = Script::new();
    script.strike("act a", Strike::DiesBefore);
    assert!(deliver(&script, &order_to("act")).is_none());
    script.wait(LEASE.as_secs());
    report(&script, &order_to("act"));
    assert_eq!(done(&script), ["a", "b"]);
}

#[test]
fn failed_call_keeps_the_lease() {
    let script = Script::new();
    script.strike("act b", Strike::AnswerLost);
    retried(&script, &order_to("act"));
    assert!(script.record().lease_until.is_some(), "a call without an answer may still be applied");
    assert_eq!(state(&script.record()).intents, ["a", "b"], "the intent stays on record");
    script.wait(FIRST_RETRY);
    let report = report(&script, &order_to("act"));
    assert_eq!(done(&script), ["a", "b"], "each once");
    assert_eq!(report.entry.decision, Decision::Acted);
    assert_eq!(script.record().lease_until, None);
}

#[test]
fn fenced_claim_acts_on_nothing() {
    let script = Script::new();
    script.strike("claim", Strike::Fenced);
    report(&script, &order_to("act"));
    let calls = script.calls();
    let first_act = calls.iter().position(|call| call == "act a").unwrap();
    let claims: Vec<usize> = (0..calls.len()).filter(|at| calls[*at] == "claim").collect();
    let loads = calls.iter().filter(|call| *call == "load churn/toy").count();
    assert_eq!((claims.len(), loads), (2, 2), "it reads again and decides again");
    assert!(claims[1] < first_act, "a stale holder does nothing to the world");
}

#[test]
fn fenced_write_is_decided_again() {
    let script = Script::new();
    script.strike("finish with state", Strike::Fenced);
    report(&script, &order_to("note"));
    assert_eq!(state(&script.record()).notes, 1, "what was decided on stale state is not written");
    assert_eq!(script.calls().iter().filter(|call| *call == "observe").count(), 2);
}

#[test]
fn event_that_is_fenced_four_times_goes_back_to_lambda() {
    let script = Script::new();
    for _ in 0..4 {
        script.strike("finish with state", Strike::Fenced);
    }
    assert!(retried(&script, &order_to("note")).starts_with("ledger:claim: "));
    assert_eq!(script.calls().iter().filter(|call| *call == "load churn/toy").count(), 4);
    report(&script, &order_to("note"));
    assert_eq!(state(&script.record()).notes, 1);
}

#[test]
fn failing_ledger_is_called_once_per_invocation() {
    for call in ["policy", "pause", "load", "claim", "publish begun", "finish"] {
        let script = Script::new();
        script.strike(call, Strike::Throttled);
        assert_eq!(retried(&script, &order_to("act")), "fake:call: throttled", "{call}");
        assert!(script.calls().last().unwrap().starts_with(call), "{call} is the last call");
        assert!(script.contents().history.is_empty(), "{call}: no record says that it ended");
    }
}
