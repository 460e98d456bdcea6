//! What trains: the engine that a policy names in `[retrain]`, exactly one.

use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::integrate::is_variable;
use super::retrain::Parameters;
use trimtab_names::name::{
    CodePipelineName, DagId, EnvironmentName, HttpsUrl, KubeflowId, PipelineName, SecretName, StateMachineArn,
    TRAINING, word,
};

/// What trains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// A SageMaker pipeline.
    Pipeline(PipelineName),
    /// A STANDARD state machine of Step Functions. Its name ends with [`TRAINING`]: the suite hears
    /// of no other of this function's, and may start no other.
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
#[serde(deny_unknown_fields)]
pub struct Airflow {
    /// The environment.
    pub environment: EnvironmentName,
    /// The DAG.
    pub dag: DagId,
}

/// A pipeline of Kubeflow Pipelines, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubeflow {
    /// Where its API is.
    pub url: HttpsUrl,
    /// The pipeline's id; its newest version is run.
    pub pipeline: KubeflowId,
    /// The id of the experiment that runs are in; absent means Kubeflow's default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<KubeflowId>,
    /// The secret that holds the bearer token, and nothing else.
    pub secret: SecretName,
    /// Certificates, in PEM, of the authorities that its server's may be signed by; absent means those
    /// that everybody trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// MWAA takes a path of so many characters: `/dags/DAG/dagRuns/RUN`.
/// <https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html>
const PATH: usize = 64;

/// What a path is besides the DAG: its own words, and a run's id of up to 18 characters.
const PATH_REST: usize = "/dags//dagRuns/".len() + 18;

/// The longest bundle of certificates: it stands in the ledger.
const BUNDLE: usize = 20_000;

impl Engine {
    /// The SageMaker pipeline, where it is one.
    #[must_use]
    pub fn pipeline(&self) -> Option<&PipelineName> {
        match self {
            Self::Pipeline(pipeline) => Some(pipeline),
            _ => None,
        }
    }

    /// Whether AWS tells of its runs' ends: of the others, looking does.
    #[must_use]
    pub fn tells(&self) -> bool {
        !matches!(self, Self::Airflow(_) | Self::Kubeflow(_))
    }

    /// Whether it takes whatever it is given; the others refuse a parameter that they do not declare.
    #[must_use]
    pub fn takes_anything(&self) -> bool {
        matches!(self, Self::StateMachine(_) | Self::Airflow(_))
    }

    /// What people call the kind of engine.
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

    /// What people call this one.
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
    let free = "expected none: this engine gets commit, incident, reason, experiment and trial by these names";
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
            let problem = "expected the pipeline variable for incident: a run is known again by it";
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
