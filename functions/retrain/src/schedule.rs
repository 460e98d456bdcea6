//! Runs on a schedule: `retrain.every` after the last run of any kind.

use jiff::{SignedDuration, Timestamp};

use crate::state::State;
use crate::trigger::{Trigger, TriggerSubject};

/// What the schedule requires now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Nothing: the time has not passed.
    NotDue,
    /// Counting starts now, because no run was ever started. A new policy would otherwise train at once, although its
    /// author already has a model.
    StartCounting,
    /// A run is due.
    Due(Trigger),
}

/// What a schedule of one run `every` so long requires.
pub(crate) fn check(state: &State, every: SignedDuration, now: Timestamp) -> Schedule {
    let Some(from) = state.last_started.or(state.schedule_from) else {
        return Schedule::StartCounting;
    };
    if now.duration_since(from) < every {
        return Schedule::NotDue;
    }
    let reason = format!("no run was started since {from}, and retrain.every is {every:#}");
    Schedule::Due(Trigger::new(TriggerSubject::Schedule(from), reason))
}
