//! The aggregate: the finding about one resource.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::Resource;
use trimtab_core::text::digest;

use crate::rules::Breach;

/// Findings about one resource, as the ledger stores them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The open finding.
    pub finding: Option<Finding>,
    /// Number of findings so far. It is part of the dedup key, so that each finding has its own messages.
    pub count: u32,
}

/// A resource that violates rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The resource, with its name as it was created; ARNs have it in lower case.
    pub resource: Resource,
    /// ARN of the resource.
    pub arn: String,
    /// Creation time of the resource. Another time means another resource of the same name.
    pub created: Timestamp,
    /// Value of the `owner` tag, or else the caller.
    pub owner: String,
    /// Name of the principal who made the call.
    pub caller: String,
    /// The violated rules; not empty.
    pub breaches: Vec<Breach>,
    /// Progress of stopping the resource; `None` if it is not to be stopped.
    pub stop: Option<Stop>,
}

/// Progress of stopping a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The call is claimed, and may not have been made.
    Requested,
    /// The resource was stopped at this time, or ended by itself.
    Done(Timestamp),
    /// SageMaker refused the call.
    Refused,
}

impl Finding {
    /// The violated rules in the order of `[guard]`.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.breaches.iter().map(|breach| breach.rule.as_str())
    }
}

/// Identity of a resource; the same for every spelling of its name.
#[must_use]
pub fn id(resource: &Resource) -> String {
    let name = resource.name.as_str().to_ascii_lowercase();
    digest(&[resource.kind.in_arn(), &name], 16)
}

/// Kind and name of a resource, for reasons and messages.
pub(crate) fn display_name(resource: &Resource) -> String {
    format!("{} {}", resource.kind.as_str(), resource.name)
}
