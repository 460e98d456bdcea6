//! The checks of two triggers: the composite alarm and the schedule.

use jiff::Timestamp;

use crate::calendar::PERIOD;
use crate::promise::Violation;
use crate::services::Services;

/// Requires one run for the alarm, which started after the suppression of its actions.
pub(super) fn composite(services: &Services) -> Vec<Violation> {
    let mut found = runs(services, 1);
    if services.runs.iter().any(|run| Some(run.created) < services.released) {
        found.push(Violation::doubled("a run of an alarm that was suppressed".to_owned()));
    }
    found
}

/// Requires one run for each period that is over.
pub(super) fn calendar(services: &Services) -> Vec<Violation> {
    let mut found = runs(services, 2);
    let begun = services.runs.iter().map(|run| run.created);
    let begun: Vec<Timestamp> = std::iter::once(Timestamp::UNIX_EPOCH).chain(begun).collect();
    if begun.windows(2).any(|two| matches!(two, [one, next] if next.duration_since(*one) < PERIOD)) {
        found.push(Violation::doubled(format!("a run before its period was over: {begun:?}")));
    }
    found
}

/// Requires this number of runs, each reported as succeeded.
fn runs(services: &Services, expected: usize) -> Vec<Violation> {
    let (count, mut found) = (services.runs.len(), Vec::new());
    if count != expected {
        let what = format!("{count} runs, not {expected}");
        found.push(if count > expected { Violation::doubled(what) } else { Violation::lost(what) });
    }
    let succeeded = services.messages.keys().filter(|message| message.starts_with("Training Succeeded on")).count();
    if succeeded < count {
        found.push(Violation::lost(format!("{count} runs, and {succeeded} were reported as succeeded")));
    }
    found
}
