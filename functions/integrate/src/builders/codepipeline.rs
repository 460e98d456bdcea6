//! CodePipeline builds a commit.
//!
//! The event of an execution names no commit. `integrate` reads the commit from CodePipeline, and requests on the bus
//! that its build is decided, which is another aggregate.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::{BuildStatus, CodePipelineExecution, CodePipelineState};
use trimtab_core::name::{CommitId, PipelineBuildId};
use trimtab_core::policy::{BuildPipeline, Integrate, Policy};
use trimtab_core::port::{BuildPipelines, ObservedBuild, ObservedPipelineBuild, PipelineBuildRequest, PortResult};
use trimtab_core::text::digest;

use crate::build::{BuildRef, Completion};

/// The execution that builds a commit of a branch.
pub(crate) fn request(
    policy: &Policy,
    pipeline: &BuildPipeline,
    commit: &CommitId,
    now: Timestamp,
) -> PipelineBuildRequest {
    PipelineBuildRequest {
        model: policy.model.clone(),
        pipeline: pipeline.name.clone(),
        source: pipeline.source.clone(),
        variable: pipeline.variable.clone(),
        commit: commit.clone(),
        token: digest(&["build", policy.model.as_str(), pipeline.name.as_str(), commit.as_str()], 40),
        since: now,
    }
}

/// Adopts the execution that an earlier attempt started, or starts it.
///
/// CodePipeline does not document how long it remembers a token, so that a retry cannot rely on it.
pub(crate) async fn find_or_start(
    pipelines: &impl BuildPipelines,
    request: &PipelineBuildRequest,
) -> PortResult<BuildRef> {
    let execution = match pipelines.find(request).await? {
        Some(execution) => execution,
        None => pipelines.start(request).await?,
    };
    Ok(BuildRef::Codepipeline(execution))
}

pub(crate) async fn describe(
    pipelines: &impl BuildPipelines,
    integrate: &Integrate,
    execution: &PipelineBuildId,
) -> PortResult<Option<ObservedBuild>> {
    let Some(pipeline) = &integrate.codepipeline else { return Ok(None) };
    let observed = pipelines.describe(&pipeline.name, &pipeline.variable, execution).await?;
    Ok(observed.map(as_build))
}

/// `None` if the ID cannot be one of CodePipeline.
pub(crate) fn completion(event: &CodePipelineExecution) -> Option<Completion<'_>> {
    let execution = PipelineBuildId::parse(&event.execution).ok()?;
    Some(Completion { build: BuildRef::Codepipeline(execution), commit: None, logs: None })
}

/// The execution as its event alone describes it.
pub(crate) fn preview(event: &CodePipelineExecution) -> ObservedBuild {
    as_build(ObservedPipelineBuild { state: event.state.clone(), commit: None })
}

/// The execution as a request describes it that names it as ended.
pub(crate) fn assume_succeeded(commit: &CommitId) -> ObservedBuild {
    as_build(ObservedPipelineBuild { state: CodePipelineState::Succeeded, commit: Some(commit.clone()) })
}

/// The execution in CodeBuild's terms. A superseded execution has built nothing: it counts as stopped.
fn as_build(observed: ObservedPipelineBuild) -> ObservedBuild {
    let status = match observed.state {
        CodePipelineState::Succeeded => BuildStatus::Succeeded,
        CodePipelineState::Failed => BuildStatus::Failed,
        CodePipelineState::Stopped | CodePipelineState::Superseded | CodePipelineState::Canceled => {
            BuildStatus::Stopped
        }
        _ => BuildStatus::InProgress,
    };
    ObservedBuild { status, commit: observed.commit, variables: BTreeMap::new() }
}
