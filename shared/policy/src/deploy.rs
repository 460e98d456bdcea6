//! `[deploy]`: deployment of approved versions.

use serde::{Deserialize, Serialize};

use super::endpoint::{self, EndpointTarget};
use super::integrate::is_variable;
use super::stack::{self, StackTarget};
use super::stage::{self, Gate, Stage};
use super::transform::{self, TransformTarget};
use super::validate::{Fault, Found, first};
use trimtab_names::name::{CodePipelineName, StageName, TRAINING};

/// Deployment of approved versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "DeployToml", into = "DeployToml")]
pub struct Deploy {
    /// The reaction to the rejection of a live version.
    pub on_rejected: OnRejected,
    /// The stages in order, at least one; the last is production.
    pub stages: Vec<Stage>,
}

/// The reaction to the rejection of a live version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnRejected {
    /// Sends a message only.
    Notify,
    /// Sends a message and rolls back to the previous live version.
    Rollback,
}

/// The deployment target of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An endpoint that Trimtab updates.
    Endpoint(EndpointTarget),
    /// A CodePipeline pipeline that deploys the version.
    Pipeline(PipelineTarget),
    /// A CloudFormation stack that takes the version as a parameter.
    Stack(StackTarget),
    /// Batch transform jobs that run with the version.
    Transform(TransformTarget),
}

/// `[deploy]` in TOML: exactly one target, or stages with one target each.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct DeployToml {
    /// The reaction when a live version is rejected in the Model Registry: `"notify"` sends a message only,
    /// `"rollback"` also rolls back to the previous live version.
    on_rejected: OnRejected,
    /// An endpoint that Trimtab updates. Write exactly one of `endpoint`, `pipeline`, `stack`, `transform` and `stages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    /// A CodePipeline pipeline that deploys the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
    /// A CloudFormation stack that takes the version as a parameter. CloudFormation moves the traffic and rolls back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<StackTarget>,
    /// Batch transform jobs: each approved version processes the whole input once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<TransformTarget>,
    /// The stages of a version in order, each with its own target; the last is production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<stage::StageToml>>,
}

/// The tables of targets; a policy has exactly one for each stage.
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

impl TryFrom<DeployToml> for Deploy {
    type Error = &'static str;
    fn try_from(written: DeployToml) -> Result<Self, Self::Error> {
        let DeployToml { on_rejected, endpoint, pipeline, stack, transform, stages } = written;
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

impl From<Deploy> for DeployToml {
    fn from(deploy: Deploy) -> Self {
        let Deploy { on_rejected, stages } = deploy;
        let (tables, stages) = match stages.as_slice() {
            [Stage { sole: true, target, .. }] => (Tables::from(target.clone()), None),
            _ => (Tables::default(), Some(stages.into_iter().map(stage::StageToml::of).collect())),
        };
        let Tables { endpoint, pipeline, stack, transform } = tables;
        Self { on_rejected, endpoint, pipeline, stack, transform, stages }
    }
}

/// A CodePipeline pipeline of type V2 that takes the ARN of the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipelineTarget {
    /// The pipeline, of type V2. Its name must not end with `-training`: Trimtab treats such pipelines as training.
    pub name: CodePipelineName,
    /// The pipeline variable that receives the ARN of the version.
    pub variable: String,
}

/// `reconciled`: whether the policy has `[reconcile]`.
pub(super) fn limits(deploy: &Deploy, reconciled: bool) -> Option<Found> {
    let of = |stage: &Stage| match &stage.target {
        Target::Endpoint(target) => endpoint::limits(target, reconciled),
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
        // Only the ending distinguishes the executions of retrain from those of deploy.
        (
            !target.name.as_str().ends_with(TRAINING),
            "deploy.pipeline.name",
            "expected a name that does not end with \"-training\": retrain owns pipelines with such names",
        ),
        (
            is_variable(&target.variable),
            "deploy.pipeline.variable",
            "expected a pipeline variable: 1 to 128 letters, digits, '@', '_' and '-'",
        ),
    ])
}
