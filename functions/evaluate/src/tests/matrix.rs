//! The outcome of each grade under each policy; a manual decision is never overwritten.

use super::*;

/// The grade of a test suite, and the expected approval and fact.
struct Row {
    on_pass: &'static str,
    on_fail: &'static str,
    grade: &'static str,
    code: &'static str,
    approve: Option<bool>,
    published: FactKind,
}

const fn row(
    (on_pass, on_fail, grade): (&'static str, &'static str, &'static str),
    code: &'static str,
    approve: Option<bool>,
    published: FactKind,
) -> Row {
    Row { on_pass, on_fail, grade, code, approve, published }
}

/// The version is approved, rejected or left to manual approval as the policy says. An impossible comparison always
/// requires manual approval.
const MATRIX: [Row; 12] = [
    row(("approve", "reject", "pass"), "approved", Some(true), FactKind::EvaluationPassed),
    row(("approve", "manual_approval", "pass"), "approved", Some(true), FactKind::EvaluationPassed),
    row(("manual_approval", "reject", "pass"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("manual_approval", "manual_approval", "pass"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("approve", "reject", "fail"), "rejected", Some(false), FactKind::EvaluationFailed),
    row(("manual_approval", "reject", "fail"), "rejected", Some(false), FactKind::EvaluationFailed),
    row(("approve", "manual_approval", "fail"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("manual_approval", "manual_approval", "fail"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("approve", "reject", "unsure"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("approve", "manual_approval", "unsure"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("manual_approval", "reject", "unsure"), "manual_approval", None, FactKind::ApprovalRequested),
    row(("manual_approval", "manual_approval", "unsure"), "manual_approval", None, FactKind::ApprovalRequested),
];

impl Row {
    /// Version 7 is being tested; live version 6 has a recorded metric only if a comparison is to be possible.
    fn tested(&self) -> Rig {
        let stage = stage(|text| {
            text.replace("on_pass = \"manual_approval\"", &format!("on_pass = \"{}\"", self.on_pass))
                .replace("on_fail = \"reject\"", &format!("on_fail = \"{}\"", self.on_fail))
        });
        stage.is(6, Approval::Approved);
        stage.serves(Some(6));
        if self.grade != "unsure" {
            let auc = trimtab_core::decimal::Decimal::parse("0.9").unwrap();
            stage.change(6, |package| package.metrics = [("auc".to_owned(), auc)].into());
        }
        stage.react(&registered(7));
        stage.ends(&match self.grade {
            "fail" => json!({"metrics": {"auc": 0.2, "log_loss": 0.31}, "bias_report": "s3://b"}),
            _ => good(),
        });
        stage
    }

    fn name(&self) -> String {
        format!("on_pass {}, on_fail {}, grade {}", self.on_pass, self.on_fail, self.grade)
    }
}

fn end_of(stage: &Rig) -> Value {
    ended(&stage.started()[0], "SUCCEEDED")
}

#[test]
fn each_grade_leads_to_what_the_policy_says() {
    for row in &MATRIX {
        let (stage, name) = (row.tested(), row.name());
        assert_eq!(stage.react(&end_of(&stage)), (Decision::Acted, row.code), "{name}");
        let written = stage.written();
        assert_eq!((written.len(), written[0].approve), (1, row.approve), "{name}");
        assert!(written[0].description.is_some(), "{name}: the reasons are written on the version");
        assert_eq!(stage.kinds(), [FactKind::EvaluationStarted, row.published], "{name}");
        let commands = stage.facts()[1].details.text("to approve").is_some();
        assert_eq!(commands, row.approve.is_none(), "{name}: only a request for approval has the commands");
        let approval = stage.approval(7);
        let expected = match row.approve {
            Some(true) => Approval::Approved,
            Some(false) => Approval::Rejected,
            None => Approval::Pending,
        };
        assert_eq!(approval, expected, "{name}");
    }
}

#[test]
fn manual_decision_before_the_end_is_not_overwritten() {
    for row in &MATRIX {
        for word in [Approval::Approved, Approval::Rejected] {
            let (stage, name) = (row.tested(), format!("{}, an operator decided {word}", row.name()));
            stage.is(7, word.clone());
            assert_eq!(stage.react(&end_of(&stage)), (Decision::Acted, "decided"), "{name}");
            let written = stage.written();
            assert_eq!((written[0].approve, written[0].description.clone()), (None, None), "{name}");
            assert!(!written[0].metrics.is_empty(), "{name}: the metrics are written nevertheless");
            assert_eq!(stage.approval(7), word, "{name}");
            assert_eq!(stage.kinds(), [FactKind::EvaluationStarted], "{name}: no fact is published");
        }
    }
}

#[test]
fn manual_decision_during_the_write_is_not_overwritten() {
    for row in MATRIX.iter().filter(|row| row.approve.is_some()) {
        for word in [Approval::Approved, Approval::Rejected] {
            let (stage, name) = (row.tested(), format!("{}, an operator decides {word}", row.name()));
            stage.services.registry().decided_after_read = Some((package(7), word.clone()));
            let report = stage.report(&end_of(&stage));
            assert!(report.codes.contains(&"overruled"), "{name}: {:?}", report.codes);
            assert_eq!(stage.approval(7), word, "{name}");
            assert!(stage.written().is_empty(), "{name}: the policy's verdict is not written");
            assert_eq!(stage.kinds(), [FactKind::EvaluationStarted], "{name}: and not published");
            assert_eq!(stage.react(&end_of(&stage)), (Decision::Skipped, "already_judged"), "{name}");
        }
    }
}
