//! All training engines behind one port: the engine that the policy names is called, and no other.
//!
//! Knows no SDK: `main` passes the adapters in.

use trimtab_core::event::RunStatus;
use trimtab_core::name::RunId;
use trimtab_core::policy::Engine;
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs};

/// One adapter for each [`Engine`].
#[derive(Debug)]
pub struct Backends<P, S, A, K, C> {
    /// SageMaker Pipelines.
    pub pipelines: P,
    /// Step Functions.
    pub state_machines: S,
    /// Airflow on Amazon MWAA.
    pub airflow: A,
    /// Kubeflow Pipelines.
    pub kubeflow: K,
    /// CodePipeline.
    pub codepipeline: C,
}

impl<P, S, A, K, C> Runs for Backends<P, S, A, K, C>
where
    P: Runs + Sync,
    S: Runs + Sync,
    A: Runs + Sync,
    K: Runs + Sync,
    C: Runs + Sync,
{
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        match &request.engine {
            Engine::Pipeline(_) => self.pipelines.find(request).await,
            Engine::StateMachine(_) => self.state_machines.find(request).await,
            Engine::Airflow(_) => self.airflow.find(request).await,
            Engine::Kubeflow(_) => self.kubeflow.find(request).await,
            Engine::Codepipeline(_) => self.codepipeline.find(request).await,
        }
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        match &request.engine {
            Engine::Pipeline(_) => self.pipelines.start(request).await,
            Engine::StateMachine(_) => self.state_machines.start(request).await,
            Engine::Airflow(_) => self.airflow.start(request).await,
            Engine::Kubeflow(_) => self.kubeflow.start(request).await,
            Engine::Codepipeline(_) => self.codepipeline.start(request).await,
        }
    }

    async fn status(&self, engine: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        match engine {
            Engine::Pipeline(_) => self.pipelines.status(engine, run).await,
            Engine::StateMachine(_) => self.state_machines.status(engine, run).await,
            Engine::Airflow(_) => self.airflow.status(engine, run).await,
            Engine::Kubeflow(_) => self.kubeflow.status(engine, run).await,
            Engine::Codepipeline(_) => self.codepipeline.status(engine, run).await,
        }
    }
}
