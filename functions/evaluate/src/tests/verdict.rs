//! The verdict at the end of a test suite.

use super::*;

fn metrics(request: &VerdictRequest) -> Vec<String> {
    request.metrics.iter().map(|(name, value)| format!("{name} {value}")).collect()
}

#[test]
fn passing_version_is_approved_with_its_reasons() {
    let stage = stage(by_itself);
    assert_eq!(stage.evaluate(&good()), (Decision::Acted, "approved"));
    let written = stage.written();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].approve, Some(true));
    assert_eq!(metrics(&written[0]), ["auc 0.91", "log_loss 0.31"]);
    let description = written[0].description.clone().unwrap();
    for part in ["version 7: passed", "auc is 0.91 (at least 0.85)", "log_loss is 0.31", "s3://churn/bias.json"] {
        assert!(description.contains(part), "{part} in {description}");
    }
    assert!(written[0].token.len() <= 36);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted, FactKind::EvaluationPassed]);
}

#[test]
fn manual_approval_is_requested_with_metrics_and_commands() {
    let stage = stage(str::to_owned);
    assert_eq!(stage.evaluate(&good()), (Decision::Acted, "manual_approval"));
    assert_eq!(stage.written()[0].approve, None);
    let published = stage.facts();
    assert_eq!(published[1].kind, FactKind::ApprovalRequested);
    assert_eq!(published[1].details.text("metric auc").unwrap(), "0.91");
    assert_eq!(published[1].details.text("package").unwrap(), package(7).as_str());
    let command = format!("aws sagemaker update-model-package --model-package-arn {GROUP}/7 --model-approval-status");
    assert_eq!(published[1].details.text("to approve").unwrap(), format!("{command} Approved"));
    assert_eq!(published[1].details.text("to reject").unwrap(), format!("{command} Rejected"));
}

#[test]
fn metric_below_its_bound_rejects() {
    let stage = stage(by_itself);
    let output = json!({"metrics": {"auc": 0.849_999, "log_loss": 0.31}, "bias_report": "s3://churn/bias.json"});
    assert_eq!(stage.evaluate(&output), (Decision::Acted, "rejected"));
    assert_eq!(stage.written()[0].approve, Some(false));
    let published = &stage.facts()[1];
    assert_eq!(published.kind, FactKind::EvaluationFailed);
    assert!(
        published.reasons.contains(&"auc is 0.849999, and the policy requires at least 0.85".to_owned()),
        "{published:?}"
    );
}

#[test]
fn missing_result_rejects_and_is_named() {
    let cases = [
        (json!({"metrics": {"auc": 0.91}, "bias_report": "s3://b"}), "the test suite reported no log_loss"),
        (
            json!({"metrics": {"auc": 0.91, "log_loss": 0.31}}),
            "the test suite reported no bias report, and the policy requires one",
        ),
        (
            json!({"Payload": 1}),
            "the output of the test suite has no metrics: expected {\"metrics\": {\"name\": number}}",
        ),
    ];
    for (output, reason) in cases {
        let stage = stage(by_itself);
        assert_eq!(stage.evaluate(&output), (Decision::Acted, "rejected"), "{output}");
        assert!(stage.facts()[1].reasons.iter().any(|line| line == reason), "{:?}", stage.facts()[1].reasons);
    }
}

#[test]
fn failed_test_suite_rejects_with_its_cause() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.execution_ends(ObservedExecution {
        status: ExecutionStatus::Failed,
        output: None,
        cause: Some("States.TaskFailed\nin Evaluate".to_owned()),
    });
    assert_eq!(stage.react(&ended(&stage.started()[0], "FAILED")), (Decision::Acted, "rejected"));
    let reasons = stage.facts()[1].reasons.clone();
    assert!(
        reasons.iter().any(|line| line.starts_with("the test suite ended FAILED: States.TaskFailed")),
        "{reasons:?}"
    );
}

/// Version 6 is live, with this recorded auc.
fn against(live: Option<&str>) -> Rig {
    let stage = stage(by_itself);
    stage.is(6, Approval::Approved);
    let auc = live.and_then(trimtab_core::decimal::Decimal::parse);
    let metrics = auc.map(|auc| ("auc".to_owned(), auc)).into_iter().collect();
    stage.change(6, |package| package.metrics = metrics);
    stage.serves(Some(6));
    stage
}

#[test]
fn candidate_may_be_worse_than_the_live_version_by_the_margin() {
    let within = against(Some("0.92"));
    assert_eq!(within.evaluate(&good()), (Decision::Acted, "approved"));
    let details = &within.facts()[1].details;
    let auc = ["metric auc", "metric auc of version 6, which is live"].map(|name| details.text(name).unwrap());
    assert_eq!(auc, ["0.91", "0.92"]);
    let beyond = against(Some("0.920001"));
    assert_eq!(beyond.evaluate(&good()), (Decision::Acted, "rejected"));
    let reason = "auc is 0.91: the live version 6 has 0.920001, and the policy allows a margin of 0.01";
    assert!(beyond.facts()[1].reasons.iter().any(|line| line == reason), "{:?}", beyond.facts()[1].reasons);
}

#[test]
fn live_version_without_metrics_requires_manual_approval() {
    let stage = against(None);
    assert_eq!(stage.evaluate(&good()), (Decision::Acted, "manual_approval"));
    assert_eq!(stage.kinds()[1], FactKind::ApprovalRequested);
}

#[test]
fn repeated_end_of_a_test_suite_writes_nothing() {
    let stage = stage(by_itself);
    stage.evaluate(&good());
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Skipped, "already_judged"));
    assert_eq!(stage.react(&registered(7)), (Decision::Skipped, "already_judged"));
    assert_eq!(stage.written().len(), 1);
}

#[test]
fn verdict_with_a_lost_response_is_written_once_and_published() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.ends(&good());
    stage.services.fail_effect(0, Fault::Lost);
    let end = ended(&stage.started()[0], "SUCCEEDED");
    stage.fails(&end);
    stage.react(&end);
    assert_eq!(stage.written().len(), 1);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted, FactKind::EvaluationPassed]);
}

#[test]
fn metrics_are_written_beside_a_manual_decision() {
    let stage = stage(by_itself);
    stage.react(&registered(7));
    stage.is(7, Approval::Rejected);
    stage.ends(&good());
    assert_eq!(stage.react(&ended(&stage.started()[0], "SUCCEEDED")), (Decision::Acted, "decided"));
    let written = stage.written();
    assert_eq!((written[0].approve, written[0].description.as_ref()), (None, None));
    assert_eq!(metrics(&written[0]), ["auc 0.91", "log_loss 0.31"]);
    assert_eq!(stage.kinds(), [FactKind::EvaluationStarted]);
}
