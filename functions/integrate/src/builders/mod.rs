//! The services that build a commit. Each has one file with the same verbs: `request`, `find_or_start`, `describe` and
//! `completion`.

use jiff::Timestamp;
use trimtab_core::name::CommitId;
use trimtab_core::policy::{Integrate, Policy};
use trimtab_core::port::{BuildPipelines, Builds, ObservedBuild, PortResult};

use crate::build::{BuildRef, BuilderRequest};

pub(crate) mod codebuild;
pub(crate) mod codepipeline;

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
