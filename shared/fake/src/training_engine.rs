//! Training runs, on any engine.

use std::collections::BTreeMap;

use trimtab_core::event::RunStatus;
use trimtab_core::name::{CodePipelineRunId, DagRunId, KubeflowId, RunArn, RunId};
use trimtab_core::policy::Engine;
use trimtab_core::port::{PortResult, RunRequest, Runs};

use crate::services::{HOME, Services};

/// The runs.
#[derive(Debug, Default)]
pub struct State {
    /// In the order of their starts.
    pub runs: Vec<(RunRequest, RunId)>,
    /// The status of every run.
    pub status: Option<RunStatus>,
    /// The status of single runs, unless `status` holds for all.
    pub ends: BTreeMap<String, RunStatus>,
}

/// The ID that the engine gives to the run with this number.
fn run_id(request: &RunRequest, number: usize) -> RunId {
    match &request.engine {
        Engine::Pipeline(pipeline) => {
            let arn = format!("arn:aws:sagemaker:eu-west-1:{HOME}:pipeline/{pipeline}/execution/run{number}");
            RunId::Pipeline(RunArn::parse(&arn).unwrap())
        }
        Engine::StateMachine(machine) => RunId::Execution(machine.execution(&request.display_name).unwrap()),
        Engine::Airflow(airflow) => {
            let run = DagRunId::parse("drift-1").unwrap();
            RunId::Airflow(airflow.environment.clone(), airflow.dag.clone(), run)
        }
        Engine::Kubeflow(_) => RunId::Kubeflow(KubeflowId::parse(&format!("run{number}")).unwrap()),
        Engine::Codepipeline(pipeline) => {
            RunId::CodePipeline(pipeline.clone(), CodePipelineRunId::parse(&format!("run{number}")).unwrap())
        }
    }
}

impl Runs for Services {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        self.query("runs.find", &request.display_name, || {
            let state = self.training();
            let mut runs = state.runs.iter();
            runs.find(|(known, _)| known.display_name == request.display_name).map(|(_, run)| run.clone())
        })
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        self.effect("runs.start", &request.display_name, || {
            let mut state = self.training();
            let run = run_id(request, state.runs.len());
            state.runs.push((request.clone(), run.clone()));
            run
        })
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        self.query("runs.status", &run.to_string(), || {
            let state = self.training();
            state.status.clone().or_else(|| state.ends.get(&run.to_string()).cloned())
        })
    }
}
