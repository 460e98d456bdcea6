//! What asks for a run in ways that have a check of their own: an alarm on other alarms, and the calendar.

use jiff::Timestamp;

use crate::calendar::PERIOD;
use crate::promise::Violation;
use crate::services::Services;

/// The alarm has its run, which did not begin while it was held back.
pub(super) fn composite(services: &Services) -> Vec<Violation> {
    let mut found = runs(services, 1);
    if services.runs.iter().any(|run| Some(run.created) < services.released) {
        found.push(Violation::doubled("a run of an alarm that was held back".to_owned()));
    }
    found
}

/// Each period that is over has its run, and none has two.
pub(super) fn calendar(services: &Services) -> Vec<Violation> {
    let mut found = runs(services, 2);
    let begun = services.runs.iter().map(|run| run.created);
    let begun: Vec<Timestamp> = std::iter::once(Timestamp::UNIX_EPOCH).chain(begun).collect();
    if begun.windows(2).any(|two| matches!(two, [one, next] if next.duration_since(*one) < PERIOD)) {
        found.push(Violation::doubled(format!("a run before its period was over: {begun:?}")));
    }
    found
}

/// So many runs, each of which has ended and was told.
fn runs(services: &Services, expected: usize) -> Vec<Violation> {
    let (count, mut found) = (services.runs.len(), Vec::new());
    if count != expected {
        let what = format!("{count} runs, not {expected}");
        found.push(if count > expected { Violation::doubled(what) } else { Violation::lost(what) });
    }
    let succeeded = services.messages.keys().filter(|message| message.starts_with("Training Succeeded on")).count();
    if succeeded < count {
        found.push(Violation::lost(format!("{count} runs, and {succeeded} were told to have succeeded")));
    }
    found
}
