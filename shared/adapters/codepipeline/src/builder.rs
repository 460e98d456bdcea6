//! [`BuildPipelines`]: the commit overrides the revision of the source action. A pipeline variable contains it too and
//! identifies the execution.

use aws_sdk_codepipeline::types::{SourceRevisionOverride, SourceRevisionType};
use trimtab_core::event::CodePipelineState;
use trimtab_core::failure::Failure;
use trimtab_core::name::{CodePipelineName, CommitId, PipelineBuildId};
use trimtab_core::port::PortResult;
use trimtab_core::port::{BuildPipelines, ObservedPipelineBuild, PipelineBuildRequest};

use crate::{CodePipeline, LIST, START, carries, state};

impl BuildPipelines for CodePipeline {
    async fn find(&self, request: &PipelineBuildRequest) -> PortResult<Option<PipelineBuildId>> {
        for execution in self.since(&request.pipeline, request.since).await? {
            let known = self.get(&request.pipeline, &execution).await?;
            if known.is_some_and(|known| carries(&known, &request.variable, request.commit.as_str())) {
                return id(LIST, &execution).map(Some);
            }
        }
        Ok(None)
    }

    async fn start(&self, request: &PipelineBuildRequest) -> PortResult<PipelineBuildId> {
        let variable = [(request.variable.as_str(), request.commit.as_str())];
        let revision = SourceRevisionOverride::builder()
            .action_name(request.source.as_str())
            .revision_type(SourceRevisionType::CommitId)
            .revision_value(request.commit.as_str());
        let revision = revision.build().map_err(|error| Failure::permanent(START, error.to_string()))?;
        id(START, &self.begin(&request.pipeline, &request.token, variable, Some(revision)).await?)
    }

    async fn describe(
        &self,
        pipeline: &CodePipelineName,
        variable: &str,
        execution: &PipelineBuildId,
    ) -> PortResult<Option<ObservedPipelineBuild>> {
        let known = self.get(pipeline, execution.as_str()).await?;
        Ok(known.map(|known| {
            let carried = known.variables().iter().find(|found| found.name() == Some(variable));
            let commit = carried.and_then(|found| CommitId::parse(found.resolved_value()?).ok());
            let state = known.status().map_or_else(|| CodePipelineState::parse("unknown"), state);
            ObservedPipelineBuild { state, commit }
        }))
    }
}

fn id(operation: &'static str, text: &str) -> PortResult<PipelineBuildId> {
    PipelineBuildId::parse(text).map_err(|error| Failure::transient(operation, error.to_string()))
}
