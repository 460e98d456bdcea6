//! IDs of training runs in any engine. The text of an ID identifies the engine.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CodePipelineName, CodePipelineRunId, DagId, DagRunId, EnvironmentName, ExecutionArn, KubeflowId, NameError, RunArn,
};

const AIRFLOW: &str = "airflow:";
const KUBEFLOW: &str = "kubeflow:";
const CODEPIPELINE: &str = "codepipeline:";

/// The ID of a training run. Its text form is the ARN, if the engine has ARNs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RunId {
    /// An execution of a SageMaker pipeline.
    Pipeline(RunArn),
    /// An execution of a state machine.
    Execution(ExecutionArn),
    /// A run of a DAG: `airflow:ENVIRONMENT/DAG/RUN`.
    Airflow(EnvironmentName, DagId, DagRunId),
    /// A run of Kubeflow Pipelines: `kubeflow:ID`. The policy has the URL of the API.
    Kubeflow(KubeflowId),
    /// An execution of a CodePipeline pipeline: `codepipeline:PIPELINE/ID`.
    CodePipeline(CodePipelineName, CodePipelineRunId),
}

impl RunId {
    /// Parses the text form of an ID.
    ///
    /// # Errors
    /// The text is the ID of no known engine.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if let Some(rest) = text.strip_prefix(AIRFLOW) {
            let mut parts = rest.splitn(3, '/');
            let mut next = || parts.next().unwrap_or_default();
            return Ok(Self::Airflow(EnvironmentName::parse(next())?, DagId::parse(next())?, DagRunId::parse(next())?));
        }
        if let Some(id) = text.strip_prefix(KUBEFLOW) {
            return KubeflowId::parse(id).map(Self::Kubeflow);
        }
        if let Some(rest) = text.strip_prefix(CODEPIPELINE) {
            let (pipeline, id) = rest.split_once('/').unwrap_or((rest, ""));
            return Ok(Self::CodePipeline(CodePipelineName::parse(pipeline)?, CodePipelineRunId::parse(id)?));
        }
        ExecutionArn::parse(text).map(Self::Execution).or_else(|_| RunArn::parse(text).map(Self::Pipeline))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(arn) => arn.fmt(f),
            Self::Execution(arn) => arn.fmt(f),
            Self::Airflow(environment, dag, run) => write!(f, "{AIRFLOW}{environment}/{dag}/{run}"),
            Self::Kubeflow(id) => write!(f, "{KUBEFLOW}{id}"),
            Self::CodePipeline(pipeline, id) => write!(f, "{CODEPIPELINE}{pipeline}/{id}"),
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.to_string()
    }
}

impl From<RunArn> for RunId {
    fn from(arn: RunArn) -> Self {
        Self::Pipeline(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_of_each_engine_is_a_text_that_reads_back() {
        for text in [
            "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/abc123",
            "arn:aws:states:eu-west-1:123456789012:execution:forecast-training:forecast-drift-98d33ea0",
            "airflow:ml/pricing_training/drift-98d33ea0",
            "kubeflow:0f6a2b3c-1d2e-4f5a-8b9c-0d1e2f3a4b5c",
            "codepipeline:segments-training/2b6a7c80-1d3e-4f5a-9b8c-7d6e5f4a3b2c",
        ] {
            let run = RunId::parse(text).unwrap();
            assert_eq!(run.to_string(), text);
            assert_eq!(serde_json::from_str::<RunId>(&serde_json::to_string(&run).unwrap()).unwrap(), run);
        }
    }

    #[test]
    fn text_that_is_no_run_is_refused() {
        for text in ["", "run", "airflow:ml/pricing", "kubeflow:../x", "codepipeline:x", "airflow:ml/a b/c"] {
            assert!(RunId::parse(text).is_err(), "{text}");
        }
    }
}
