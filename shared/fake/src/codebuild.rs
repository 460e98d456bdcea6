//! CodeBuild.

use trimtab_core::event::BuildStatus;
use trimtab_core::name::BuildId;
use trimtab_core::port::{BuildRequest, Builds, ObservedBuild, PortResult};

use crate::services::{HOME, Services};

/// The builds.
#[derive(Debug, Default)]
pub struct State {
    /// In the order of their starts: the first build has the number 0 in its ID.
    pub builds: Vec<(BuildRequest, BuildStatus)>,
}

/// The ID of the project's build with this number.
#[must_use]
pub fn build_id(project: &str, number: usize) -> String {
    format!("arn:aws:codebuild:eu-west-1:{HOME}:build/{project}:{number}")
}

impl Builds for Services {
    async fn find(&self, request: &BuildRequest) -> PortResult<Option<BuildId>> {
        let BuildRequest { project, commit, variables, .. } = request;
        self.query("builds.find", &format!("{project} {commit}"), || {
            let state = self.codebuild();
            let same = |(known, _): &(BuildRequest, BuildStatus)| {
                (&known.project, &known.commit, &known.variables) == (project, commit, variables)
            };
            let number = state.builds.iter().position(same)?;
            Some(BuildId::parse(&build_id(project.as_str(), number)).unwrap())
        })
    }

    async fn start(&self, request: &BuildRequest) -> PortResult<BuildId> {
        self.effect("builds.start", &format!("{} {}", request.project, request.commit), || {
            let mut state = self.codebuild();
            state.builds.push((request.clone(), BuildStatus::InProgress));
            BuildId::parse(&build_id(request.project.as_str(), state.builds.len() - 1)).unwrap()
        })
    }

    async fn describe(&self, build: &BuildId) -> PortResult<Option<ObservedBuild>> {
        self.query("builds.describe", build.short(), || {
            let number: usize = build.as_str().rsplit(':').next().unwrap().parse().unwrap();
            let state = self.codebuild();
            let (request, status) = state.builds.get(number)?;
            let (commit, variables) = (Some(request.commit.clone()), request.variables.clone());
            Some(ObservedBuild { status: status.clone(), commit, variables })
        })
    }
}
