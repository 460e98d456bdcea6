//! `[retrain]`: the training engine, the triggers and the limits.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::duration;
use super::engine::{self, Airflow, Engine, Kubeflow};
use super::validate::Fault;
use trimtab_names::drift::DriftKind;
use trimtab_names::name::{AlarmName, CodePipelineName, FeatureGroupName, PipelineName, ScheduleName, StateMachineArn};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The training engine, the triggers and the limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "RetrainToml", into = "RetrainToml")]
pub struct Retrain {
    /// The training engine.
    pub engine: Engine,
    /// The alarms on drift, without those that `monitor` creates.
    pub alarms: BTreeSet<AlarmName>,
    /// The kinds of drift that start a run.
    pub drift: BTreeSet<DriftKind>,
    /// The time after the end of a run during which drift starts no run.
    pub cool_down: SignedDuration,
    /// The largest number of runs in a window.
    pub budget: Budget,
    /// The number of consecutive drift runs without ending the drift, after which the circuit opens.
    pub circuit_breaker_threshold: u32,
    /// The monitoring schedules whose violations count as drift.
    pub monitors: BTreeSet<ScheduleName>,
    /// New data in S3 as a trigger, and how it is collected.
    pub data: Option<Data>,
    /// The feature groups whose new offline data is a trigger, collected as `data` specifies.
    pub feature_groups: BTreeSet<FeatureGroupName>,
    /// The time without a run after which one is started; absent means never.
    pub every: Option<SignedDuration>,
    /// The names of the parameters of a run.
    pub parameters: Parameters,
}

/// `[retrain]` in TOML, with exactly one engine.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RetrainToml {
    /// A SageMaker pipeline as the training engine. Write exactly one of `pipeline`, `state_machine`, `airflow`, `kubeflow`
    /// and `codepipeline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineName>,
    /// A STANDARD state machine of Step Functions as the engine, by its ARN. Its name must end with `-training`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state_machine: Option<StateMachineArn>,
    /// A DAG on Amazon MWAA as the engine. Requires `[reconcile]`, because Airflow sends no events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    airflow: Option<Airflow>,
    /// A pipeline of Kubeflow Pipelines as the engine. Requires `[reconcile]`, because Kubeflow sends no events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kubeflow: Option<Kubeflow>,
    /// A CodePipeline pipeline (V2) as the engine. Its name must end with `-training`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codepipeline: Option<CodePipelineName>,
    /// The model's alarms that start a run when they fire: alarms on metrics of SageMaker's monitors, or composite alarms of
    /// them. The alarms that `[monitor]` creates count without being listed.
    #[serde(default)]
    alarms: BTreeSet<AlarmName>,
    /// The kinds of drift that start a run.
    #[serde(default = "every_drift")]
    drift: BTreeSet<DriftKind>,
    /// The time after the end of any run during which drift starts no run.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    cool_down: SignedDuration,
    /// The budget: the largest number of runs in a window, for all triggers.
    budget: Budget,
    /// The number of consecutive drift runs that did not end the drift, after which the circuit breaker opens: one critical
    /// message, and one drift run in each budget window, until the drift ends, or a run for a commit, an image or an
    /// operator starts.
    #[serde(default = "three")]
    circuit_breaker_threshold: u32,
    /// The monitoring schedules whose violations count as drift, with or without an alarm.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    monitors: BTreeSet<ScheduleName>,
    /// New data in S3 that starts a run, and how it is collected. Requires `[reconcile]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    /// The feature groups whose new data in the offline store starts a run, collected as `[retrain.data]` specifies.
    /// Requires `[reconcile]`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    feature_groups: BTreeSet<FeatureGroupName>,
    /// The time without a run after which Trimtab starts one, such as `"30d"`. Requires `[reconcile]`. Without it, no run
    /// starts on a schedule.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<duration::Text>"))]
    every: Option<SignedDuration>,
    /// The names of the pipeline's own parameters. A value without a name is not passed, because SageMaker, CodePipeline
    /// and Kubeflow refuse undeclared parameters. State machines and DAGs receive all values under the names of these keys.
    #[serde(default)]
    parameters: Parameters,
}

