//! `[deploy]`: how approved versions get to production.

use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::endpoint::{self, EndpointTarget};
use super::stack::{self, StackTarget};
use crate::name::{DeliveryName, TRAINING};

/// How approved versions get to production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Deploy {
    /// What a rejection of the live version leads to.
    pub on_rejected: OnRejected,
    /// By what.
    pub target: Target,
}

/// What a rejection of the live version leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRejected {
    /// A message.
    #[default]
    Notice,
    /// A message, and back to the last version that was live.
    RollBack,
}

/// By what a version gets to production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The suite updates the endpoint.
    Endpoint(EndpointTarget),
    /// A CodePipeline pipeline does.
    Pipeline(PipelineTarget),
    /// A CloudFormation stack takes it.
    Stack(StackTarget),
}

/// `[deploy]` as it is written: exactly one of the tables.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    on_rejected: OnRejected,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<StackTarget>,
}

impl TryFrom<Written> for Deploy {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let target = match (written.endpoint, written.pipeline, written.stack) {
            (Some(endpoint), None, None) => Target::Endpoint(endpoint),
            (None, Some(pipeline), None) => Target::Pipeline(pipeline),
            (None, None, Some(stack)) => Target::Stack(stack),
            _ => return Err("expected exactly one of [deploy.endpoint], [deploy.pipeline] and [deploy.stack]"),
        };
        Ok(Self { on_rejected: written.on_rejected, target })
    }
}

impl From<Deploy> for Written {
    fn from(deploy: Deploy) -> Self {
        let mut written = Self { on_rejected: deploy.on_rejected, endpoint: None, pipeline: None, stack: None };
        match deploy.target {
            Target::Endpoint(endpoint) => written.endpoint = Some(endpoint),
            Target::Pipeline(pipeline) => written.pipeline = Some(pipeline),
            Target::Stack(stack) => written.stack = Some(stack),
        }
        written
    }
}

/// A CodePipeline pipeline of type V2 that takes the package's ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineTarget {
    /// The pipeline.
    pub name: DeliveryName,
    /// The pipeline variable that takes the package's ARN.
    pub variable: String,
}

/// `looks`: whether the policy has `[reconcile]`.
pub(super) fn limits(deploy: &Deploy, looks: bool) -> Option<Fault> {
    match &deploy.target {
        Target::Endpoint(target) => endpoint::limits(target, looks),
        // By this ending retrain and deploy tell their executions apart.
        Target::Pipeline(target) => target
            .name
            .as_str()
            .ends_with(TRAINING)
            .then_some(("deploy.pipeline.name", "expected a name that does not end with \"-training\": those train")),
        Target::Stack(stack) => stack::limits(stack),
    }
}
