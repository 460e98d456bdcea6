//! Subscriptions of the SNS topic: who receives which messages.
//!
//! A subscription is Trimtab's own if its filter policy names the [audience](trimtab_core::audience) attribute.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_core::audience::{ATTRIBUTE, PLATFORM, word};
use trimtab_core::fact::Severity;
use trimtab_core::name::ModelName;

mod sns;
mod subscription;

pub use sns::SnsSubscriptions;
pub use subscription::{Standing, Subscription, Subscriptions};

/// The [most values][doc] that a filter policy on one attribute has.
///
/// [doc]: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
pub const VALUES_MAX: usize = 150;

/// The severities that one message can have. A digest may hold two; a critical message is in no digest.
const TOGETHER: [&[Severity]; 4] =
    [&[Severity::Info], &[Severity::Warning], &[Severity::Critical], &[Severity::Info, Severity::Warning]];

/// Messages that a subscription can receive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// All messages.
    All,
    /// Messages that belong to no model.
    Platform,
    /// Messages of one model.
    Model(ModelName),
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all models"),
            Self::Platform => f.write_str("platform"),
            Self::Model(model) => write!(f, "{model}"),
        }
    }
}

/// The filter of a subscription: for each audience, the severities that pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(BTreeMap<Audience, BTreeSet<Severity>>);

/// A value of the filter policy, in SNS's syntax.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Match {
    Exactly(String),
    Prefix { prefix: String },
    Suffix { suffix: String },
}

impl Filter {
    /// Adds an audience with these severities.
    pub fn add(&mut self, audience: Audience, severities: impl IntoIterator<Item = Severity>) {
        self.0.entry(audience).or_default().extend(severities);
    }

    /// The part of the filter whose audiences satisfy the condition.
    #[must_use]
    pub fn only(&self, holds: impl Fn(&Audience) -> bool) -> Self {
        let matching = self.0.iter().filter(|(audience, _)| holds(audience));
        Self(matching.map(|(audience, severities)| (audience.clone(), severities.clone())).collect())
    }

    /// The union of two filters.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (audience, severities) in other.0 {
            self.add(audience, severities);
        }
        self
    }

    /// Whether no message passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of values in its filter policy, at most [`VALUES_MAX`] for SNS.
    #[must_use]
    pub fn values(&self) -> usize {
        self.matches().len()
    }

    /// The filter policy, as SNS takes it.
    #[must_use]
    pub fn policy(&self) -> Value {
        json!({ATTRIBUTE: self.matches()})
    }

    /// Reads a filter policy; `None` if it does not name the audience attribute, so that Trimtab did not write it.
    /// Values that Trimtab would not write are ignored.
    #[must_use]
    pub fn read(policy: &Value) -> Option<Self> {
        let mut read = Self::default();
        for value in policy.get(ATTRIBUTE)?.as_array()? {
            if let Some((audience, severities)) = Match::deserialize(value).ok().and_then(Match::audience) {
                read.add(audience, severities);
            }
        }
        Some(read)
    }

    fn matches(&self) -> Vec<Match> {
        self.0.iter().flat_map(|(audience, severities)| matches(audience, severities)).collect()
    }
}

fn matches(audience: &Audience, wanted: &BTreeSet<Severity>) -> Vec<Match> {
    let owner = match audience {
        Audience::All => None,
        Audience::Platform => Some(PLATFORM),
        Audience::Model(model) => Some(model.as_str()),
    };
    let together = TOGETHER.into_iter().filter(|some| some.iter().any(|severity| wanted.contains(severity)));
    match owner {
        Some(owner) if wanted.len() == Severity::ALL.len() => vec![Match::Prefix { prefix: format!("{owner}/") }],
        Some(owner) => together.map(|some| Match::Exactly(format!("{owner}/{}", word(some)))).collect(),
        None => together.map(|some| Match::Suffix { suffix: format!("/{}", word(some)) }).collect(),
    }
}

impl Match {
    /// The audience and severities; `None` for a digest of two severities, which follows from the others.
    fn audience(self) -> Option<(Audience, Vec<Severity>)> {
        Some(match self {
            Self::Exactly(text) => {
                let (owner, word) = text.split_once('/')?;
                (owned(owner)?, vec![Severity::parse(word)?])
            }
            Self::Prefix { prefix } => (owned(prefix.strip_suffix('/')?)?, Severity::ALL.into()),
            Self::Suffix { suffix } => (Audience::All, vec![Severity::parse(suffix.strip_prefix('/')?)?]),
        })
    }
}

fn owned(owner: &str) -> Option<Audience> {
    if owner == PLATFORM { Some(Audience::Platform) } else { ModelName::parse(owner).ok().map(Audience::Model) }
}

/// Text such as `churn (warning, critical), demand (all)`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (audience, severities)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let words: Vec<&str> = severities.iter().map(|severity| severity.as_str()).collect();
            let words = if words.len() == Severity::ALL.len() { "all".to_owned() } else { words.join(", ") };
            write!(f, "{comma}{audience} ({words})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
