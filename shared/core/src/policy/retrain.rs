//! `[retrain]`: what is trained, on what, and within which limits.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::engine::{self, Airflow, Engine, Kubeflow};
use super::length;
use crate::event::DriftKind;
use crate::name::{AlarmName, DeliveryName, PipelineName, StateMachineArn};

/// What is trained, on which alarms, and within which limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Retrain {
    /// What trains.
    pub engine: Engine,
    /// The model's alarms.
    pub alarms: BTreeSet<AlarmName>,
    /// The kinds of drift that count; all unless named.
    pub drift: BTreeSet<DriftKind>,
    /// How long after a run's end drift starts nothing.
    pub cool_down: SignedDuration,
    /// How many runs in how long a time.
    pub budget: Budget,
    /// After so many drift runs in a row that did not end the drift, no more are started: one
    /// message, and one more try per budget window, until the drift ends or a commit is trained.
    pub give_up_after: u32,
    /// What the run is told.
    pub parameters: Parameters,
}

/// `[retrain]` as it is written: exactly one engine.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state_machine: Option<StateMachineArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    airflow: Option<Airflow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kubeflow: Option<Kubeflow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codepipeline: Option<DeliveryName>,
    #[serde(default)]
    alarms: BTreeSet<AlarmName>,
    #[serde(default = "every_drift")]
    drift: BTreeSet<DriftKind>,
    #[serde(with = "length")]
    cool_down: SignedDuration,
    budget: Budget,
    #[serde(default = "three")]
    give_up_after: u32,
    #[serde(default)]
    parameters: Parameters,
}

impl TryFrom<Written> for Retrain {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let named = [
            written.pipeline.map(Engine::Pipeline),
            written.state_machine.map(Engine::StateMachine),
            written.airflow.map(Engine::Airflow),
            written.kubeflow.map(Engine::Kubeflow),
            written.codepipeline.map(Engine::Codepipeline),
        ];
        let mut named = named.into_iter().flatten();
        let (Some(engine), None) = (named.next(), named.next()) else {
            return Err("expected exactly one of pipeline, state_machine, airflow, kubeflow and codepipeline");
        };
        let Written { alarms, drift, cool_down, budget, give_up_after, parameters, .. } = written;
        Ok(Self { engine, alarms, drift, cool_down, budget, give_up_after, parameters })
    }
}

impl From<Retrain> for Written {
    fn from(retrain: Retrain) -> Self {
        let Retrain { engine, alarms, drift, cool_down, budget, give_up_after, parameters } = retrain;
        let (mut pipeline, mut state_machine, mut airflow, mut kubeflow, mut codepipeline) =
            (None, None, None, None, None);
        match engine {
            Engine::Pipeline(name) => pipeline = Some(name),
            Engine::StateMachine(arn) => state_machine = Some(arn),
            Engine::Airflow(dag) => airflow = Some(dag),
            Engine::Kubeflow(place) => kubeflow = Some(place),
            Engine::Codepipeline(name) => codepipeline = Some(name),
        }
        Self {
            pipeline,
            state_machine,
            airflow,
            kubeflow,
            codepipeline,
            alarms,
            drift,
            cool_down,
            budget,
            give_up_after,
            parameters,
        }
    }
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
/// handed over: an engine refuses a run with a parameter that its pipeline does not declare. State
/// machines and DAGs declare none, and get all by these names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The commit.
    pub commit: Option<String>,
    /// The incident's id.
    pub incident: Option<String>,
    /// `drift`, `build` or `image`.
    pub reason: Option<String>,
    /// The experiment that the run belongs to: the model's name.
    pub experiment: Option<String>,
    /// The trial within it: the incident's id.
    pub trial: Option<String>,
    /// The image, by its digest: the newest of `integrate.image`.
    pub image: Option<String>,
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
    super::check::first(rules).or_else(|| engine::limits(&retrain.engine, &retrain.parameters))
}
