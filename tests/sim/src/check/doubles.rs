//! Effects that occurred more often than they may.

use std::collections::BTreeMap;

use crate::flow::{Case, Flow};
use crate::promise::Violation;
use crate::services::Services;

pub(super) fn doubles(case: &Case, services: &Services) -> Vec<Violation> {
    let mut found = runs_of_one_incident(services);
    found.extend(repeated_builds(services));
    let mut at_most_once = |count: usize, what: &str| {
        if count > 1 {
            found.push(Violation::doubled(format!("{count} {what}")));
        }
    };
    at_most_once(services.defined.len(), "definitions of the pipeline for one commit");
    at_most_once(services.candidate.executions, "evaluations of one version");
    at_most_once(services.candidate.written, "verdicts on one version");
    at_most_once(services.deliveries.len(), "deliveries of one version");
    for (arn, times) in &services.stops {
        at_most_once(*times, &format!("stops of {arn}"));
    }
    let stack = &services.stack;
    if stack.creates > 2 || stack.updates > 1 || stack.continues > 1 || stack.deletes > 1 {
        found.push(Violation::doubled(format!("the stack: {stack:?}")));
    }
    let jobs = &services.batch.started;
    if jobs.len() > if case.flow == Flow::BatchTransformFails { 2 } else { 3 } {
        found.push(Violation::doubled(format!("batch transform jobs were started for {jobs:?}")));
    }
    if services.updates.len() > most_updates(case.flow) {
        found.push(Violation::doubled(format!("the endpoint was updated to {:?}", services.updates)));
    }
    found
}

fn runs_of_one_incident(services: &Services) -> Vec<Violation> {
    let mut incidents: BTreeMap<&str, u32> = BTreeMap::new();
    for run in &services.runs {
        *incidents.entry(run.request.display_name.as_str()).or_default() += 1;
    }
    let repeated = incidents.iter().filter(|(_, count)| **count > 1);
    repeated.map(|(incident, count)| Violation::doubled(format!("{count} runs of {incident}"))).collect()
}

fn repeated_builds(services: &Services) -> Vec<Violation> {
    let counts = [
        (services.builds.len(), "builds of one commit"),
        (services.ci.executions.len(), "executions for one commit"),
        (services.comments.len(), "comments on one build"),
    ];
    let repeated = counts.iter().filter(|(count, _)| *count > 1);
    repeated.map(|(count, what)| Violation::doubled(format!("{count} {what}"))).collect()
}

/// The largest number of updates of the endpoint without stages in one run of the flow.
fn most_updates(flow: Flow) -> usize {
    match flow {
        Flow::CanaryWithoutAlarmData
        | Flow::LineageTracking
        | Flow::Promotion
        | Flow::Paused
        | Flow::OperatorRejectsAfterTests => 1,
        Flow::Rollouts | Flow::CanaryFails | Flow::ModelMonitoring | Flow::NotifyOnly | Flow::Incomplete => 2,
        Flow::Rollback
        | Flow::CanaryLosesAlarmData
        | Flow::OperatorRollback
        | Flow::ShadowTest
        | Flow::ShadowTestRejected
        | Flow::RejectedAfterApproval => 3,
        Flow::SkipsRejected => 4,
        // All other flows deploy nothing to this endpoint.
        _ => 0,
    }
}
