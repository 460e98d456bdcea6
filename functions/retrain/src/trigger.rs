//! The trigger of a training run: its subject, the reason in words, and the details that the run receives.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::DriftKind;
use trimtab_core::name::{AlarmArn, CommitId, ImageUri, ResourceName};
use trimtab_core::text::one_line;

/// Limits of the features in a trigger. Together they fit into a parameter of a pipeline, which takes 1,024 characters.
const MAX_FEATURES: usize = 15;
const MAX_FEATURE_LENGTH: usize = 64;

/// A trigger of a training run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What it is about, the same for every delivery of its event.
    pub subject: TriggerSubject,
    /// The reason in words; safe to display.
    pub reason: String,
    /// The features that drifted, where they are known; safe to display.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
    /// Whether an operator allowed this run to exceed the budget.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_budget: bool,
}

/// What a trigger is about. Its text form is part of the run's name and token, so it never contains the time of
/// delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSubject {
    /// The transition of an alarm to ALARM.
    Alarm {
        /// The alarm.
        arn: AlarmArn,
        /// The time of the transition.
        since: Timestamp,
    },
    /// A run of a monitoring schedule that found violations.
    MonitoringRun(ResourceName),
    /// A built commit.
    Commit(CommitId),
    /// A pushed training image.
    Image {
        /// The image, by its digest.
        uri: ImageUri,
        /// Its number among the model's images.
        serial: u32,
    },
    /// The id of an operator's request.
    Operator(String),
    /// A batch of new data in S3, by the time of its first object.
    Data(Timestamp),
    /// A batch of new offline data of a feature group, by the time of its first object.
    Features(Timestamp),
    /// A run on a schedule, by the time from which the schedule counts.
    Schedule(Timestamp),
}

impl fmt::Display for TriggerSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { arn, since } => write!(f, "alarm/{arn}@{since}"),
            Self::MonitoringRun(job) => write!(f, "monitoring/{job}"),
            Self::Commit(commit) => write!(f, "commit/{commit}"),
            Self::Image { uri, serial } => write!(f, "image/{uri}/{serial}"),
            Self::Operator(id) => write!(f, "operator/{id}"),
            Self::Data(since) => write!(f, "data/{since}"),
            Self::Features(since) => write!(f, "features/{since}"),
            Self::Schedule(from) => write!(f, "schedule/{from}"),
        }
    }
}

impl Trigger {
    /// A trigger without features, within the budget.
    #[must_use]
    pub fn new(subject: TriggerSubject, reason: impl Into<String>) -> Self {
        Self { subject, reason: reason.into(), features: BTreeSet::new(), over_budget: false }
    }

    /// The transition of an alarm. The kind of drift of a composite alarm may be unknown.
    #[must_use]
    pub fn of_alarm(
        arn: AlarmArn,
        name: &str,
        drift: Option<DriftKind>,
        since: Timestamp,
        features: &BTreeSet<String>,
    ) -> Self {
        let mut trigger = Self::new(TriggerSubject::Alarm { arn, since }, "").with_features(features);
        let drift = drift.map_or_else(|| "composite".to_owned(), |kind| kind.to_string());
        let features = match trigger.features.is_empty() {
            true => String::new(),
            false => format!(" of {}", trigger.feature_list()),
        };
        trigger.reason = format!("{drift} drift{features}: alarm {name} since {since}");
        trigger
    }

    /// The same trigger with these features, which may be untrusted.
    #[must_use]
    pub fn with_features(mut self, features: &BTreeSet<String>) -> Self {
        self.features = features.iter().filter_map(|name| safe_feature(name)).take(MAX_FEATURES).collect();
        self
    }

    /// The kind, which follows from the subject.
    #[must_use]
    pub fn kind(&self) -> TriggerKind {
        match self.subject {
            TriggerSubject::Alarm { .. } | TriggerSubject::MonitoringRun(_) => TriggerKind::Drift,
            TriggerSubject::Commit(_) => TriggerKind::Build,
            TriggerSubject::Image { .. } => TriggerKind::Image,
            TriggerSubject::Operator(_) => TriggerKind::Operator,
            TriggerSubject::Data(_) => TriggerKind::Data,
            TriggerSubject::Features(_) => TriggerKind::Features,
            TriggerSubject::Schedule(_) => TriggerKind::Schedule,
        }
    }

    /// The commit to train, if the trigger names one.
    #[must_use]
    pub fn commit(&self) -> Option<&CommitId> {
        match &self.subject {
            TriggerSubject::Commit(commit) => Some(commit),
            _ => None,
        }
    }

    /// The alarm whose transition this is. Its state can be read again later.
    #[must_use]
    pub fn alarm(&self) -> Option<&AlarmArn> {
        match &self.subject {
            TriggerSubject::Alarm { arn, .. } => Some(arn),
            _ => None,
        }
    }

    /// The features, separated by commas.
    #[must_use]
    pub fn feature_list(&self) -> String {
        self.features.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

/// The feature's name as a parameter may contain it: letters, digits, `_`, `.` and `-`; other characters become `_`.
fn safe_feature(name: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let name: String = one_line(name, MAX_FEATURE_LENGTH).chars().map(plain).collect();
    (!name.is_empty()).then_some(name)
}

/// The kinds of trigger. They differ in the limits that apply to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// Drift: cool-down, circuit breaker and budget apply.
    Drift,
    /// A built commit: only the budget applies.
    Build,
    /// A pushed image: only the budget applies.
    Image,
    /// New data in S3: the budget applies, and the cool-down unless the policy excludes it.
    Data,
    /// New offline data of a feature group: the same limits as for data.
    Features,
    /// No run for as long as `retrain.every`: only the budget applies.
    Schedule,
    /// An operator's request: only the budget applies, unless the request exceeds it.
    Operator,
}

impl TriggerKind {
    /// The word in incident ids, facts, parameters and reason codes.
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

    /// Whether the trigger changes what is trained, or an operator waits for it. A run that had already started does
    /// not serve it: it gets the next one.
    #[must_use]
    pub fn needs_own_run(self) -> bool {
        matches!(self, Self::Build | Self::Image | Self::Operator)
    }
}
