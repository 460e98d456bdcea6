//! A model's policy: which reactions are on, with what, and within which limits. One TOML file per
//! model, checked in by its team.
//!
//! Knows nothing of files: the caller brings the text and the name to show in errors.

mod check;
pub mod evaluate;
mod key;
mod length;
pub mod suite;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use check::{PolicyError, check_all};
pub use key::{Key, KeyKind};
pub use suite::{Guard, Stoppable, SuitePolicy};

use crate::event::DriftKind;
use crate::name::{
    AlarmName, BranchName, DeliveryName, EndpointName, FilePath, GroupName, ModelName, PipelineName, ProjectName,
    RepositoryName, RoleArn,
};

/// The version of the policy's shape that this suite reads.
pub const VERSION: u32 = 1;

/// A model's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The shape's version: [`VERSION`].
    pub version: u32,
    /// The model.
    pub model: ModelName,
    /// Who answers for it: shown to people, never interpreted.
    pub owner: String,
    /// Its model package group.
    pub package_group: GroupName,
    /// Builds; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrate: Option<Integrate>,
    /// Training; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrain: Option<Retrain>,
    /// Deployment; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy: Option<Deploy>,
    /// Looking for what AWS did not tell of; absent means off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconcile>,
    /// What a version must show before it goes on; absent means that a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<evaluate::Evaluate>,
    /// What came of what is written into SageMaker ML Lineage Tracking; absent means it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
}

/// How long things may take before a person is told. Whoever has this table is looked after: every
/// few minutes the functions look for what they have not heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// A build.
    #[serde(with = "length", default = "two_hours")]
    pub build: SignedDuration,
    /// A training run.
    #[serde(with = "length", default = "a_day")]
    pub training: SignedDuration,
    /// A test suite.
    #[serde(with = "length", default = "six_hours")]
    pub evaluation: SignedDuration,
    /// A rollout.
    #[serde(with = "length", default = "six_hours")]
    pub rollout: SignedDuration,
}

/// `[lineage]`: the table itself, empty, switches it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {}

fn two_hours() -> SignedDuration {
    SignedDuration::from_hours(2)
}

fn six_hours() -> SignedDuration {
    SignedDuration::from_hours(6)
}

fn a_day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

/// Which pushes are built, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// The CodeCommit repository.
    pub repository: RepositoryName,
    /// The branches that are built.
    pub branches: Vec<BranchName>,
    /// The CodeBuild project.
    pub project: ProjectName,
    /// The CodeBuild project that builds pull requests to these branches; absent means none does. It
    /// runs code that nobody has reviewed: its role should be able to do less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_requests: Option<ProjectName>,
    /// The file in the repository that holds the definition of `retrain.pipeline`: when a commit's
    /// build has succeeded, the pipeline gets that commit's. Absent means that somebody else sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<FilePath>,
    /// The role of the pipeline's runs. Without it, a pipeline that is not there is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_role: Option<RoleArn>,
}

/// What is trained, on which alarms, and within which limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrain {
    /// The SageMaker pipeline.
    pub pipeline: PipelineName,
    /// The model's alarms.
    #[serde(default)]
    pub alarms: BTreeSet<AlarmName>,
    /// The kinds of drift that count; all unless named.
    #[serde(default = "every_drift")]
    pub drift: BTreeSet<DriftKind>,
    /// How long after a run's end drift starts nothing.
    #[serde(with = "length")]
    pub cool_down: SignedDuration,
    /// How many runs in how long a time.
    pub budget: Budget,
    /// After so many drift runs in a row that did not end the drift, no more are started: one
    /// message, and one more try per budget window, until the drift ends or a commit is trained.
    #[serde(default = "three")]
    pub give_up_after: u32,
    /// What the run is told.
    #[serde(default)]
    pub parameters: Parameters,
}

fn three() -> u32 {
    3
}

fn every_drift() -> BTreeSet<DriftKind> {
    use DriftKind::{Bias, DataQuality, FeatureAttribution, ModelQuality};
    [DataQuality, ModelQuality, Bias, FeatureAttribution].into()
}

/// How many runs in how long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// At most this many runs are started…
    pub runs: u32,
    /// …within any stretch of this length.
    #[serde(with = "length")]
    pub per: SignedDuration,
}

/// Under which parameter of the pipeline each thing is handed over. What is not named is not
/// handed over: SageMaker refuses a run with a parameter that its pipeline does not declare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The commit.
    pub commit: Option<String>,
    /// The incident's id.
    pub incident: Option<String>,
    /// `drift` or `build`.
    pub reason: Option<String>,
}

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
}

/// `[deploy]` as it is written: exactly one of the two tables.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    on_rejected: OnRejected,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
}

impl TryFrom<Written> for Deploy {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let target = match (written.endpoint, written.pipeline) {
            (Some(endpoint), None) => Target::Endpoint(endpoint),
            (None, Some(pipeline)) => Target::Pipeline(pipeline),
            _ => return Err("expected exactly one of [deploy.endpoint] and [deploy.pipeline]"),
        };
        Ok(Self { on_rejected: written.on_rejected, target })
    }
}

impl From<Deploy> for Written {
    fn from(deploy: Deploy) -> Self {
        let (endpoint, pipeline) = match deploy.target {
            Target::Endpoint(endpoint) => (Some(endpoint), None),
            Target::Pipeline(pipeline) => (None, Some(pipeline)),
        };
        Self { on_rejected: deploy.on_rejected, endpoint, pipeline }
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

impl Policy {
    /// Reads a policy; `label` is what errors call the file.
    ///
    /// # Errors
    /// One fault, with file, line, key and what was expected.
    pub fn parse(label: &str, text: &str) -> Result<Self, PolicyError> {
        check::parse(label, text, check::limits)
    }

    /// The names by which events find this model.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<Key> {
        key::of(self)
    }
}

#[cfg(test)]
mod tests;
