//! `[retrain]`: what is trained, on what, and within which limits.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::data::Data;
use super::engine::{self, Airflow, Engine, Kubeflow};
use super::length;
use trimtab_names::drift::DriftKind;
use trimtab_names::name::{AlarmName, CodePipelineName, FeatureGroupName, PipelineName, ScheduleName, StateMachineArn};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

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
    pub circuit_breaker_threshold: u32,
    /// The monitoring schedules whose runs count as drift when they find violations, with an alarm or without.
    pub monitors: BTreeSet<ScheduleName>,
    /// New data in S3 that asks for a run, and how it is gathered.
    pub data: Option<Data>,
    /// The feature groups whose new offline data asks for a run; it is gathered as `data` says.
    pub feature_groups: BTreeSet<FeatureGroupName>,
    /// A run if none has been started for so long, whatever asked for it; absent means never.
    pub every: Option<SignedDuration>,
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
    codepipeline: Option<CodePipelineName>,
    #[serde(default)]
    alarms: BTreeSet<AlarmName>,
    #[serde(default = "every_drift")]
    drift: BTreeSet<DriftKind>,
    #[serde(with = "length")]
    cool_down: SignedDuration,
    budget: Budget,
    #[serde(default = "three")]
    circuit_breaker_threshold: u32,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    monitors: BTreeSet<ScheduleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    feature_groups: BTreeSet<FeatureGroupName>,
    #[serde(default, with = "length::optional", skip_serializing_if = "Option::is_none")]
    every: Option<SignedDuration>,
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
        let Written {
            alarms,
            drift,
            cool_down,
            budget,
            circuit_breaker_threshold,
            monitors,
            data,
            feature_groups,
            every,
            parameters,
            ..
        } = written;
        Ok(Self {
            engine,
            alarms,
            drift,
            cool_down,
            budget,
            circuit_breaker_threshold,
            monitors,
            data,
            feature_groups,
            every,
            parameters,
        })
    }
}

impl From<Retrain> for Written {
    fn from(retrain: Retrain) -> Self {
        let Retrain {
            engine,
            alarms,
            drift,
            cool_down,
            budget,
            circuit_breaker_threshold,
            monitors,
            data,
            feature_groups,
            every,
            parameters,
        } = retrain;
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
            circuit_breaker_threshold,
            monitors,
            data,
            feature_groups,
            every,
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
    /// `drift`, `build`, `image`, `data`, `features`, `schedule` or `operator`.
    pub reason: Option<String>,
    /// The experiment that the run belongs to: the model's name.
    pub experiment: Option<String>,
    /// The trial within it: the incident's id.
    pub trial: Option<String>,
    /// The image, by its digest: the newest of `integrate.image`.
    pub image: Option<String>,
    /// The features that drifted, with commas between, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
}

impl Parameters {
    /// The names that are given.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        let Self { commit, incident, reason, experiment, trial, image, features } = self;
        [commit, incident, reason, experiment, trial, image, features].into_iter().flatten()
    }
}

impl Retrain {
    /// How new data is gathered.
    #[must_use]
    pub fn gathering(&self) -> Data {
        self.data.clone().unwrap_or_default()
    }
}

/// What is found by looking needs somebody who looks.
const LOOK: &str = "expected a [reconcile] table: the run is started by looking";

pub(super) fn limits(retrain: &Retrain, reconciled_models: bool) -> Option<Fault> {
    let data = retrain.gathering();
    let rules = [
        (
            retrain.budget.runs > 0,
            "retrain.budget",
            "expected runs to be at least 1; to switch training off, leave [retrain] out",
        ),
        (retrain.circuit_breaker_threshold > 0, "retrain.circuit_breaker_threshold", "expected at least 1"),
        // CloudWatch describes 100 at once; `monitor` may add one for each kind.
        (retrain.alarms.len() <= 96, "retrain.alarms", "expected at most 96 alarms"),
        (!retrain.drift.is_empty(), "retrain.drift", "expected at least one kind of drift"),
        // Each look asks about each of them.
        (retrain.monitors.len() <= 10, "retrain.monitors", "expected at most 10 schedules"),
        (reconciled_models || retrain.data.is_none(), "retrain.data", LOOK),
        (reconciled_models || retrain.feature_groups.is_empty(), "retrain.feature_groups", LOOK),
        (reconciled_models || retrain.every.is_none(), "retrain.every", LOOK),
        (
            retrain.data.is_none() || !(data.prefixes.is_empty() && retrain.feature_groups.is_empty()),
            "retrain.data",
            "expected prefixes, or feature_groups beside it: nothing is gathered otherwise",
        ),
        (retrain.every.is_none_or(|every| every >= HOUR), "retrain.every", "expected at least \"1h\""),
        (
            data.debounce >= MINUTE && data.debounce <= data.max_wait,
            "retrain.data.debounce",
            "expected at least \"1m\", and no more than max_wait (\"6h\" unless set)",
        ),
        ((1..=super::data::MOST_AWAITED).contains(&data.min_objects), "retrain.data.min_objects", "expected 1 to 100"),
    ];
    super::check::first(rules).or_else(|| engine::limits(&retrain.engine, &retrain.parameters))
}
