use serde_json::json;

use super::Severity::{Critical, Info, Warning};
use super::*;

/// The severity of each kind, by the meaning of the three words: production or the automation is impaired (critical);
/// something was refused or deferred, or requires an operator (warning); nothing is to be done (info).
const SEVERITIES: [(&str, Severity); 48] = [
    // "Opens the circuit: one page"; a model drifts, and nothing trains it any more.
    ("Circuit Opened", Critical),
    // The run that was to end the drift did not.
    ("Training Failed", Critical),
    // A version that cannot be tested goes nowhere: the loop stands still.
    ("Evaluation Stuck", Critical),
    // "A canary whose alarms have no data does not go out": production's alarms are blind.
    ("Rollout Held", Critical),
    // An alarm fired: a version harmed production.
    ("Rollout Rolled Back", Critical),
    ("Rollout Failed", Critical),
    // "A version that does not answer with success goes back and no further."
    ("Smoke Test Failed", Critical),
    // Work exceeded its deadline; it is reported once.
    ("Deadline Exceeded", Critical),
    // "What runs is stopped if the policy says so", and it goes on.
    ("Stop Failed", Critical),
    // The live version drifts unseen.
    ("Monitoring Failed", Critical),
    // Deferred or refused, or for an operator within a working day.
    ("Build Failed", Warning),
    ("Branch Deleted", Warning),
    ("Training Skipped", Warning),
    ("Evaluation Failed", Warning),
    ("Approval Requested", Warning),
    ("Rollout Skipped", Warning),
    ("Promotion Pending", Warning),
    ("Rollback Refused", Warning),
    ("Package Rejected", Warning),
    ("Finding Reported", Warning),
    ("Job Stopped", Warning),
    ("Data Capture Missing", Warning),
    ("Event Dead-Lettered", Warning),
    // The loop goes on by itself.
    ("Build Started", Info),
    ("Image Adopted", Info),
    ("Training Started", Info),
    ("Training Trigger Merged", Info),
    ("Training Succeeded", Info),
    ("Evaluation Started", Info),
    ("Evaluation Passed", Info),
    ("Rollout Started", Info),
    ("Rollout Queued", Info),
    ("Rollout Succeeded", Info),
    ("Finding Closed", Info),
    ("Baseline Started", Info),
    ("Monitoring Started", Info),
    ("Monitoring Changed", Info),
    // Requests between functions.
    ("Build Requested", Info),
    ("Image Requested", Info),
    ("Training Requested", Info),
    ("Evaluation Requested", Info),
    ("Promotion Requested", Info),
    ("Withdrawal Requested", Info),
    ("Rollback Requested", Info),
    ("Stage Reconcile Requested", Info),
    ("Reconcile Requested", Info),
    ("Monitoring Requested", Info),
    ("Notification Batched", Info),
];

#[test]
fn each_kind_of_fact_has_its_severity() {
    for kind in FactKind::ALL {
        let row = SEVERITIES.iter().find(|(text, _)| *text == kind.as_str());
        let (_, severity) = row.unwrap_or_else(|| panic!("{kind:?} has no row: say how soon a person should look"));
        assert_eq!(kind.severity(), *severity, "{kind:?} pages as it should");
    }
    assert_eq!(FactKind::ALL.len(), SEVERITIES.len(), "each row is of a kind that there is");
}

#[test]
fn request_between_functions_is_no_message() {
    for kind in FactKind::ALL {
        let between = kind.as_str().ends_with(" Requested") && *kind != FactKind::ApprovalRequested;
        assert_eq!(kind.is_request(), between || *kind == FactKind::NotificationBatched, "{kind:?}");
    }
}

#[test]
fn kind_is_known_by_its_detail_type_and_by_nothing_else() {
    for kind in FactKind::ALL {
        assert_eq!(FactKind::parse(kind.as_str()), Some(*kind));
    }
    for text in ["", "build started", "Build Started ", "BuildStarted", "Drift"] {
        assert_eq!(FactKind::parse(text), None, "{text}");
    }
}

fn fact() -> Fact {
    Fact {
        kind: FactKind::RolloutRolledBack,
        version: VERSION,
        model: Some(ModelName::parse("churn").unwrap()),
        subject: "rollout/churn/4/1".parse().unwrap(),
        at: "2026-11-20T03:10:00Z".parse().unwrap(),
        reasons: vec!["an alarm went off".to_owned()],
        details: Details::default().with_version(4),
    }
}

#[test]
fn fact_is_written_as_its_schema_says_and_read_back() {
    let written = fact().to_value();
    assert_eq!(
        written,
        json!({"detail-type": "Rollout Rolled Back", "detail": {"version": 1, "model": "churn",
            "dedup_key": "rollout/churn/4/1", "at": "2026-11-20T03:10:00Z", "reasons": ["an alarm went off"],
            "details": {"version": "4"}}})
    );
    assert_eq!(Fact::from_value(&written), Some(fact()));
}

#[test]
fn fact_with_the_required_fields_only_is_read() {
    let least = json!({"detail-type": "Reconcile Requested",
        "detail": {"version": 1, "dedup_key": "reconcile/churn/2026-11-20T03:10:00Z", "at": "2026-11-20T03:10:00Z"}});
    let read = Fact::from_value(&least).unwrap();
    assert_eq!(
        (read.kind, read.model, read.reasons.len(), read.details.iter().count()),
        (FactKind::ReconcileRequested, None, 0, 0)
    );
}

#[test]
fn what_is_no_fact_is_none() {
    let mut unknown = fact().to_value();
    unknown["detail-type"] = json!("Drift");
    let mut unnamed = fact().to_value();
    unnamed["detail"]["dedup_key"] = json!(null);
    let mut hostile = fact().to_value();
    hostile["detail"]["model"] = json!("../churn");
    for value in [unknown, unnamed, hostile, json!({}), json!({"detail-type": "Build Started"}), json!(7)] {
        assert_eq!(Fact::from_value(&value), None, "{value}");
    }
}
