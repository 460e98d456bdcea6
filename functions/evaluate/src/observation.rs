//! The observed state: what the Model Registry and Step Functions report.

use trimtab_core::event::ExecutionStatus;
use trimtab_core::port::{ListedPackage, ObservedCandidate, ObservedExecution};

use crate::judge::Champion;

/// What AWS reports about the version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The version; `None` if the registry has none of this number.
    pub candidate: Option<ObservedCandidate>,
    /// The execution of the version's test suite.
    pub execution: Option<ObservedExecution>,
    /// The live version; observed only after the test suite ended.
    pub champion: Option<Champion>,
    /// The newest version of the group; observed only when reconciling.
    pub newest: Option<ListedPackage>,
}

/// Whether the execution reached a terminal status. One that is pending redrive may continue.
#[must_use]
pub fn has_ended(execution: &ObservedExecution) -> bool {
    use ExecutionStatus::{Aborted, Failed, Succeeded, TimedOut};
    matches!(execution.status, Succeeded | Failed | TimedOut | Aborted)
}
