//! When the runs of the flows of many days start, if nothing goes wrong.

use jiff::Timestamp;

use super::{End, Promise, Violation};
use crate::faults::Schedule;
use crate::flow::{Case, Flow};

/// The starts of the runs, in hours after the start of the flow, if each event is delivered once without delay. They
/// were worked out by hand from the policy of `churn` (cool-down 24 h, 4 runs in 7 d, the circuit opens after 3) and
/// from the alarms, which fire every six hours. A run takes 40 minutes, a build 7.
fn expected(flow: Flow) -> Option<&'static [i64]> {
    Some(match flow {
        // The circuit opens after the third; then there is one run for each 7 days after the end of the last one.
        Flow::Permanent => &[0, 30, 60, 234, 408, 582],
        // The commit of hour 123 closes the circuit, and uses the fourth run of the window. At 168 h the first run has
        // left the window, and at 198 h the second: runs of a new drift.
        Flow::CommitCloses => &[0, 30, 60, 123, 168, 198, 228],
        // The circuit opens at 60 h, and ten days without drift close it.
        Flow::Recurs => &[0, 30, 60, 336, 366, 396],
        // The commit, the drift and the operator spend a budget of three; the operator may exceed it. At 200 h the
        // deferred drift gets its run.
        Flow::Mixed => &[0, 30, 60, 100, 200],
        _ => return None,
    })
}

pub(super) fn check(end: &mut End<'_>, case: &Case) {
    let smooth = case.faults.is_empty() && case.schedule == Schedule::Once;
    let Some(expected) = expected(case.flow).filter(|_| smooth) else { return };
    let hour = |at: Timestamp| at.as_second() / 3600;
    let started: Vec<i64> = end.services.runs.iter().map(|run| hour(run.created)).collect();
    if started != expected {
        let promise = if case.flow == Flow::Mixed { Promise::Budget } else { Promise::Circuit };
        let what = format!("runs started at the hours {started:?}, not at {expected:?}");
        end.found.push(Violation::of_run(promise, what));
    }
}
