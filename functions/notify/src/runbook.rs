//! Sections of the operators' runbook, `docs/operations/runbook.md`.

use trimtab_core::fact::{FactKind, Severity};

/// Anchor of the runbook's section about a fact, such as `rollout-held`; `None` for facts that need no action.
///
/// GitHub and mdBook derive the same anchor from the heading, which is the fact's detail type.
#[must_use]
pub fn heading(kind: FactKind) -> Option<String> {
    (kind.severity() != Severity::Info).then(|| kind.as_str().to_ascii_lowercase().replace(' ', "-"))
}
