//! What was done more often than it may be.

use std::collections::BTreeMap;

use crate::flow::{Case, Flow};
use crate::promise::Violation;
use crate::services::Services;

pub(super) fn doubles(case: &Case, services: &Services) -> Vec<Violation> {
    let mut incidents: BTreeMap<&str, u32> = BTreeMap::new();
    for run in &services.runs {
        *incidents.entry(run.request.display_name.as_str()).or_default() += 1;
    }
    let twice = incidents.iter().filter(|(_, count)| **count > 1);
    let mut found: Vec<Violation> =
        twice.map(|(incident, count)| Violation::doubled(format!("{count} runs of {incident}"))).collect();
    if services.builds.len() > 1 {
        found.push(Violation::doubled(format!("{} builds of one commit", services.builds.len())));
    }
    if services.integrated.executions.len() > 1 {
        found.push(Violation::doubled(format!("{} executions for one commit", services.integrated.executions.len())));
    }
    if services.comments.len() > 1 {
        found.push(Violation::doubled(format!("{} comments on one build", services.comments.len())));
    }
    for (arn, times) in services.stops.iter().filter(|(_, times)| **times > 1) {
        found.push(Violation::doubled(format!("{arn} was stopped {times} times")));
    }
    if services.defined.len() > 1 {
        found.push(Violation::doubled(format!("the pipeline was defined {} times", services.defined.len())));
    }
    if services.candidate.executions > 1 || services.candidate.written > 1 {
        found.push(Violation::doubled(format!("one version was evaluated more than once: {:?}", services.candidate)));
    }
    if services.deliveries.len() > 1 {
        found.push(Violation::doubled(format!("{} deliveries of one version", services.deliveries.len())));
    }
    let stack = &services.stacked;
    if stack.creates > 2 || stack.updates > 1 || stack.continues > 1 || stack.deletes > 1 {
        found.push(Violation::doubled(format!("the stack: {stack:?}")));
    }
    let jobs = &services.transformed.started;
    if jobs.len() > if case.flow == Flow::TransformFails { 2 } else { 3 } {
        found.push(Violation::doubled(format!("batch transform jobs were started for {jobs:?}")));
    }
    let most = match case.flow {
        Flow::Drift
        | Flow::Push
        | Flow::FirstPush
        | Flow::CodePipelineExecution
        | Flow::Malformed
        | Flow::Permanent
        | Flow::HeldBack
        | Flow::Breach
        | Flow::PutRight
        | Flow::Workflow
        | Flow::Dag
        | Flow::Cluster
        | Flow::Piped
        | Flow::Stages
        | Flow::Merged
        | Flow::Deleted
        | Flow::PipelineBuild
        | Flow::Image
        | Flow::Review
        | Flow::Violations
        | Flow::NewData
        | Flow::Stacked
        | Flow::StackFails
        | Flow::Transformed
        | Flow::TransformFails
        | Flow::Asked
        | Flow::Composite
        | Flow::Calendar
        | Flow::RunFails
        | Flow::RunStops
        | Flow::WorkflowFails
        | Flow::DagFails
        | Flow::PipedStops
        | Flow::Hangs
        | Flow::BuildFails
        | Flow::DeliveryFails
        | Flow::TestsFail
        | Flow::Overruled
        | Flow::Breaches
        | Flow::CommitCloses
        | Flow::Recurs
        | Flow::Mixed => 0,
        Flow::Unwatched | Flow::Tracked | Flow::Promotion | Flow::Paused | Flow::OverruledLate => 1,
        Flow::Rollouts | Flow::CanaryFails | Flow::Watched | Flow::NoticeOnly | Flow::Incomplete => 2,
        Flow::Rollback
        | Flow::FallsSilent
        | Flow::ByHand
        | Flow::Shadowed
        | Flow::ShadowRejected
        | Flow::Reconsidered => 3,
        Flow::SkipsRejected => 4,
    };
    if services.updates.len() > most {
        found.push(Violation::doubled(format!("the endpoint was asked for {:?}", services.updates)));
    }
    found
}
