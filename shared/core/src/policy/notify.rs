//! `[notify]`: which messages can wait, and for how long.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::{Policy, length};
use crate::fact::Severity;

/// Which messages can wait. They are sent together, when the clock asks for a look and the first of
/// them has waited so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The severities whose messages wait.
    pub quiet: BTreeSet<Severity>,
    /// How long.
    #[serde(with = "length")]
    pub digest: SignedDuration,
}

pub(super) fn limits(notify: &Notify, policy: &Policy) -> Option<Fault> {
    let rules = [
        (
            !notify.quiet.is_empty() && !notify.quiet.contains(&Severity::Critical),
            "notify.quiet",
            "expected \"info\", \"warning\" or both: what is critical never waits",
        ),
        (
            policy.reconcile.is_some(),
            "notify.digest",
            "expected a [reconcile] table: the digest is sent when the clock asks",
        ),
    ];
    super::check::first(rules)
}
