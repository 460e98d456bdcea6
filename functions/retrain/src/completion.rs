//! Ends of runs: which run an event is about, and what its status means.

use trimtab_core::event::RunStatus;
use trimtab_core::name::RunId;

use crate::state::Incident;

/// A status change of a run, as an event of its engine reports it.
pub(crate) struct RunStatusChange {
    pub run: RunId,
    /// The display name, if the engine's events contain it.
    pub name: Option<String>,
    pub status: RunStatus,
}

impl RunStatusChange {
    /// Whether this is the incident's run. Until the engine has named the run, only its display name identifies it:
    /// the response to the start may have been lost.
    pub(crate) fn is_of(&self, incident: &Incident) -> bool {
        match &incident.run {
            Some(run) => *run == self.run,
            None => self.name.as_deref() == Some(&incident.id),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunOutcome {
    Succeeded,
    /// It failed or was stopped: in either case there is no new version.
    Failed,
}

impl RunOutcome {
    /// The outcome; `None` while the run has not ended.
    pub(crate) fn of(status: &RunStatus) -> Option<Self> {
        match status {
            RunStatus::Succeeded => Some(Self::Succeeded),
            RunStatus::Failed | RunStatus::Stopped => Some(Self::Failed),
            _ => None,
        }
    }
}