impl TryFrom<RetrainToml> for Retrain {
    type Error = &'static str;
    fn try_from(written: RetrainToml) -> Result<Self, Self::Error> {
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
        let RetrainToml {
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

impl From<Retrain> for RetrainToml {
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
            Engine::Kubeflow(api) => kubeflow = Some(api),
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

/// The largest number of runs in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The largest number of runs that are started in a window.
    pub runs: u32,
    /// The length of the sliding window.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub per: SignedDuration,
}

/// The names of the pipeline's parameters. A value without a name is not passed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The parameter for the commit.
    pub commit: Option<String>,
    /// The parameter for the ID of the incident. CodePipeline requires it, because Trimtab recognizes its runs by it.
    pub incident: Option<String>,
    /// The parameter for the trigger: `drift`, `build`, `image`, `data`, `features`, `schedule` or `operator`.
    pub reason: Option<String>,
    /// The parameter for the experiment of the run: the name of the model.
    pub experiment: Option<String>,
    /// The parameter for the trial within the experiment: the ID of the incident.
    pub trial: Option<String>,
    /// The parameter for the image, by its digest: the newest of `integrate.image`.
    pub image: Option<String>,
    /// The parameter for the features that drifted, separated by commas, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
}

impl Parameters {
    /// The names that the policy specifies.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        let Self { commit, incident, reason, experiment, trial, image, features } = self;
        [commit, incident, reason, experiment, trial, image, features].into_iter().flatten()
    }
}

impl Retrain {
    /// How new data is collected, with the defaults if the policy has no `[retrain.data]`.
    #[must_use]
    pub fn data_or_default(&self) -> Data {
        self.data.clone().unwrap_or_default()
    }
}

const NEEDS_RECONCILE: &str = "expected a [reconcile] table: the run is started while reconciling";

pub(super) fn limits(retrain: &Retrain, reconciled: bool) -> Option<Fault> {
    let data = retrain.data_or_default();
    let rules = [
        (
            retrain.budget.runs > 0,
            "retrain.budget",
            "expected runs to be at least 1; to disable training, leave [retrain] out",
        ),
        (retrain.circuit_breaker_threshold > 0, "retrain.circuit_breaker_threshold", "expected at least 1"),
        // CloudWatch describes 100 alarms in one call; `monitor` adds up to four.
        (retrain.alarms.len() <= 96, "retrain.alarms", "expected at most 96 alarms"),
        (!retrain.drift.is_empty(), "retrain.drift", "expected at least one kind of drift"),
        // Each reconcile makes one call for each of them.
        (retrain.monitors.len() <= 10, "retrain.monitors", "expected at most 10 schedules"),
        (reconciled || retrain.data.is_none(), "retrain.data", NEEDS_RECONCILE),
        (reconciled || retrain.feature_groups.is_empty(), "retrain.feature_groups", NEEDS_RECONCILE),
        (reconciled || retrain.every.is_none(), "retrain.every", NEEDS_RECONCILE),
        (
            retrain.data.is_none() || !(data.prefixes.is_empty() && retrain.feature_groups.is_empty()),
            "retrain.data",
            "expected prefixes, or retrain.feature_groups: otherwise there is no data to collect",
        ),
        (retrain.every.is_none_or(|every| every >= HOUR), "retrain.every", "expected at least \"1h\""),
        (
            data.debounce >= MINUTE && data.debounce <= data.max_wait,
            "retrain.data.debounce",
            "expected at least \"1m\", and no more than max_wait (\"6h\" unless set)",
        ),
        ((1..=super::data::MOST_AWAITED).contains(&data.min_objects), "retrain.data.min_objects", "expected 1 to 100"),
    ];
    super::validate::first(rules).or_else(|| engine::limits(&retrain.engine, &retrain.parameters))
}
