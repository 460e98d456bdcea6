//! `[notify]`: recipients of messages, and the messages that are batched in a digest.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::validate::Fault;
use super::{Policy, Recipient, duration};
use trimtab_names::severity::Severity;

/// Recipients and digest of one model, in addition to subscriptions that were made by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The severities whose messages are collected in a digest.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub digest_severities: BTreeSet<Severity>,
    /// The time after the first collected message when the digest is sent. Required with `digest_severities`.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<duration::Text>"))]
    pub digest_interval: Option<SignedDuration>,
    /// The recipients of this model's messages, which `trimtab apply` subscribes to the SNS topic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
}

pub(super) fn limits(notify: &Notify, policy: &Policy) -> Option<Fault> {
    let (digest, severities) = (notify.digest_interval.is_some(), &notify.digest_severities);
    let rules = [
        (
            digest || !severities.is_empty() || !notify.recipients.is_empty(),
            "notify",
            "expected recipients, or digest_severities and digest_interval",
        ),
        (
            !severities.contains(&Severity::Critical) && (!digest || !severities.is_empty()),
            "notify.digest_severities",
            "expected \"info\", \"warning\" or both: a critical message is sent at once",
        ),
        (
            digest || severities.is_empty(),
            "notify.digest_interval",
            "expected the interval of the digest, such as \"24h\"",
        ),
        (
            !digest || policy.reconcile.is_some(),
            "notify.digest_interval",
            "expected a [reconcile] table: the digest is sent while reconciling",
        ),
    ];
    super::validate::first(rules)
}
