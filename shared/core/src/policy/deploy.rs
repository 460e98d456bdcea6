//! `[deploy]`: how approved versions get to production.

use serde::{Deserialize, Serialize};

use super::check::{Fault, Found, first};
use super::endpoint::{self, EndpointTarget};
use super::integrate::is_variable;
use super::stack::{self, StackTarget};
use super::stage::{self, Gate, Stage};
use super::transform::{self, TransformTarget};
use crate::name::{CodePipelineName, StageName, TRAINING};

/// How approved versions get to production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Deploy {
    /// What a rejection of the live version leads to.
    pub on_rejected: OnRejected,
    /// The stages on the way there, in order, the last of them production; at least one.
    pub stages: Vec<Stage>,
}

/// What a rejection of the live version leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRejected {
    /// A message.
    Notify,
    /// A message, and back to the last version that was live.
    Rollback,
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
    /// Batch transform jobs ask it.
    Transform(TransformTarget),
}

/// `[deploy]` as it is written: exactly one of the tables, or stages that have one each.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    on_rejected: OnRejected,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<StackTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<TransformTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<stage::Written>>,
}

/// The tables of targets, of which exactly one is written.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) endpoint: Option<EndpointTarget>,
    pub(super) pipeline: Option<PipelineTarget>,
    pub(super) stack: Option<StackTarget>,
    pub(super) transform: Option<TransformTarget>,
}

impl Tables {
    pub(super) fn target(self) -> Result<Target, &'static str> {
        match (self.endpoint, self.pipeline, self.stack, self.transform) {
            (Some(endpoint), None, None, None) => Ok(Target::Endpoint(endpoint)),
            (None, Some(pipeline), None, None) => Ok(Target::Pipeline(pipeline)),
            (None, None, Some(stack), None) => Ok(Target::Stack(stack)),
            (None, None, None, Some(transform)) => Ok(Target::Transform(transform)),
            _ => Err(
                "expected exactly one of [deploy.endpoint], [deploy.pipeline], [deploy.stack] and [deploy.transform]",
            ),
        }
    }

    fn is_empty(&self) -> bool {
        self.endpoint.is_none() && self.pipeline.is_none() && self.stack.is_none() && self.transform.is_none()
    }
}

impl From<Target> for Tables {
    fn from(target: Target) -> Self {
        let none = Self::default();
        match target {
            Target::Endpoint(endpoint) => Self { endpoint: Some(endpoint), ..none },
            Target::Pipeline(pipeline) => Self { pipeline: Some(pipeline), ..none },
            Target::Stack(stack) => Self { stack: Some(stack), ..none },
            Target::Transform(transform) => Self { transform: Some(transform), ..none },
        }
    }
}

impl TryFrom<Written> for Deploy {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { on_rejected, endpoint, pipeline, stack, transform, stages } = written;
        let tables = Tables { endpoint, pipeline, stack, transform };
        let stages = match stages {
            Some(_) if !tables.is_empty() => {
                return Err("expected the tables within [[deploy.stages]], or no stages");
            }
            Some(stages) => stages.into_iter().map(|stage| stage.read(on_rejected)).collect::<Result<_, _>>()?,
            None => {
                let target = tables.target()?;
                let name = StageName::parse(stage::SOLE).map_err(|error| error.expected)?;
                vec![Stage { name, sole: true, gate: Gate::None, on_rejected, target, account: None, smoke_test: None }]
            }
        };
        Ok(Self { on_rejected, stages })
    }
}

impl From<Deploy> for Written {
    fn from(deploy: Deploy) -> Self {
        let Deploy { on_rejected, stages } = deploy;
        let (tables, stages) = match stages.as_slice() {
            [Stage { sole: true, target, .. }] => (Tables::from(target.clone()), None),
            _ => (Tables::default(), Some(stages.into_iter().map(stage::Written::of).collect())),
        };
        let Tables { endpoint, pipeline, stack, transform } = tables;
        Self { on_rejected, endpoint, pipeline, stack, transform, stages }
    }
}

/// A CodePipeline pipeline of type V2 that takes the package's ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineTarget {
    /// The pipeline.
    pub name: CodePipelineName,
    /// The pipeline variable that takes the package's ARN.
    pub variable: String,
}

/// `looks`: whether the policy has `[reconcile]`.
pub(super) fn limits(deploy: &Deploy, looks: bool) -> Option<Found> {
    let of = |stage: &Stage| match &stage.target {
        Target::Endpoint(target) => endpoint::limits(target, looks),
        Target::Pipeline(target) => pipeline(target),
        Target::Stack(stack) => stack::limits(stack),
        Target::Transform(transform) => transform::limits(transform),
    };
    let mut stages = deploy.stages.iter().enumerate();
    let found = stages.find_map(|(at, stage)| of(stage).map(|fault| ((!stage.sole).then_some(at), fault)));
    found.or_else(|| stage::limits(&deploy.stages))
}

fn pipeline(target: &PipelineTarget) -> Option<Fault> {
    first([
        // By this ending retrain and deploy tell their executions apart.
        (
            !target.name.as_str().ends_with(TRAINING),
            "deploy.pipeline.name",
            "expected a name that does not end with \"-training\": those train",
        ),
        (
            is_variable(&target.variable),
            "deploy.pipeline.variable",
            "expected a pipeline variable: 1 to 128 letters, digits, '@', '_' and '-'",
        ),
    ])
}
