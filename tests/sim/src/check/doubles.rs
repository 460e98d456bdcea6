//! What was done more often than it may be: twice, too soon, or after something newer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trimtab_core::event::Approval;
use trimtab_core::fact::FactKind;

use super::Violation;
use crate::flow::{Case, Flow};
use crate::services::Services;

/// What `churn`'s policy says.
const BUDGET_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
const COOL_DOWN: SignedDuration = SignedDuration::from_hours(24);

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
    if services.stops > 1 {
        found.push(Violation::doubled(format!("the job was stopped {} times", services.stops)));
    }
    if services.defined.len() > 1 {
        found.push(Violation::doubled(format!("the pipeline was defined {} times", services.defined.len())));
    }
    if services.candidate.executions > 1 || services.candidate.verdicts > 1 {
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
        | Flow::Delivery
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
        | Flow::Calendar => 0,
        Flow::Unwatched | Flow::Tracked | Flow::Promotion => 1,
        Flow::Rollouts | Flow::CanaryFails | Flow::Watched => 2,
        Flow::RollBack | Flow::FallsSilent | Flow::ByHand | Flow::Shadowed | Flow::ShadowRejected => 3,
    };
    if services.updates.len() > most {
        found.push(Violation::doubled(format!("the endpoint was asked for {:?}", services.updates)));
    }
    found
}

/// No older version over a newer one, unless the newer one was rejected, or proved nothing.
pub(super) fn order(services: &Services) -> Option<Violation> {
    let rejected = |version: &u32| services.approvals.get(version) == Some(&Approval::Rejected);
    let sent_back = |version: &u32| {
        let about = format!("rollout/churn/{version}/");
        services.told.iter().any(|(kind, matter)| *kind == FactKind::RolloutRolledBack && matter.starts_with(&about))
    };
    let wrong = services
        .updates
        .windows(2)
        .find(|pair| matches!(pair, [newer, older] if older < newer && !rejected(newer) && !sent_back(newer)));
    wrong.map(|pair| Violation::doubled(format!("an older version over a newer one: {pair:?}")))
}

/// The policy of `churn`: at most four runs within any seven days, and a day's rest after each.
pub(super) fn limits(services: &Services) -> Vec<Violation> {
    const SLACK: SignedDuration = SignedDuration::from_mins(2);
    let starts: Vec<Timestamp> = services.runs.iter().map(|run| run.created).collect();
    let mut found = Vec::new();
    if starts
        .windows(5)
        .any(|five| matches!(five, [first, .., last] if last.duration_since(*first) + SLACK < BUDGET_WINDOW))
    {
        found.push(Violation::doubled("more runs than the budget allows".to_owned()));
    }
    if starts.windows(2).any(|two| matches!(two, [one, next] if next.duration_since(*one) < COOL_DOWN)) {
        found.push(Violation::doubled("a run within the cool-down".to_owned()));
    }
    found
}
