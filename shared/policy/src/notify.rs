//! `[notify]`: who is told, and which messages can wait.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::{Policy, Recipient, length};
use trimtab_names::severity::Severity;

/// Who is told of this model besides whoever subscribed by hand, and which messages can wait. Those are
/// sent together, when the clock asks for a look and the first of them has waited so long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The severities whose messages wait.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub digest_severities: BTreeSet<Severity>,
    /// How long; there where something is quiet.
    #[serde(default, with = "length::optional", skip_serializing_if = "Option::is_none")]
    pub digest_interval: Option<SignedDuration>,
    /// Whom `trimtab apply` subscribes to the topic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
}

pub(super) fn limits(notify: &Notify, policy: &Policy) -> Option<Fault> {
    let (waits, quiet) = (notify.digest_interval.is_some(), &notify.digest_severities);
    let rules = [
        (
            waits || !quiet.is_empty() || !notify.recipients.is_empty(),
            "notify",
            "expected recipients, or digest_severities and digest_interval",
        ),
        (
            !quiet.contains(&Severity::Critical) && (!waits || !quiet.is_empty()),
            "notify.digest_severities",
            "expected \"info\", \"warning\" or both: what is critical never waits",
        ),
        (waits || quiet.is_empty(), "notify.digest_interval", "expected how long what is quiet waits, such as \"24h\""),
        (
            !waits || policy.reconcile.is_some(),
            "notify.digest_interval",
            "expected a [reconcile] table: the digest is sent when the clock asks",
        ),
    ];
    super::check::first(rules)
}
