//! The facts that `guard` publishes.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};

use crate::state::{Finding, display_name, id};

/// A fact about a finding. `number` is the finding's number among all findings about the resource.
pub(crate) fn about(kind: FactKind, finding: &Finding, number: u32, reasons: Vec<String>, at: Timestamp) -> Fact {
    let mut rules: Vec<&str> = finding.rules().collect();
    rules.dedup();
    Fact {
        kind,
        version: fact::VERSION,
        model: None,
        dedup_key: format!("finding/{}/{number}", id(&finding.resource)),
        at,
        reasons,
        details: [
            ("resource".to_owned(), finding.arn.clone()),
            ("what".to_owned(), display_name(&finding.resource)),
            ("owner".to_owned(), finding.owner.clone()),
            ("caller".to_owned(), finding.caller.clone()),
            ("rules".to_owned(), rules.join(", ")),
        ]
        .into(),
    }
}
