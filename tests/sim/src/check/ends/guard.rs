//! Resources that violate a rule of the organization, and malformed events.

use super::End;
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        // `guard` has no reconcile: it does not know a resource whose event was lost.
        Flow::GuardViolation if was_delivered(end, "CreateTrainingJob") => violation(end),
        Flow::GuardViolationCorrected => violation_corrected(end),
        Flow::Malformed => malformed(end),
        _ => {}
    }
}

/// Whether CloudTrail's event of this call was delivered.
fn was_delivered(end: &End<'_>, call: &str) -> bool {
    end.services.log.iter().any(|(_, event, _)| event["detail"]["eventName"] == call)
}

fn violation(end: &mut End<'_>) {
    let (findings, stops) = (end.messages("Finding Reported on"), end.messages("Job Stopped on"));
    end.must(findings == 1, &format!("the finding was reported {findings} times"));
    end.must(stops == 1, &format!("the stopped job was reported {stops} times"));
}

fn violation_corrected(end: &mut End<'_>) {
    let corrected = was_delivered(end, "AddTags");
    let mut findings = end.services.aggregates.iter().filter(|(id, _)| id.name.starts_with("finding#"));
    let open = findings.any(|(_, record)| record.state.as_ref().is_some_and(|state| !state["finding"].is_null()));
    end.must(!corrected || !open, "the finding is still open");
    // If the first event arrived after the correction, there is no finding to close.
    if corrected && end.has_message("Finding Reported on") {
        end.must_report("Finding Closed on");
    }
}

fn malformed(end: &mut End<'_>) {
    end.must(!end.services.dead_letters.is_empty(), "the event was not dead-lettered");
    end.must_report("Event Dead-Lettered on");
}
