//! Builds by CodePipeline, the training image, and the merge of a pull request, with the ports to them.

use jiff::SignedDuration;
use trimtab_core::event::CodePipelineState;
use trimtab_core::failure::Failure;
use trimtab_core::name::{CodePipelineName, CommitId, ImageRepository, ImageTag, ImageUri, PipelineBuildId};
use trimtab_core::port::Images;
use trimtab_core::port::PortResult;
use trimtab_core::port::{BuildPipelines, ObservedPipelineBuild, PipelineBuildRequest};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::services::{Function, Item, Services, Sim};

/// The digest of the image that is pushed.
const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/// The duration of a build by the pipeline.
const BUILDING: SignedDuration = SignedDuration::from_mins(9);

/// An execution that builds.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    request: PipelineBuildRequest,
    id: PipelineBuildId,
    ended: bool,
}

/// The state of these builds, images and merges.
#[derive(Debug, Clone, Default)]
pub(crate) struct CiState {
    /// The head of the branch that CodePipeline builds.
    pub(crate) head: Option<CommitId>,
    pub(crate) executions: Vec<Execution>,
    /// The image of the configured tag.
    pub(crate) image: Option<ImageUri>,
    /// The merge commit of the pull request.
    pub(crate) merged: Option<CommitId>,
}

impl Services {
    pub(crate) fn push_to_pipeline(&mut self) {
        self.ci.head = CommitId::parse(events::COMMIT).ok();
        self.record(Happening::Head(events::COMMIT.to_owned()));
        let event = events::push_to_pipeline(self.now);
        self.emit(Function::Integrate, true, &event);
    }

    pub(crate) fn pipeline_ends(&mut self, number: usize) {
        let Some(execution) = self.ci.executions.get_mut(number) else { return };
        execution.ended = true;
        let commit = execution.request.commit.to_string();
        let event = events::pipeline_ended(execution.id.as_str(), self.now);
        self.record(Happening::Built { commit, project: "demand-integration".to_owned(), succeeded: true });
        self.emit(Function::Integrate, true, &event);
    }

    pub(crate) fn push_image(&mut self) {
        let uri = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@{DIGEST}");
        self.ci.image = ImageUri::parse(&uri).ok();
        let event = events::image(DIGEST, self.now);
        self.emit(Function::Integrate, true, &event);
    }

    /// Merges the pull request: AWS reports a push and the end of the pull request.
    pub(crate) fn merge(&mut self) {
        let commit = CommitId::parse(events::COMMIT).ok();
        (self.head, self.proposed, self.ci.merged) = (commit.clone(), commit.clone(), commit);
        self.record(Happening::Head(events::COMMIT.to_owned()));
        for event in [events::push(self.now), events::merged(self.now)] {
            self.emit(Function::Integrate, true, &event);
        }
    }

    /// Deletes the branch.
    pub(crate) fn delete_branch(&mut self) {
        self.head = None;
        let event = events::branch_deleted(self.now);
        self.emit(Function::Integrate, true, &event);
    }
}

impl Images for Sim {
    async fn tagged(&self, _: &ImageRepository, _: &ImageTag) -> PortResult<Option<ImageUri>> {
        self.call(Site::ImagesTagged, |services| Ok(services.ci.image.clone())).await
    }
}

impl BuildPipelines for Sim {
    async fn find(&self, request: &PipelineBuildRequest) -> PortResult<Option<PipelineBuildId>> {
        let commit = request.commit.clone();
        self.call(Site::BuildPipelinesFind, move |services| {
            let known = services.ci.executions.iter().find(|execution| execution.request.commit == commit);
            Ok(known.map(|execution| execution.id.clone()))
        })
        .await
    }

    async fn start(&self, request: &PipelineBuildRequest) -> PortResult<PipelineBuildId> {
        let request = request.clone();
        self.call(Site::BuildPipelinesStart, move |services| {
            let number = services.ci.executions.len();
            let id = PipelineBuildId::parse(&format!("execution-{number}"))
                .map_err(|error| Failure::permanent("simulated", error.to_string()))?;
            let execution = Execution { request, id: id.clone(), ended: false };
            services.ci.executions.push(execution);
            services.after(BUILDING, Item::PipelineEnds(number));
            Ok(id)
        })
        .await
    }

    async fn describe(
        &self,
        _: &CodePipelineName,
        _: &str,
        execution: &PipelineBuildId,
    ) -> PortResult<Option<ObservedPipelineBuild>> {
        let id = execution.clone();
        self.call(Site::BuildPipelinesDescribe, move |services| {
            let known = services.ci.executions.iter().find(|execution| execution.id == id);
            Ok(known.map(|execution| ObservedPipelineBuild {
                state: if execution.ended { CodePipelineState::Succeeded } else { CodePipelineState::Started },
                commit: Some(execution.request.commit.clone()),
            }))
        })
        .await
    }
}
