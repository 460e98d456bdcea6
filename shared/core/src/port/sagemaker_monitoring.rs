//! SageMaker Model Monitor and Clarify: baselines, schedules, and their runs.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PortResult, UpdateAccepted};
use crate::event::{DriftKind, EndpointStatus};
use crate::name::{EndpointName, KmsKeyId, ObjectUri, PackageArn, ResourceName, RoleArn, S3Uri, ScheduleName};
use crate::policy::monitor::{Network, Problem};

/// What an endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The endpoint's status.
    pub status: EndpointStatus,
    /// The configuration.
    pub config: String,
    /// The version; `None` where it is none of the registry's.
    pub package: Option<PackageArn>,
    /// Whether the configuration keeps what is asked and answered.
    pub captures: bool,
}

/// What a version is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Statistics, where the kind has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<S3Uri>,
    /// Constraints.
    pub constraints: S3Uri,
    /// Clarify's analysis configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
}

/// What the jobs of a kind have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitoringJob {
    /// The role.
    pub role: RoleArn,
    /// The image.
    pub image: String,
    /// The instance type; one instance.
    pub instance_type: String,
    /// Where the result goes.
    pub output: S3Uri,
    /// The KMS key of the volume and of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKeyId>,
    /// The place in a VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What the model solves, for model quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Clarify's analysis configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<S3Uri>,
}

/// A job that computes a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRequest {
    /// Its name, made of what it computes; it begins with [`BASELINE_JOBS`].
    pub name: String,
    /// The kind of drift.
    pub kind: DriftKind,
    /// The data set.
    pub dataset: S3Uri,
    /// The label's column in it, for model quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The prediction's column in it, for model quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub job: MonitoringJob,
}

/// The prefix of the names of Trimtab's processing jobs.
pub const BASELINE_JOBS: &str = "trimtab-";

/// How far a baseline's job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObservedBaseline {
    /// It runs.
    Running,
    /// The baseline is there.
    Completed,
    /// It ended without one; why, as SageMaker says. Untrusted text.
    Failed(String),
}

/// Where labels come, and which requests have theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Where.
    pub ground_truth: S3Uri,
    /// `StartTimeOffset`: from so long ago, such as `-PT25H`.
    pub from: String,
    /// `EndTimeOffset`: until so long ago.
    pub until: String,
}

/// A monitoring job's definition. It cannot be changed: its name is made of what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDefinition {
    /// Its name.
    pub name: String,
    /// The kind of drift.
    pub kind: DriftKind,
    /// The endpoint.
    pub endpoint: EndpointName,
    /// What the version is held against.
    pub baseline: Baseline,
    /// Where labels come, for model quality and bias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    /// The place of the prediction in the endpoint's response, for model quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inference: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub job: MonitoringJob,
}

/// A monitoring schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRequest {
    /// Its name.
    pub name: String,
    /// The kind of drift.
    pub kind: DriftKind,
    /// The name of its job's definition.
    pub definition: String,
    /// `ScheduleExpression`.
    pub expression: String,
}

/// A schedule as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSchedule {
    /// Its status.
    pub status: ScheduleStatus,
    /// Its job's definition.
    pub definition: Option<String>,
    /// When it runs.
    pub expression: Option<String>,
    /// Why it failed, as SageMaker says. Untrusted text.
    pub failure: Option<String>,
}

/// `MonitoringScheduleStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum ScheduleStatus {
    /// It takes no update.
    Pending,
    Scheduled,
    Stopped,
    Failed,
}

/// Result of [`Monitoring::delete_definition_if_unused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionRemoval {
    /// The definition does not exist any more.
    Deleted,
    /// The schedule uses the definition; nothing was deleted.
    InUse,
}

/// SageMaker Model Monitor and Clarify. Creating what is there under the same name counts as done.
pub trait Monitoring {
    /// What the endpoint serves; `None` where there is none.
    fn served(&self, endpoint: &EndpointName) -> impl Future<Output = PortResult<Option<Served>>> + Send;
    /// The version's `DriftCheckBaselines`, kind by kind.
    fn baselines(&self, package: &PackageArn)
    -> impl Future<Output = PortResult<BTreeMap<DriftKind, Baseline>>> + Send;
    /// How far the job is; `None` where there is none of this name.
    fn baseline_job(&self, name: &str) -> impl Future<Output = PortResult<Option<ObservedBaseline>>> + Send;
    /// `CreateProcessingJob`.
    fn start_baseline(&self, request: &BaselineRequest) -> impl Future<Output = PortResult<()>> + Send;
    /// `Create…JobDefinition`.
    fn define(&self, definition: &JobDefinition) -> impl Future<Output = PortResult<()>> + Send;
    /// `Delete…JobDefinition`; one that is gone counts as deleted.
    fn undefine(&self, kind: DriftKind, name: &str) -> impl Future<Output = PortResult<()>> + Send;
    /// Deletes a job definition, unless the schedule uses it.
    ///
    /// Without its definition, every later run of the schedule would fail.
    fn delete_definition_if_unused(
        &self,
        kind: DriftKind,
        name: &str,
        schedule: &str,
    ) -> impl Future<Output = PortResult<DefinitionRemoval>> + Send
    where
        Self: Sync,
    {
        async move {
            let observed = self.schedule(schedule).await?;
            if observed.is_some_and(|observed| observed.definition.as_deref() == Some(name)) {
                return Ok(DefinitionRemoval::InUse);
            }
            self.undefine(kind, name).await?;
            Ok(DefinitionRemoval::Deleted)
        }
    }
    /// What SageMaker says of the schedule; `None` where there is none.
    fn schedule(&self, name: &str) -> impl Future<Output = PortResult<Option<ObservedSchedule>>> + Send;
    /// `CreateMonitoringSchedule`.
    fn create_schedule(&self, request: &ScheduleRequest) -> impl Future<Output = PortResult<UpdateAccepted>> + Send;
    /// `UpdateMonitoringSchedule`.
    fn update_schedule(&self, request: &ScheduleRequest) -> impl Future<Output = PortResult<UpdateAccepted>> + Send;
    /// `DeleteMonitoringSchedule`; one that is gone counts as deleted.
    fn delete_schedule(&self, name: &str) -> impl Future<Output = PortResult<UpdateAccepted>> + Send;
}

/// What the exit message of a run that found violations begins with.
pub const COMPLETED_WITH_VIOLATIONS: &str = "CompletedWithViolations";

/// What a run writes its violations into, below its output.
pub const VIOLATIONS_REPORT: &str = "constraint_violations.json";

/// A run of a monitoring schedule: a processing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringRun {
    /// The job.
    pub job: ResourceName,
    /// The schedule; in lower case, as its ARN has it.
    pub schedule: ScheduleName,
    /// Whether it completed, and found violations.
    pub violated: bool,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its report, where the job says where its output is.
    pub report: Option<ObjectUri>,
}

/// Runs of monitoring schedules, reading.
pub trait MonitoringRuns {
    /// The run that is this job; `None` where there is no such job, or no schedule runs it.
    fn run(&self, job: &ResourceName) -> impl Future<Output = PortResult<Option<MonitoringRun>>> + Send;
    /// The job of the newest run of this schedule that found violations.
    fn newest(&self, schedule: &ScheduleName) -> impl Future<Output = PortResult<Option<ResourceName>>> + Send;
}
