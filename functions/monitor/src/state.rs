//! The two aggregates: a model's endpoint, and the monitoring of one kind of drift.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trimtab_core::event::DriftKind;
use trimtab_core::name::{EndpointName, ModelName, S3Uri};
use trimtab_core::text::digest;

/// An aggregate of `monitor`, as the ledger stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "aggregate", rename_all = "kebab-case")]
pub enum State {
    /// Nothing is stored.
    #[default]
    Empty,
    /// The model's endpoint.
    Model(ModelState),
    /// Monitoring of one kind of drift.
    Kind(Monitoring),
}

/// Reports about a model's endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelState {
    /// The configuration without data capture that was reported last; `None` once the endpoint captures data.
    pub without_capture: Option<String>,
    /// Number of such reports; part of the dedup key, so that each has its own message.
    pub reports: u32,
}

/// Monitoring of one kind of drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitoring {
    /// The model.
    pub model: ModelName,
    /// The monitored endpoint.
    pub endpoint: EndpointName,
    /// The kind of drift.
    pub kind: DriftKind,
    /// The live version.
    pub version: u32,
    /// The configuration to apply; `None` until there is a baseline.
    pub desired: Option<Configuration>,
    /// Whether the schedule has the desired definition.
    pub scheduled: bool,
    /// Whether the desired alarm was put.
    pub alarm_set: bool,
    /// Job definitions to delete.
    pub superseded: BTreeSet<String>,
    /// Fingerprint of the configuration that was reported last.
    pub reported: Option<String>,
    /// Fingerprint of the failure that was reported last; `None` once monitoring works.
    pub failure_reported: Option<String>,
    /// Whether the policy no longer has this kind, and its resources are being removed.
    pub removing: bool,
}

/// The configuration of schedule and alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Name of the job definition, which is derived from its content.
    pub definition: String,
    /// `ScheduleExpression`.
    pub expression: String,
    /// Fingerprint of the alarm.
    pub alarm: String,
    /// The constraints of the baseline.
    pub constraints: S3Uri,
}

impl State {
    /// The model's endpoint; default values if nothing is stored.
    #[must_use]
    pub fn model(&self) -> ModelState {
        match self {
            Self::Model(model) => model.clone(),
            Self::Empty | Self::Kind(_) => ModelState::default(),
        }
    }

    /// Monitoring of the kind; `None` if it was never begun, or was removed.
    #[must_use]
    pub fn monitoring(&self) -> Option<&Monitoring> {
        match self {
            Self::Kind(monitoring) => Some(monitoring),
            Self::Empty | Self::Model(_) => None,
        }
    }
}

impl Monitoring {
    /// Monitoring before anything is configured.
    #[must_use]
    pub fn new(model: &ModelName, endpoint: &EndpointName, kind: DriftKind) -> Self {
        Self {
            model: model.clone(),
            endpoint: endpoint.clone(),
            kind,
            version: 0,
            desired: None,
            scheduled: false,
            alarm_set: false,
            superseded: BTreeSet::new(),
            reported: None,
            failure_reported: None,
            removing: false,
        }
    }

    /// Identity of the desired configuration of this version; 8 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        let Configuration { definition, expression, alarm, .. } = self.desired.as_ref()?;
        Some(digest(&[&self.version.to_string(), definition, expression, alarm], 8))
    }

    /// Whether the desired configuration is in place, and was not reported yet.
    #[must_use]
    pub fn is_to_be_reported(&self) -> bool {
        let in_place = self.scheduled && self.alarm_set && self.superseded.is_empty() && !self.removing;
        in_place && self.reported != self.fingerprint()
    }

    /// Records that the desired configuration was reported. A later failure is reported again.
    pub fn mark_reported(&mut self) {
        self.reported = self.fingerprint();
        self.failure_reported = None;
    }
}
