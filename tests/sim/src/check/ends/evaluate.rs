//! The evaluation of a registered version, and verdicts of operators on it.

use super::{End, Promise, Violation};
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::Promotion => promotion(end),
        Flow::TestsFail => tests_fail(end),
        Flow::OperatorRejects | Flow::OperatorRejectsAfterTests => operator_rejects(end),
        _ => {}
    }
}

fn promotion(end: &mut End<'_>) {
    end.must(end.services.candidate.executions == 1, "the version was not tested");
    end.must(end.services.candidate.verdicts == 1, "the version has no verdict");
    end.must_report("Evaluation Passed on evaluation/churn/1");
    end.must_serve(1);
}

fn tests_fail(end: &mut End<'_>) {
    end.must(end.services.candidate.verdicts == 1, "the version has no verdict");
    end.must_report("Evaluation Failed on evaluation/churn/1");
    end.must(end.services.updates.is_empty(), "a version that failed its tests was deployed");
}

fn operator_rejects(end: &mut End<'_>) {
    let approval = end.services.approvals.get(&1).map(ToString::to_string);
    if approval.as_deref() != Some("Rejected") {
        let what = format!("an operator rejected version 1, and its approval is {approval:?}");
        end.found.push(Violation::of_run(Promise::ManualVerdict, what));
    }
}
