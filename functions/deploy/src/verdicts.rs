//! Verdicts in the Model Registry whose events were not received.

use trimtab_core::event::Approval;
use trimtab_core::port::ListedPackage;

use crate::state::{State, Verdict};

/// The verdict of the registry on this version; `None` if it has none, or if the version cannot be deployed yet.
pub(crate) fn of(listed: &ListedPackage) -> Option<Verdict> {
    match listed.actual.approval {
        Approval::Approved if listed.actual.status == "Completed" => Some(Verdict::Approved),
        Approval::Rejected => Some(Verdict::Rejected),
        _ => None,
    }
}

/// Whether the registry's verdict on this version was not processed, or the version is held.
pub(crate) fn is_unprocessed(state: &State, listed: &ListedPackage) -> bool {
    // Before the first reconcile it is not known which verdicts are older than Trimtab.
    let Some(initial) = &state.initial_verdicts else { return false };
    let version = listed.package.version();
    let processed = state.verdicts.get(&version).map(|record| record.verdict);
    let processed = processed.or_else(|| initial.get(&version).copied());
    let verdict = of(listed);
    verdict.is_some() && verdict != processed
}
