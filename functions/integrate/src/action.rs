//! The calls with which `integrate` changes something in AWS.

use serde::Serialize;
use trimtab_core::fact::Fact;
use trimtab_core::name::ModelName;
use trimtab_core::port::{BuildRequest, CommentRequest, DefinitionRequest, PipelineBuildRequest};

use crate::build::{BuildRef, BuilderRequest};
use crate::state::State;

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    StartBuild {
        service: &'static str,
        #[serde(flatten)]
        request: BuildRequest,
    },
    StartPipelineExecution {
        service: &'static str,
        #[serde(flatten)]
        request: PipelineBuildRequest,
    },
    UpdatePipeline {
        service: &'static str,
        model: ModelName,
        #[serde(flatten)]
        request: DefinitionRequest,
    },
    PostCommentForPullRequest {
        service: &'static str,
        #[serde(flatten)]
        request: CommentRequest,
    },
    /// Publishes the fact of a training image. All other facts are published through the plan.
    ///
    /// An image's serial orders it among the others, and the fact carries it. The serial must be in the ledger before
    /// the fact leaves: an invocation that published and died would otherwise give the same serial to the next image,
    /// and `retrain` would ignore that one. A plan with an action is claimed first, a plan with facts alone is not.
    PutEvents {
        service: &'static str,
        #[serde(rename = "detail-type")]
        detail_type: &'static str,
        #[serde(flatten)]
        fact: Fact,
    },
}

impl Action {
    pub(crate) fn start(request: BuilderRequest) -> Self {
        match request {
            BuilderRequest::Codebuild(request) => Self::StartBuild { service: "codebuild", request },
            BuilderRequest::Codepipeline(request) => Self::StartPipelineExecution { service: "codepipeline", request },
        }
    }

    pub(crate) fn update_pipeline(model: &ModelName, request: DefinitionRequest) -> Self {
        Self::UpdatePipeline { service: "sagemaker", model: model.clone(), request }
    }

    pub(crate) fn comment(request: CommentRequest) -> Self {
        Self::PostCommentForPullRequest { service: "codecommit", request }
    }

    pub(crate) fn publish_image(fact: Fact) -> Self {
        Self::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact }
    }
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The build that was started or adopted.
    Build(BuildRef),
    /// The comment, definition or fact is in place.
    Applied,
}
