//! The rollout of one version into a stage.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::name::{ModelName, PackageArn, StageName};

/// The reason for a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The version was approved.
    Approved,
    /// The live version was rejected or failed its checks; this version was live before it.
    Rollback,
    /// An operator requested the version.
    Operator,
}

/// The progress of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The rollout is claimed; its actions may not have reached AWS.
    Intended,
    /// SageMaker updates the endpoint.
    UpdatingEndpoint,
    /// The endpoint serves the variant test.
    Testing {
        /// The time at which the endpoint began to serve it.
        since: Timestamp,
    },
    /// CodePipeline deploys the version.
    RunningPipeline {
        /// The execution's ID.
        execution: String,
    },
    /// A batch transform job runs with the version.
    Transforming,
    /// CloudFormation creates or updates the stack.
    UpdatingStack,
    /// CloudFormation had nothing to update: the stack has the version already.
    StackUnchanged,
    /// CloudFormation deletes the remains of a stack that it could not create.
    DeletingStack,
    /// CloudFormation could not roll back, and the rollback is continued.
    ContinuingRollback {
        /// Whether CloudFormation accepted the request.
        requested: bool,
    },
}

/// The part of a rollout that is in progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The version takes all traffic, by the policy's strategy.
    #[default]
    AllTraffic,
    /// The version is tested beside the live one.
    VariantTest {
        /// The SageMaker model of the live version, which stays.
        live_model: String,
        /// The SageMaker model of the tested version. Its endpoint configuration after the test has the same name.
        own_model: String,
        /// The operator who ends the test early.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promoted_by: Option<String>,
    },
}

/// The AWS resource by which a target is recognized to have a rollout's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// The name of the endpoint configuration.
    EndpointConfig(String),
    /// The name of the batch transform job.
    TransformJob(String),
    /// The model package: a pipeline or a stack takes its ARN.
    Package,
}

impl Resource {
    /// The name of the endpoint configuration; `None` for another target.
    #[must_use]
    pub fn endpoint_config(&self) -> Option<&str> {
        match self {
            Self::EndpointConfig(name) => Some(name),
            Self::TransformJob(_) | Self::Package => None,
        }
    }

    /// The name of the batch transform job; `None` for another target.
    #[must_use]
    pub fn transform_job(&self) -> Option<&str> {
        match self {
            Self::TransformJob(name) => Some(name),
            Self::EndpointConfig(_) | Self::Package => None,
        }
    }
}

/// The rollout of one version into a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// The model.
    pub model: ModelName,
    /// The stage; `None` for a policy without stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
    /// The version's attempt, from 1: see `VerdictRecord::attempt`.
    pub attempt: u32,
    /// The version.
    pub package: PackageArn,
    /// The reason for the rollout.
    pub cause: Cause,
    /// The resource that the rollout creates.
    pub resource: Resource,
    /// The time of the decision.
    pub since: Timestamp,
    /// How far the rollout is.
    pub progress: Progress,
    /// Whether Deadline Exceeded was published for this phase.
    #[serde(default)]
    pub deadline_exceeded: bool,
    /// The part of the rollout that is in progress.
    #[serde(default)]
    pub phase: Phase,
}

impl Rollout {
    /// The number of the version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.package.version()
    }

    /// Whether the rollout is before or in its variant test.
    #[must_use]
    pub fn is_variant_test(&self) -> bool {
        matches!(self.phase, Phase::VariantTest { .. })
    }

    /// Whether the endpoint serves the rollout's variant test.
    #[must_use]
    pub fn is_testing(&self) -> bool {
        matches!(self.progress, Progress::Testing { .. })
    }
}
