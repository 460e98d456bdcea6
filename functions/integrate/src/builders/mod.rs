//! The services that build a commit. Each has one file with the same verbs: `request`, `find_or_start`, `describe` and
//! `completion`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::name::{BuildId, CommitId, ModelName, PipelineBuildId};
use trimtab_core::policy::{Integrate, Policy};
use trimtab_core::port::{BuildPipelines, BuildRequest, Builds, ObservedBuild, PipelineBuildRequest, PortResult};

pub(crate) mod codebuild;
pub(crate) mod codepipeline;

/// The start of a build, as its builder takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BuilderRequest {
    /// A build of a CodeBuild project.
    Codebuild(BuildRequest),
    /// An execution of a CodePipeline pipeline.
    Codepipeline(PipelineBuildRequest),
}

impl BuilderRequest {
    pub(crate) fn commit(&self) -> &CommitId {
        match self {
            Self::Codebuild(request) => &request.commit,
            Self::Codepipeline(request) => &request.commit,
        }
    }

    /// The project or pipeline.
    pub(crate) fn builder(&self) -> &str {
        match self {
            Self::Codebuild(request) => request.project.as_str(),
            Self::Codepipeline(request) => request.pipeline.as_str(),
        }
    }

    pub(crate) fn model(&self) -> Option<ModelName> {
        match self {
            Self::Codebuild(request) => codebuild::model(&request.variables),
            Self::Codepipeline(request) => Some(request.model.clone()),
        }
    }
}

/// A build, by the ID that its builder gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BuildRef {
    /// A build of CodeBuild.
    Codebuild(BuildId),
    /// An execution of CodePipeline.
    Codepipeline(PipelineBuildId),
}

impl BuildRef {
    /// The ID as the console shows it.
    #[must_use]
    pub fn short(&self) -> &str {
        match self {
            Self::Codebuild(build) => build.short(),
            Self::Codepipeline(execution) => execution.as_str(),
        }
    }
}

/// A build that changed its status, as its builder's event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completion<'a> {
    pub(crate) build: BuildRef,
    /// `None` if the event names no full commit ID. CodePipeline's events never do.
    pub(crate) commit: Option<&'a CommitId>,
    /// A link to the log.
    pub(crate) logs: Option<&'a str>,
}

/// The start of this commit's build by the builder that the policy names; `None` if it names none.
pub(crate) fn request(
    policy: &Policy,
    integrate: &Integrate,
    commit: &CommitId,
    now: Timestamp,
) -> Option<BuilderRequest> {
    if let Some(pipeline) = &integrate.codepipeline {
        return Some(BuilderRequest::Codepipeline(codepipeline::request(policy, pipeline, commit, now)));
    }
    let project = integrate.project.as_ref()?;
    Some(BuilderRequest::Codebuild(codebuild::request(policy, project, commit)))
}

/// Reads a build from its builder; `None` if the builder does not know it.
pub(crate) async fn describe(
    builds: &impl Builds,
    pipelines: &impl BuildPipelines,
    integrate: &Integrate,
    build: &BuildRef,
) -> PortResult<Option<ObservedBuild>> {
    match build {
        BuildRef::Codebuild(build) => codebuild::describe(builds, build).await,
        BuildRef::Codepipeline(execution) => codepipeline::describe(pipelines, integrate, execution).await,
    }
}
