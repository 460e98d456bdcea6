//! Sections of the operators' runbook, `docs/operations/runbook.md`.

use trimtab_core::fact::{FactKind, Severity};

/// The runbook in the repository. A message has no other address: the documentation is not published on a website.
const RUNBOOK: &str = "docs/operations/runbook.md";

/// Anchor of the runbook's section about a fact, such as `rollout-held`; `None` for facts that need no action.
///
/// GitHub and mdBook derive the same anchor from the heading, which is the fact's detail type.
#[must_use]
pub fn heading(kind: FactKind) -> Option<String> {
    (kind.severity() != Severity::Info).then(|| kind.as_str().to_ascii_lowercase().replace(' ', "-"))
}

/// The section as a path in the repository, such as `docs/operations/runbook.md#rollout-held`.
#[must_use]
pub fn link(kind: FactKind) -> Option<String> {
    heading(kind).map(|heading| format!("{RUNBOOK}#{heading}"))
}
