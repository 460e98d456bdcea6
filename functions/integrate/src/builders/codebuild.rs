//! CodeBuild builds a commit, or the commit that a pull request proposes.

use std::collections::BTreeMap;

use trimtab_core::event::Build;
use trimtab_core::name::{BuildId, CommitId, ProjectName, PullRequestId};
use trimtab_core::policy::Policy;
use trimtab_core::port::{BuildRequest, Builds, ObservedBuild, PortResult};
use trimtab_core::text::digest;

use crate::build::{BuildRef, Completion, MODEL_VARIABLE};

/// The build's environment variable that names the pull request.
const PULL_REQUEST_VARIABLE: &str = "TRIMTAB_PULL_REQUEST";

/// The build of a commit of a branch. Only the commit's ID comes from the push.
pub(crate) fn request(policy: &Policy, project: &ProjectName, commit: &CommitId) -> BuildRequest {
    BuildRequest {
        project: project.clone(),
        commit: commit.clone(),
        variables: BTreeMap::from([(MODEL_VARIABLE.to_owned(), policy.model.to_string())]),
        token: digest(&["build", policy.model.as_str(), project.as_str(), commit.as_str()], 40),
    }
}

/// The build of a commit that a pull request proposes.
pub(crate) fn pull_request_request(
    policy: &Policy,
    project: &ProjectName,
    pull_request: &PullRequestId,
    commit: &CommitId,
) -> BuildRequest {
    let id = pull_request.to_string();
    BuildRequest {
        project: project.clone(),
        commit: commit.clone(),
        // Two pull requests can propose one commit: each has its own build, and so its own token.
        token: digest(&["pull request", policy.model.as_str(), project.as_str(), &id, commit.as_str()], 40),
        variables: BTreeMap::from([
            (MODEL_VARIABLE.to_owned(), policy.model.to_string()),
            (PULL_REQUEST_VARIABLE.to_owned(), id),
        ]),
    }
}

/// The pull request that these variables of a build name.
pub(crate) fn pull_request(variables: &BTreeMap<String, String>) -> Option<PullRequestId> {
    variables.get(PULL_REQUEST_VARIABLE).and_then(|id| PullRequestId::parse(id).ok())
}

/// Adopts the build that an earlier attempt started, or starts it.
///
/// CodeBuild forgets an idempotency token after five minutes. A retry later than that would start a second build.
pub(crate) async fn find_or_start(builds: &impl Builds, request: &BuildRequest) -> PortResult<BuildRef> {
    let build = match builds.find(request).await? {
        Some(build) => build,
        None => builds.start(request).await?,
    };
    Ok(BuildRef::Codebuild(build))
}

pub(crate) async fn describe(builds: &impl Builds, build: &BuildId) -> PortResult<Option<ObservedBuild>> {
    builds.describe(build).await
}

pub(crate) fn completion(event: &Build) -> Completion<'_> {
    Completion {
        build: BuildRef::Codebuild(event.id.clone()),
        commit: event.commit.as_ref(),
        logs: event.logs.as_deref(),
    }
}
