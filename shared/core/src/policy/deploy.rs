//! `[deploy]`: how approved versions get to production.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::length;
use super::stage::{self, Gate, Stage};
use crate::name::{AlarmName, DeliveryName, EndpointName, RoleArn, StageName, TRAINING};

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
}

/// `[deploy]` as it is written: exactly one of the tables, or stages that have one each.
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
    stages: Option<Vec<stage::Written>>,
}

/// Exactly one of the tables.
pub(super) fn target(
    endpoint: Option<EndpointTarget>,
    pipeline: Option<PipelineTarget>,
) -> Result<Target, &'static str> {
    match (endpoint, pipeline) {
        (Some(endpoint), None) => Ok(Target::Endpoint(endpoint)),
        (None, Some(pipeline)) => Ok(Target::Pipeline(pipeline)),
        _ => Err("expected exactly one of [deploy.endpoint] and [deploy.pipeline]"),
    }
}

impl TryFrom<Written> for Deploy {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { on_rejected, endpoint, pipeline, stages } = written;
        let stages = match stages {
            Some(_) if endpoint.is_some() || pipeline.is_some() => {
                return Err("expected the tables within [[deploy.stages]], or no stages");
            }
            Some(stages) => stages.into_iter().map(|stage| stage.read(on_rejected)).collect::<Result<_, _>>()?,
            None => {
                let target = target(endpoint, pipeline)?;
                let name = StageName::parse(stage::SOLE).map_err(|error| error.expected)?;
                vec![Stage { name, sole: true, gate: Gate::None, on_rejected, target, place: None, smoke: None }]
            }
        };
        Ok(Self { on_rejected, stages })
    }
}

impl From<Deploy> for Written {
    fn from(deploy: Deploy) -> Self {
        let Deploy { on_rejected, stages } = deploy;
        let written = Self { on_rejected, endpoint: None, pipeline: None, stages: None };
        match stages.as_slice() {
            [Stage { sole: true, target: Target::Endpoint(endpoint), .. }] => {
                Self { endpoint: Some(endpoint.clone()), ..written }
            }
            [Stage { sole: true, target: Target::Pipeline(pipeline), .. }] => {
                Self { pipeline: Some(pipeline.clone()), ..written }
            }
            _ => Self { stages: Some(stages.into_iter().map(stage::Written::of).collect()), ..written },
        }
    }
}

/// A real-time endpoint with one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointTarget {
    /// The endpoint.
    pub name: EndpointName,
    /// The role that its containers run as.
    pub role: RoleArn,
    /// The instance type, such as `ml.m5.large`.
    pub instance_type: String,
    /// How many instances at first.
    pub instances: u32,
    /// A canary; absent means all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Autoscaling; absent means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
}

/// A blue/green rollout with a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The share of the fleet that takes traffic first, 1 to 50.
    pub percent: u8,
    /// How long it is watched, up to an hour.
    #[serde(with = "length")]
    pub bake: SignedDuration,
    /// The alarms that send it back, 1 to 10. Without one nothing ever would.
    pub alarms: Vec<AlarmName>,
}

/// Target tracking on invocations per instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Autoscaling {
    /// The fewest instances.
    pub min: u32,
    /// The most instances.
    pub max: u32,
    /// Invocations per instance and minute to aim at.
    pub invocations_per_instance: u32,
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

pub(super) fn limits(deploy: &Deploy) -> Option<Fault> {
    let of = |stage: &Stage| match &stage.target {
        Target::Endpoint(target) => endpoint(target),
        // By this ending retrain and deploy tell their executions apart.
        Target::Pipeline(target) => target
            .name
            .as_str()
            .ends_with(TRAINING)
            .then_some(("deploy.pipeline.name", "expected a name that does not end with \"-training\": those train")),
    };
    deploy.stages.iter().find_map(of).or_else(|| stage::limits(&deploy.stages))
}

fn endpoint(target: &EndpointTarget) -> Option<Fault> {
    let rules = [
        (target.instances > 0, "deploy.endpoint.instances", "expected at least 1"),
        (
            target.instance_type.starts_with("ml."),
            "deploy.endpoint.instance_type",
            "expected a SageMaker instance type such as \"ml.m5.large\"",
        ),
    ];
    super::check::first(rules)
        .or_else(|| target.canary.as_ref().and_then(canary))
        .or_else(|| target.autoscaling.as_ref().and_then(autoscaling))
}

fn canary(canary: &Canary) -> Option<Fault> {
    let rules = [
        ((1..=50).contains(&canary.percent), "deploy.endpoint.canary.percent", "expected 1 to 50"),
        (
            canary.bake.as_secs() <= 3600,
            "deploy.endpoint.canary.bake",
            "expected at most \"1h\": SageMaker bakes no longer",
        ),
        (
            (1..=10).contains(&canary.alarms.len()),
            "deploy.endpoint.canary.alarms",
            "expected 1 to 10 alarms: without one, nothing ever sends a canary back",
        ),
    ];
    super::check::first(rules)
}

fn autoscaling(scaling: &Autoscaling) -> Option<Fault> {
    let rules = [
        (scaling.min > 0 && scaling.min <= scaling.max, "deploy.endpoint.autoscaling.min", "expected 1 to max"),
        (
            scaling.invocations_per_instance > 0,
            "deploy.endpoint.autoscaling.invocations_per_instance",
            "expected at least 1",
        ),
    ];
    super::check::first(rules)
}
