//! The ports to repositories, pull requests, builds and the pipeline's definition.

use jiff::SignedDuration;
use trimtab_core::event::BuildStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, BuildId, CommitId, FilePath, PipelineName, PullRequestId, RepositoryName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{
    BuildRequest, Builds, CommentRequest, ObservedBuild, ObservedPullRequest, PullRequests, Repositories,
};
use trimtab_core::port::{DefinitionRequest, Definitions, ObservedDefinition};

use crate::Site;
use crate::events;
use crate::outcomes::Work;
use crate::services::{Build, Item, Sim, TOKEN_MEMORY};

impl Repositories for Sim {
    async fn head(&self, repository: &RepositoryName, branch: &BranchName) -> PortResult<Option<CommitId>> {
        let (pipeline, main) = (repository.as_str() == events::PIPELINE_REPOSITORY, branch.as_str() == "main");
        self.call(Site::RepositoriesHead, move |services| {
            let head = if pipeline { &services.ci.head } else { &services.head };
            Ok(head.clone().filter(|_| main))
        })
        .await
    }

    async fn file(&self, _: &RepositoryName, _: &CommitId, _: &FilePath) -> PortResult<Option<Vec<u8>>> {
        let text = br#"{"Version": "2020-12-01", "Steps": []}"#;
        self.call(Site::RepositoriesFile, |_| Ok(Some(text.to_vec()))).await
    }
}

impl Definitions for Sim {
    async fn describe(&self, _: &PipelineName) -> PortResult<Option<ObservedDefinition>> {
        self.call(Site::DefinitionsDescribe, |services| Ok(services.pipeline.clone())).await
    }

    async fn create(&self, request: &DefinitionRequest, _: &str) -> PortResult<()> {
        let commit = request.commit.clone();
        self.call(Site::DefinitionsCreate, move |services| {
            if services.pipeline.is_some() {
                return Err(Failure::permanent("sagemaker:CreatePipeline", "there is a pipeline of this name"));
            }
            services.define(commit);
            Ok(())
        })
        .await
    }

    async fn update(&self, request: &DefinitionRequest, _: &str) -> PortResult<()> {
        let commit = request.commit.clone();
        self.call(Site::DefinitionsUpdate, move |services| {
            services.define(commit);
            Ok(())
        })
        .await
    }
}

impl PullRequests for Sim {
    async fn open(&self, _: &RepositoryName) -> PortResult<Vec<PullRequestId>> {
        self.call(Site::PullRequestsOpen, |services| {
            let open = services.proposed.iter().filter(|_| services.ci.merged.is_none());
            Ok(open.filter_map(|_| PullRequestId::parse("41").ok()).collect())
        })
        .await
    }

    async fn pull_request(&self, _: &PullRequestId) -> PortResult<Option<ObservedPullRequest>> {
        self.call(Site::PullRequestsPullRequest, |services| {
            let merged = services.ci.merged.clone();
            let actual = |source| ObservedPullRequest {
                open: merged.is_none(),
                merged: merged.clone(),
                source: Some(source),
                target: CommitId::parse(events::TARGET).ok(),
                destination: BranchName::parse("main").ok(),
            };
            Ok(services.proposed.clone().map(actual))
        })
        .await
    }

    async fn comment(&self, request: &CommentRequest) -> PortResult<()> {
        let token = request.token.clone();
        self.call(Site::PullRequestsComment, move |services| {
            services.comments.insert(token);
            Ok(())
        })
        .await
    }
}

impl Builds for Sim {
    async fn find(&self, request: &BuildRequest) -> PortResult<Option<BuildId>> {
        let request = request.clone();
        self.call(Site::BuildsFind, move |services| {
            let found = services.builds.iter().rev().find(|build| build.request == request);
            Ok(found.map(|build| build.id.clone()))
        })
        .await
    }

    async fn start(&self, request: &BuildRequest) -> PortResult<BuildId> {
        let request = request.clone();
        let about = format!("{} {}", request.project, request.commit);
        self.services().attempt(Site::BuildsStart, about, &request.token);
        self.call(Site::BuildsStart, move |services| {
            let now = services.now;
            let fresh = |build: &&Build| {
                build.request.token == request.token && now.duration_since(build.created) < TOKEN_MEMORY
            };
            if let Some(known) = services.builds.iter().find(fresh) {
                return Ok(known.id.clone());
            }
            let number = services.builds.len();
            let id = format!("arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:{number}");
            let id = BuildId::parse(&id).map_err(|error| Failure::permanent("simulated", error.to_string()))?;
            services.builds.push(Build { request, id: id.clone(), created: now, ended: false });
            services.after(SignedDuration::from_mins(7), Item::BuildEnds(number));
            Ok(id)
        })
        .await
    }

    async fn describe(&self, build: &BuildId) -> PortResult<Option<ObservedBuild>> {
        let id = build.clone();
        self.call(Site::BuildsDescribe, move |services| {
            Ok(services.builds.iter().find(|build| build.id == id).map(|build| ObservedBuild {
                status: if build.ended { services.ending(Work::Build).of_build() } else { BuildStatus::InProgress },
                commit: Some(build.request.commit.clone()),
                variables: build.request.variables.clone(),
            }))
        })
        .await
    }
}
