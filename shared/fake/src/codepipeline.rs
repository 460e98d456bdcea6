//! CodePipeline, which deploys a version or builds a commit.

use trimtab_core::event::CodePipelineState;
use trimtab_core::name::{CodePipelineName, PipelineBuildId};
use trimtab_core::port::{
    BuildPipelines, CodePipelineRequest, CodePipelines, ObservedPipelineBuild, PipelineBuildRequest, PortResult,
};

use crate::services::Services;

/// The executions.
#[derive(Debug, Default)]
pub struct State {
    /// Executions that build a commit, in the order of their starts; one that Trimtab did not start has no request.
    pub builds: Vec<(Option<PipelineBuildRequest>, CodePipelineState)>,
    /// Requests of the executions that deploy a package, in the order of their starts.
    pub deliveries: Vec<CodePipelineRequest>,
    /// The execution that every search for a delivery finds.
    pub found: Option<String>,
}

impl CodePipelines for Services {
    async fn find(&self, request: &CodePipelineRequest) -> PortResult<Option<String>> {
        let about = format!("{} v{}", request.pipeline, request.package.version());
        self.query("code_pipelines.find", &about, || self.codepipeline().found.clone())
    }

    async fn start(&self, request: &CodePipelineRequest) -> PortResult<String> {
        let about = format!("{} v{}", request.pipeline, request.package.version());
        self.effect("code_pipelines.start", &about, || {
            let mut state = self.codepipeline();
            state.deliveries.push(request.clone());
            format!("execution-{}", state.deliveries.len())
        })
    }

    /// Each execution succeeded.
    async fn state(&self, pipeline: &CodePipelineName, execution: &str) -> PortResult<Option<CodePipelineState>> {
        self.query("code_pipelines.state", &format!("{pipeline} {execution}"), || Some(CodePipelineState::Succeeded))
    }
}

impl BuildPipelines for Services {
    async fn find(&self, request: &PipelineBuildRequest) -> PortResult<Option<PipelineBuildId>> {
        let PipelineBuildRequest { pipeline, source, variable, commit, .. } = request;
        self.query("build_pipelines.find", &format!("{pipeline} {source} {variable} {commit}"), || {
            let state = self.codepipeline();
            let same = |known: &PipelineBuildRequest| (&known.pipeline, &known.commit) == (pipeline, commit);
            let number = state.builds.iter().position(|(request, _)| request.as_ref().is_some_and(same))?;
            Some(PipelineBuildId::parse(&format!("execution-{number}")).unwrap())
        })
    }

    async fn start(&self, request: &PipelineBuildRequest) -> PortResult<PipelineBuildId> {
        let PipelineBuildRequest { pipeline, source, variable, commit, .. } = request;
        self.effect("build_pipelines.start", &format!("{pipeline} {source} {variable} {commit}"), || {
            let mut state = self.codepipeline();
            state.builds.push((Some(request.clone()), CodePipelineState::Started));
            PipelineBuildId::parse(&format!("execution-{}", state.builds.len() - 1)).unwrap()
        })
    }

    async fn describe(
        &self,
        pipeline: &CodePipelineName,
        variable: &str,
        execution: &PipelineBuildId,
    ) -> PortResult<Option<ObservedPipelineBuild>> {
        self.query("build_pipelines.describe", &format!("{pipeline} {variable} {execution}"), || {
            let number: usize = execution.as_str().rsplit('-').next().unwrap().parse().unwrap();
            let codepipeline = self.codepipeline();
            let (request, state) = codepipeline.builds.get(number)?;
            let commit = request.as_ref().map(|request| request.commit.clone());
            Some(ObservedPipelineBuild { state: state.clone(), commit })
        })
    }
}
