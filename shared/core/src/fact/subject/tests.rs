//! Subjects and their text forms.

use proptest::prelude::*;

use super::*;

const TEXTS: [&str; 32] = [
    "build-request/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190/pull-request:7",
    "build-start-refused/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
    "definition-refused/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
    "training-start-refused/churn-drift-1a2b3c4d",
    "unowned-build/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
    "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
    "branch/churn/7e3c0d91a5b8f264",
    "image/churn/3",
    "image-push/churn/latest/sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "incident/churn-drift-1a2b3c4d",
    "merged-trigger/churn-drift-1a2b3c4d/5e6f7a8b",
    "limit/churn/cool_down/0c1d2e3f4a5b6c7d",
    "training-request/churn/9f2c4e6a8b0d1f35",
    "evaluation/churn/3",
    "evaluation-request/churn/3/2026-11-20T10:15:00Z",
    "evaluation-stuck/churn/3/start_refused",
    "promotion/loans/prod/2/1",
    "withdrawal/loans/prod/2/2",
    "rollback/loans/2026-11-21T10:30:00Z",
    "reconcile/churn/2026-11-20T09:15:00Z",
    "stage-reconcile/loans/prod/2026-11-21T12:30:00Z",
    "rollout-reconcile/loans/prod/2/2026-11-21T12:30:00Z",
    "monitoring/churn/data-quality/trimtab-churn-data-1a2b3c4d",
    "monitoring-end/churn/bias/7e8f9a0b",
    "monitoring-request/churn/model-quality/2026-11-20T10:56:28Z",
    "data-capture/churn/churn-9b1c2d3e4f5a/1",
    "finding/5e6f7a8b/2",
    "dead-letter/retrain/6f5e4d3c2b1a0f9e",
    "rollout/churn/3/1",
    "rollout/loans/staging/3/1",
    "deadline/incident/churn-drift-f0a19b70",
    "digest/Training Succeeded/incident/demand-build-7b21c0d9",
];

#[test]
fn every_subject_is_read_back_from_its_text() {
    for text in TEXTS {
        let subject: FactSubject = text.parse().unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(subject.to_string(), text);
        assert_eq!(serde_json::to_value(&subject).unwrap(), serde_json::json!(text));
        let nests = matches!(subject, FactSubject::Deadline(_) | FactSubject::Digest(..));
        let deadline = FactSubject::VariantTestDeadline(Box::new(subject));
        let expected = if nests { Err(MalformedSubject) } else { Ok(deadline.clone()) };
        assert_eq!(deadline.to_string().parse(), expected);
    }
}

#[test]
fn nested_prefixes_are_malformed() {
    for prefix in ["deadline/", "variant-test-deadline/", "digest/Training Failed/"] {
        let text = format!("{}incident/churn-drift-1a2b3c4d", prefix.repeat(10_000));
        assert_eq!(text.parse::<FactSubject>(), Err(MalformedSubject), "{prefix}");
    }
}

#[test]
fn each_prefix_has_a_row_of_its_own() {
    let prefixes: std::collections::BTreeSet<&str> = TEXTS.iter().filter_map(|text| text.split('/').next()).collect();
    assert_eq!(prefixes.len() + 1, TEXTS.len(), "only rollout has two forms");
}

#[test]
fn subject_with_other_parts_is_malformed() {
    for text in TEXTS {
        let (start, _) = text.rsplit_once('/').unwrap();
        for bad in [format!("{text}/x/y"), format!("{text} "), format!("x{text}"), format!("{start}/")] {
            assert_eq!(bad.parse::<FactSubject>(), Err(MalformedSubject), "{bad}");
        }
    }
    for bad in ["", "/", "churn", "rollout/churn/3", "rollout/churn/x/1", "digest/Drift/image/churn/3", "deadline/x"] {
        assert_eq!(bad.parse::<FactSubject>(), Err(MalformedSubject), "{bad}");
    }
}

#[test]
fn messages_about_one_piece_of_work_share_a_thread() {
    let rows = [
        ("rollout/churn/3/1", "rollout/churn/3"),
        ("rollout/loans/staging/3/2", "rollout/loans/staging/3"),
        ("deadline/rollout/churn/3/1", "rollout/churn/3"),
        ("variant-test-deadline/rollout/churn/3/1", "rollout/churn/3"),
        ("merged-trigger/churn-drift-1a2b3c4d/5e6f7a8b", "incident/churn-drift-1a2b3c4d"),
        ("training-start-refused/churn-drift-1a2b3c4d", "incident/churn-drift-1a2b3c4d"),
        (
            "definition-refused/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
            "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
        ),
        ("evaluation-stuck/churn/3/start_refused", "evaluation/churn/3"),
        ("limit/churn/budget/0c1d2e3f4a5b6c7d", "limit/churn/budget"),
        ("monitoring/churn/bias/1a2b3c4d", "monitoring/churn/bias"),
        ("monitoring-end/churn/bias/1a2b3c4d", "monitoring/churn/bias"),
        ("data-capture/churn/churn-9b1c2d3e4f5a/1", "data-capture/churn"),
        ("digest/Training Succeeded/incident/demand-build-7b21c0d9", "incident/demand-build-7b21c0d9"),
        (
            "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
            "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
        ),
    ];
    for (text, thread) in rows {
        assert_eq!(text.parse::<FactSubject>().unwrap().thread(), thread);
    }
}

proptest! {
    #[test]
    fn token_of_any_text_fits_a_subject(text in "\\PC{0,200}") {
        let subject = FactSubject::Incident { incident: Token::of(&text) };
        prop_assert_eq!(subject.to_string().parse(), Ok(subject));
    }

    #[test]
    fn text_of_a_bus_never_panics(text in "\\PC{0,80}(/\\PC{0,20}){0,5}") {
        let _ = text.parse::<FactSubject>();
    }
}
