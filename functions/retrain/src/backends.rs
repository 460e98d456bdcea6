//! The engines on AWS: whichever the policy names is asked, and nothing else is chosen here.

use trimtab_codepipeline::CodePipeline;
use trimtab_core::event::RunStatus;
use trimtab_core::name::RunId;
use trimtab_core::policy::Engine;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{RunRequest, Runs};
use trimtab_kubeflow::Kubeflow;
use trimtab_mwaa::Mwaa;
use trimtab_runtime::SdkConfig;
use trimtab_sagemaker::SageMaker;
use trimtab_stepfunctions::StepFunctions;

/// All engines.
#[derive(Debug)]
pub struct Backends {
    sagemaker: SageMaker,
    machines: StepFunctions,
    airflow: Mwaa,
    kubeflow: Kubeflow,
    codepipeline: CodePipeline,
}

impl Backends {
    /// The engines of the account and region of this configuration.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            sagemaker: SageMaker::new(aws),
            machines: StepFunctions::new(aws),
            airflow: Mwaa::new(aws),
            kubeflow: Kubeflow::new(aws),
            codepipeline: CodePipeline::new(aws),
        }
    }
}

impl Runs for Backends {
    async fn find(&self, request: &RunRequest) -> Answer<Option<RunId>> {
        match &request.engine {
            Engine::Pipeline(_) => self.sagemaker.find(request).await,
            Engine::StateMachine(_) => Runs::find(&self.machines, request).await,
            Engine::Airflow(_) => self.airflow.find(request).await,
            Engine::Kubeflow(_) => self.kubeflow.find(request).await,
            Engine::Codepipeline(_) => Runs::find(&self.codepipeline, request).await,
        }
    }

    async fn start(&self, request: &RunRequest) -> Answer<RunId> {
        match &request.engine {
            Engine::Pipeline(_) => self.sagemaker.start(request).await,
            Engine::StateMachine(_) => Runs::start(&self.machines, request).await,
            Engine::Airflow(_) => self.airflow.start(request).await,
            Engine::Kubeflow(_) => self.kubeflow.start(request).await,
            Engine::Codepipeline(_) => Runs::start(&self.codepipeline, request).await,
        }
    }

    async fn status(&self, engine: &Engine, run: &RunId) -> Answer<Option<RunStatus>> {
        match engine {
            Engine::Pipeline(_) => self.sagemaker.status(engine, run).await,
            Engine::StateMachine(_) => self.machines.status(engine, run).await,
            Engine::Airflow(_) => self.airflow.status(engine, run).await,
            Engine::Kubeflow(_) => self.kubeflow.status(engine, run).await,
            Engine::Codepipeline(_) => self.codepipeline.status(engine, run).await,
        }
    }
}
