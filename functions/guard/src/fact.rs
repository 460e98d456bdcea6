//! The facts that `guard` publishes.

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};

use crate::state::{Finding, display_name, id};

/// A fact about a finding. `number` is the finding's number among all findings about the resource.
pub(crate) fn about(kind: FactKind, finding: &Finding, number: u32, reasons: Vec<String>, at: Timestamp) -> Fact {
    let mut rules: Vec<&str> = finding.rules().collect();
    rules.dedup();
    let subject = FactSubject::Finding { resource: Token::of(&id(&finding.resource)), number };
    let details = Details::default()
        .with_resource(finding.arn.clone())
        .with_text("what", Some(display_name(&finding.resource)))
        .with_text("owner", Some(finding.owner.clone()))
        .with_text("caller", Some(finding.caller.clone()))
        .with_text("rules", Some(rules.join(", ")));
    Fact { reasons, details, ..Fact::new(kind, subject, at) }
}
