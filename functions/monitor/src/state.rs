//! The aggregates: what was told of a model, and the watch of each kind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::DriftKind;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{EndpointName, ModelName, S3Uri};
use trimtab_core::policy::monitor::{alarm_name, schedule_name, slug};
use trimtab_core::text::digest;

/// What the ledger keeps: of the model `blind`, of a kind `watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The configuration of which was told that it keeps nothing of its traffic.
    #[serde(default)]
    pub blind: Option<String>,
    /// How often that was told: each time has a dedup key of its own.
    #[serde(default)]
    pub times_blind: u32,
    /// The watch of a kind.
    #[serde(default)]
    pub watch: Option<Watch>,
}

/// The watch over one kind of drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The model.
    pub model: ModelName,
    /// Its endpoint.
    pub endpoint: EndpointName,
    /// The kind.
    pub kind: DriftKind,
    /// The version that is live.
    pub version: u32,
    /// What shall be in place; `None` until there is a baseline.
    pub goal: Option<Placed>,
    /// Whether the schedule has the definition.
    pub scheduled: bool,
    /// Whether the alarm is put.
    pub armed: bool,
    /// Definitions that are to be removed.
    pub superseded: BTreeSet<String>,
    /// What was told of it last.
    pub told: Option<String>,
    /// The failure that was told last.
    pub failed: Option<String>,
    /// Whether it is being taken down.
    pub ending: bool,
}

/// What shall be in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The definition.
    pub definition: String,
    /// When the schedule runs.
    pub expression: String,
    /// The alarm, by what it holds.
    pub alarm: String,
    /// The constraints that the version is held against.
    pub constraints: S3Uri,
}

impl Watch {
    /// The watch before anything is in place.
    #[must_use]
    pub fn new(model: &ModelName, endpoint: &EndpointName, kind: DriftKind) -> Self {
        Self {
            model: model.clone(),
            endpoint: endpoint.clone(),
            kind,
            version: 0,
            goal: None,
            scheduled: false,
            armed: false,
            superseded: BTreeSet::new(),
            told: None,
            failed: None,
            ending: false,
        }
    }

    /// What it would tell if all is in place.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let Placed { definition, expression, alarm, .. } = self.goal.as_ref()?;
        Some(digest(&[&self.version.to_string(), definition, expression, alarm], 8))
    }

    /// Whether all is in place, and was not told yet.
    #[must_use]
    pub fn is_news(&self) -> bool {
        let done = self.scheduled && self.armed && self.superseded.is_empty() && !self.ending;
        done && self.told != self.token()
    }

    /// Tells that all is in place.
    pub fn tell_placed(&mut self, at: Timestamp) -> Fact {
        let kind = if self.told.is_none() { FactKind::MonitoringStarted } else { FactKind::MonitoringChanged };
        self.told = self.token();
        self.failed = None;
        let about = self.told.clone().unwrap_or_default();
        let text = format!("version {} is held against its baseline for drift of {}", self.version, self.kind);
        self.tell(kind, &about, text, at)
    }

    /// Tells that nothing of it is left.
    #[must_use]
    pub fn tell_ended(&self, at: Timestamp) -> Fact {
        let about = format!("ended/{}", self.told.as_deref().unwrap_or_default());
        let text = format!("the policy no longer asks for drift of {}: its schedule and alarm are gone", self.kind);
        self.tell(FactKind::MonitoringChanged, &about, text, at)
    }

    /// A fact about it.
    #[must_use]
    pub fn tell(&self, kind: FactKind, about: &str, reason: String, at: Timestamp) -> Fact {
        let mut details = BTreeMap::from([
            ("version".to_owned(), self.version.to_string()),
            ("kind".to_owned(), slug(self.kind).to_owned()),
            ("schedule".to_owned(), schedule_name(&self.model, self.kind)),
            ("alarm".to_owned(), alarm_name(&self.endpoint, self.kind)),
        ]);
        details.extend(self.goal.as_ref().map(|goal| ("baseline".to_owned(), goal.constraints.to_string())));
        Fact {
            kind,
            version: fact::VERSION,
            model: Some(self.model.clone()),
            dedup_key: format!("watch/{}/{}/{about}", self.model, slug(self.kind)),
            at,
            reasons: vec![reason],
            details,
        }
    }
}
