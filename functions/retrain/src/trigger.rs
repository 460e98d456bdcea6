//! Why a run is wanted: what it is about, of which kind, and what is known of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::DriftKind;
use trimtab_core::name::{AlarmArn, CommitId};
use trimtab_core::text::one_line;

/// How many features are named, and how long a name may be: together they fit into a parameter of a
/// pipeline, which takes 1,024 characters.
const MOST_FEATURES: usize = 15;
const LONGEST_FEATURE: usize = 64;

/// Why a run is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What it is about, the same for every delivery of it: an alarm's transition, a commit.
    pub subject: String,
    /// One word for the incident's id, such as `drift`.
    pub kind: Kind,
    /// The reason, in words.
    pub reason: String,
    /// The commit to train, where one asks.
    pub commit: Option<CommitId>,
    /// The features that drifted, where they are known; safe to show.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
    /// Whether a person wants it whatever has been spent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_budget: bool,
}

impl Trigger {
    /// One with nothing else known of it.
    #[must_use]
    pub fn new(kind: Kind, subject: String, reason: String) -> Self {
        Self { subject, kind, reason, commit: None, features: BTreeSet::new(), over_budget: false }
    }

    /// An alarm's transition. The kind of drift may not be known of a composite alarm.
    #[must_use]
    pub fn of_alarm(
        arn: &AlarmArn,
        name: &str,
        drift: Option<DriftKind>,
        since: Timestamp,
        features: &BTreeSet<String>,
    ) -> Self {
        let what = drift.map_or_else(|| "composite".to_owned(), |kind| kind.to_string());
        let named = Self::new(Kind::Drift, String::new(), String::new());
        let named = named.with_features(features.iter().map(String::as_str));
        let about = if named.features.is_empty() { String::new() } else { format!(" of {}", named.named()) };
        let reason = format!("{what} drift{about}: alarm {name} since {since}");
        Self::new(Kind::Drift, format!("alarm/{arn}@{since}"), reason)
            .with_features(features.iter().map(String::as_str))
    }

    /// The same with the features that it is about, of any origin.
    #[must_use]
    pub fn with_features<'a>(mut self, features: impl IntoIterator<Item = &'a str>) -> Self {
        self.features = features.into_iter().filter_map(feature).take(MOST_FEATURES).collect();
        self
    }

    /// The features with commas between.
    #[must_use]
    pub fn named(&self) -> String {
        self.features.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }

    /// The ARN of the alarm whose transition it is, if it is one: an alarm can be looked at again.
    #[must_use]
    pub fn alarm(&self) -> Option<&str> {
        self.subject.strip_prefix("alarm/")?.rsplit_once('@').map(|(arn, _)| arn)
    }

    /// Whether it is a transition of this alarm.
    #[must_use]
    pub fn is_of(&self, alarm: &AlarmArn) -> bool {
        self.alarm() == Some(alarm.as_str())
    }
}

/// A feature's name as it may stand in a parameter: what is no letter, digit, `_`, `.` or `-` becomes `_`.
fn feature(name: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let name: String = one_line(name, LONGEST_FEATURE).chars().map(plain).collect();
    (!name.is_empty()).then_some(name)
}

/// The kinds of trigger; they differ in which limits hold for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The world moved: cool-down, circuit and budget hold.
    Drift,
    /// A person pushed code: only the budget holds.
    Build,
    /// A person pushed an image: as for code.
    Image,
    /// New data in S3: the budget holds, and the cool-down unless the policy says otherwise.
    Data,
    /// New data of a feature group: as for data.
    Features,
    /// No run for so long: only the budget holds.
    Schedule,
    /// A person asked: only the budget holds, unless they say otherwise.
    Operator,
}

impl Kind {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Build => "build",
            Self::Image => "image",
            Self::Data => "data",
            Self::Features => "features",
            Self::Schedule => "schedule",
            Self::Operator => "operator",
        }
    }

    /// Whether a person is behind it, who waits for a run of their own.
    #[must_use]
    pub fn is_of_a_person(self) -> bool {
        matches!(self, Self::Build | Self::Image | Self::Operator)
    }
}
