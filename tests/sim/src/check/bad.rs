//! Where the flows must have come to in which something goes wrong, is paused, or takes many days.

use jiff::Timestamp;

use crate::faults::Schedule;
use crate::flow::{Case, Flow};
use crate::promise::{Promise, Violation};
use crate::services::Services;

/// A run that began later than this after its alarm is not late by the last look.
const LATE_START: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// When the runs of the long flows begin, in hours after the start, where each event comes once and at once: worked
/// out by hand from `churn`'s policy (cool-down 24 h, 4 runs in 7 d, the circuit opens after 3) and from the alarms,
/// which go off every six hours. A run lasts 40 minutes, a build 7.
fn expected(flow: Flow) -> Option<&'static [i64]> {
    Some(match flow {
        // The circuit is open after the third; then one for each 7 days after the last one's end.
        Flow::Permanent => &[0, 30, 60, 234, 408, 582],
        // The commit of hour 123 closes it, and has the fourth run of the window. At 168 h the first has left it,
        // and at 198 h the second: runs of a new drift.
        Flow::CommitCloses => &[0, 30, 60, 123, 168, 198, 228],
        // Opened at 60 h, closed by ten days without drift.
        Flow::Recurs => &[0, 30, 60, 336, 366, 396],
        // The commit, the drift and the person spend a budget of three; a person may go over it. At 200 h the drift
        // that was held back has its run.
        Flow::Mixed => &[0, 30, 60, 100, 200],
        _ => return None,
    })
}

pub(super) fn ends(case: &Case, services: &Services) -> Vec<Violation> {
    let flow = case.flow;
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(Violation::lost(what.to_owned()));
        }
    };
    let told = |words: &str| services.messages.keys().any(|message| message.starts_with(words));
    let times = |words: &str| services.messages.keys().filter(|message| message.starts_with(words)).count();
    let live = services.endpoint.as_ref().and_then(|endpoint| endpoint.config.as_ref());
    let live = live.and_then(|config| services.configs.get(config)).copied();
    let skipped = |version: u32| told(&format!("Rollout Skipped on rollout/churn/{version}/"));
    match flow {
        Flow::RunFails | Flow::RunStops | Flow::WorkflowFails | Flow::DagFails | Flow::PipedStops => {
            must(services.runs.len() == 1, "the run was not started");
            must(told("Training Failed on incident/"), "nobody was told that training failed");
        }
        Flow::Hangs => {
            must(services.runs.len() == 1, "the run was not started");
            // Where the alarm was heard of late, the run is not late by the last look.
            let late = services.runs.first().is_none_or(|run| run.created > Timestamp::UNIX_EPOCH + LATE_START);
            must(late || told("Deadline Exceeded on late/incident/"), "nobody was told that the run takes too long");
            must(times("Deadline Exceeded on") <= 1, "that the run takes too long was told more than once");
        }
        Flow::BuildFails => {
            must(services.builds.len() == 1, "the commit was not built");
            must(told("Build Failed on"), "nobody was told that the build failed");
            must(services.runs.is_empty(), "a commit was trained whose build failed");
        }
        Flow::DeliveryFails => {
            must(services.deliveries.len() == 1, "the version was not delivered");
            must(told("Rollout Failed on rollout/segments/101"), "nobody was told that the delivery failed");
        }
        Flow::TestsFail => {
            must(services.candidate.verdicts == 1, "the verdict does not stand on the version");
            must(told("Evaluation Failed on candidate/churn/1"), "nobody was told that the version failed its tests");
            must(services.updates.is_empty(), "a version that failed its tests was deployed");
        }
        Flow::Overruled | Flow::OverruledLate => {
            let approval = services.approvals.get(&1).map(ToString::to_string);
            if approval.as_deref() != Some("Rejected") {
                let what = format!("a person rejected version 1, and it is {approval:?}");
                found.push(Violation::of_run(Promise::PersonsVerdict, what));
            }
        }
        Flow::Paused => {
            must(services.runs.len() == 1, "drift during the pause got no run after it");
            must(live == Some(1), "an approval during the pause was not followed after it");
        }
        // The versions may have reached the suite in another order, by the failure queue.
        Flow::SkipsRejected | Flow::NoticeOnly | Flow::Reconsidered | Flow::Incomplete if skipped(1) || skipped(2) => {}
        Flow::SkipsRejected => {
            must(live == Some(1), "version 1 is not live again");
            must(told("Package Rejected on rollout/churn/3"), "nobody was told of the rejection");
        }
        Flow::NoticeOnly => {
            // Where an approval was heard of late, by looking, the versions went out in another order.
            must(!services.lived.starts_with(&[1, 2]) || live == Some(2), "version 2 does not stay live");
            must(told("Package Rejected on rollout/churn/2"), "nobody was told of the rejection");
        }
        Flow::Reconsidered => {
            must(live == Some(1), "version 1 is not live");
        }
        Flow::Incomplete => must(live == Some(2), "version 2 is not live since it is complete"),
        Flow::Permanent => must(times("Circuit Opened on") == 1, "the drift has not one page"),
        Flow::Recurs => must(times("Circuit Opened on") == 2, "two drifts have not two pages"),
        Flow::CommitCloses => must(told("Training Started on incident/churn-build-"), "the commit was not trained"),
        _ => {}
    }
    let smooth = case.faults.is_empty() && case.schedule == Schedule::Once;
    if let Some(expected) = expected(flow).filter(|_| smooth) {
        let hour = |at: Timestamp| at.as_second() / 3600;
        let begun: Vec<i64> = services.runs.iter().map(|run| hour(run.created)).collect();
        if begun != expected {
            let promise = if flow == Flow::Mixed { Promise::Budget } else { Promise::Circuit };
            found.push(Violation::of_run(promise, format!("runs began at the hours {begun:?}, not at {expected:?}")));
        }
    }
    found
}
