//! What the ledger keeps of one resource.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::Resource;
use trimtab_core::text::digest;

use crate::rules::Breach;

/// What the ledger keeps of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The finding that is open.
    pub finding: Option<Finding>,
    /// How many findings there were so far: each is told by its number.
    pub count: u32,
}

/// A resource that breaks rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The resource, by the name that it was given.
    pub resource: Resource,
    /// Its ARN.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who is told about: its `owner` tag, or who called.
    pub owner: String,
    /// Who called.
    pub caller: String,
    /// What is wrong.
    pub breaches: Vec<Breach>,
    /// What has become of stopping it; `None` where that is not asked for.
    pub stop: Option<Stop>,
}

/// What has become of stopping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// It is to be stopped.
    Asked,
    /// It was stopped, or came to its own end.
    Done(Timestamp),
    /// SageMaker would not stop it.
    Refused,
}

impl Finding {
    /// The rules that are broken, in their order.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.breaches.iter().map(|breach| breach.rule.as_str())
    }

    /// The dedup key that facts about it carry.
    #[must_use]
    pub fn dedup_key(&self, number: u32) -> String {
        format!("finding/{}/{number}", id(&self.resource))
    }
}

/// The same for every way to write the name.
#[must_use]
pub fn id(resource: &Resource) -> String {
    let name = resource.name.as_str().to_ascii_lowercase();
    digest(&[resource.kind.in_arn(), &name], 16)
}
