//! What trains: the engine that a policy names in `[retrain]`, exactly one.

use serde::{Deserialize, Serialize};

use super::integrate::is_variable;
use super::retrain::Parameters;
use super::validate::Fault;
use trimtab_names::name::{
    CodePipelineName, DagId, EnvironmentName, HttpsUrl, KubeflowId, PipelineName, SecretName, StateMachineArn,
    TRAINING, word,
};

/// The training engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// A SageMaker pipeline.
    Pipeline(PipelineName),
    /// A STANDARD state machine of Step Functions. Its name ends with [`TRAINING`]: only then do its events reach
    /// `retrain`, and only then may `retrain` start it.
    StateMachine(StateMachineArn),
    /// A DAG in an environment of Amazon MWAA.
    Airflow(Airflow),
    /// A pipeline of Kubeflow Pipelines.
    Kubeflow(Kubeflow),
    /// A pipeline of CodePipeline, type V2. Its name ends with [`TRAINING`].
    Codepipeline(CodePipelineName),
}

/// A DAG in an environment of Amazon MWAA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Airflow {
    /// The MWAA environment.
    pub environment: EnvironmentName,
    /// The ID of the DAG.
    pub dag: DagId,
}

/// A pipeline of Kubeflow Pipelines, and how to reach its API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Kubeflow {
    /// The base URL of Kubeflow's API.
    pub url: HttpsUrl,
    /// The ID of the pipeline; runs use its newest version.
    pub pipeline: KubeflowId,
    /// The ID of the experiment of the runs. Without it, Kubeflow's default experiment is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<KubeflowId>,
    /// The secret in Secrets Manager that contains the bearer token and nothing else.
    pub secret: SecretName,
    /// Certificates in PEM of the authorities that sign the server's certificate, instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// The longest path that MWAA accepts: `/dags/DAG/dagRuns/RUN`.
/// <https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html>
const PATH: usize = 64;

/// The length of a path without the DAG, with a run ID of up to 18 characters.
const PATH_REST: usize = "/dags//dagRuns/".len() + 18;

/// The longest bundle of certificates: the whole policy is one item of the ledger.
const BUNDLE: usize = 20_000;

impl Engine {
    /// The SageMaker pipeline; `None` for other engines.
    #[must_use]
    pub fn pipeline(&self) -> Option<&PipelineName> {
        match self {
            Self::Pipeline(pipeline) => Some(pipeline),
            _ => None,
        }
    }

    /// Whether AWS sends an event at the end of a run. Reconciling finds the end for other engines.
    #[must_use]
    pub fn sends_events(&self) -> bool {
        !matches!(self, Self::Airflow(_) | Self::Kubeflow(_))
    }

    /// Whether a run accepts any parameter; other engines refuse one that the pipeline does not declare.
    #[must_use]
    pub fn takes_anything(&self) -> bool {
        matches!(self, Self::StateMachine(_) | Self::Airflow(_))
    }

    /// The kind of engine for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pipeline(_) => "pipeline",
            Self::StateMachine(_) => "state machine",
            Self::Airflow(_) => "dag",
            Self::Kubeflow(_) => "kubeflow pipeline",
            Self::Codepipeline(_) => "codepipeline",
        }
    }

    /// The name of the pipeline, state machine or DAG for messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Pipeline(pipeline) => pipeline.to_string(),
            Self::StateMachine(machine) => machine.name().to_owned(),
            Self::Airflow(airflow) => format!("{}/{}", airflow.environment, airflow.dag),
            Self::Kubeflow(kubeflow) => kubeflow.pipeline.to_string(),
            Self::Codepipeline(pipeline) => pipeline.to_string(),
        }
    }
}

pub(super) fn limits(engine: &Engine, parameters: &Parameters) -> Option<Fault> {
    let free = "expected none: this engine receives commit, incident, reason, experiment and trial under these names";
    if engine.takes_anything() && *parameters != Parameters::default() {
        return Some(("retrain.parameters", free));
    }
    let named = |holds: bool, key, problem| (!holds).then_some((key, problem));
    match engine {
        Engine::StateMachine(machine) => named(
            machine.name().ends_with(TRAINING),
            "retrain.state_machine",
            "expected a state machine whose name ends with \"-training\"",
        ),
        Engine::Codepipeline(pipeline) => named(
            pipeline.as_str().ends_with(TRAINING),
            "retrain.codepipeline",
            "expected a pipeline whose name ends with \"-training\"",
        )
        .or_else(|| {
            let problem = "expected the pipeline variable for incident: Trimtab recognizes its runs by it";
            named(parameters.incident.is_some(), "retrain.parameters", problem)
        })
        .or_else(|| {
            let problem = "expected pipeline variables: 1 to 128 letters, digits, '@', '_' and '-'";
            named(parameters.names().all(|name| is_variable(name)), "retrain.parameters", problem)
        }),
        Engine::Airflow(airflow) => {
            let fits = airflow.dag.as_str().len() + PATH_REST <= PATH;
            named(fits, "retrain.airflow", "expected a dag of at most 31 characters: MWAA takes paths of 64")
        }
        Engine::Kubeflow(kubeflow) => {
            let bundle = |ca: &String| ca.len() <= BUNDLE && ca.contains("-----BEGIN CERTIFICATE-----");
            let fine = kubeflow.ca.as_ref().is_none_or(bundle);
            named(fine, "retrain.kubeflow", "expected ca to be certificates in PEM, 20,000 characters at most")
        }
        Engine::Pipeline(_) => {
            let problem = "expected parameters of the pipeline: 1 to 256 letters, digits, '_' and '-'";
            named(parameters.names().all(|name| word(name, 256, "_-")), "retrain.parameters", problem)
        }
    }
}
