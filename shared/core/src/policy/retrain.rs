//! `[retrain]`: what is trained, on what, and within which limits.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::length;
use crate::event::DriftKind;
use crate::name::{AlarmName, PipelineName};

/// What is trained, on which alarms, and within which limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrain {
    /// The SageMaker pipeline.
    pub pipeline: PipelineName,
    /// The model's alarms.
    #[serde(default)]
    pub alarms: BTreeSet<AlarmName>,
    /// The kinds of drift that count; all unless named.
    #[serde(default = "every_drift")]
    pub drift: BTreeSet<DriftKind>,
    /// How long after a run's end drift starts nothing.
    #[serde(with = "length")]
    pub cool_down: SignedDuration,
    /// How many runs in how long a time.
    pub budget: Budget,
    /// After so many drift runs in a row that did not end the drift, no more are started: one
    /// message, and one more try per budget window, until the drift ends or a commit is trained.
    #[serde(default = "three")]
    pub give_up_after: u32,
    /// What the run is told.
    #[serde(default)]
    pub parameters: Parameters,
}

fn three() -> u32 {
    3
}

fn every_drift() -> BTreeSet<DriftKind> {
    use DriftKind::{Bias, DataQuality, FeatureAttribution, ModelQuality};
    [DataQuality, ModelQuality, Bias, FeatureAttribution].into()
}

/// How many runs in how long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// At most this many runs are started…
    pub runs: u32,
    /// …within any stretch of this length.
    #[serde(with = "length")]
    pub per: SignedDuration,
}

/// Under which parameter of the pipeline each thing is handed over. What is not named is not
/// handed over: SageMaker refuses a run with a parameter that its pipeline does not declare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The commit.
    pub commit: Option<String>,
    /// The incident's id.
    pub incident: Option<String>,
    /// `drift` or `build`.
    pub reason: Option<String>,
}

pub(super) fn limits(retrain: &Retrain) -> Option<Fault> {
    let rules = [
        (
            retrain.budget.runs > 0,
            "retrain.budget",
            "expected runs to be at least 1; to switch training off, leave [retrain] out",
        ),
        (retrain.give_up_after > 0, "retrain.give_up_after", "expected at least 1"),
        // CloudWatch describes 100 at once; `monitor` may add one for each kind.
        (retrain.alarms.len() <= 96, "retrain.alarms", "expected at most 96 alarms"),
        (!retrain.drift.is_empty(), "retrain.drift", "expected at least one kind of drift"),
    ];
    super::check::first(rules)
}
