//! A build and its start, for each builder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trimtab_core::name::{BuildId, CommitId, ModelName, PipelineBuildId};
use trimtab_core::port::{BuildRequest, PipelineBuildRequest};

/// The environment variable of a CodeBuild build that names the model. Trimtab sets it on each build that it starts.
pub(crate) const MODEL_VARIABLE: &str = "TRIMTAB_MODEL";

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
            Self::Codebuild(request) => model_of(&request.variables),
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

fn model_of(variables: &BTreeMap<String, String>) -> Option<ModelName> {
    variables.get(MODEL_VARIABLE).and_then(|name| ModelName::parse(name).ok())
}
