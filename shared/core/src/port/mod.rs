//! The ports: every call that Trimtab makes to the outside world. One file for each service, as in `shared/adapters/`.
//!
//! Adapters implement the ports over AWS's SDKs; tests and the simulation implement them in memory. The methods of the
//! ports are the complete list of call sites, from which the simulation generates the faults that it injects. Each
//! method that starts something has a method beside it that finds what an earlier attempt started.

mod accounts;
mod autoscaling;
mod cloudformation;
mod cloudwatch;
mod codebuild;
mod codecommit;
mod codepipeline;
mod ecr;
mod event_bus;
mod ledger;
mod s3;
mod sagemaker_endpoints;
mod sagemaker_lineage;
mod sagemaker_monitoring;
mod sagemaker_pipelines;
mod sagemaker_registry;
mod sagemaker_resources;
mod sagemaker_runtime;
mod sagemaker_transform;
mod sns;
mod step_functions;
mod training_engine;

pub use accounts::{StageAccounts, StageClients, StageClientsOf};
pub use autoscaling::Scaling;
pub use cloudformation::{ObservedStack, StackAccepted, StackCall, StackRequest, Stacks};
pub use cloudwatch::{AlarmRequest, AlarmWrites, Alarms, ObservedAlarm};
pub use codebuild::{BuildRequest, Builds, ObservedBuild};
pub use codecommit::{CommentRequest, ObservedPullRequest, PullRequests, Repositories};
pub use codepipeline::{
    BuildPipelines, CodePipelineRequest, CodePipelines, ObservedPipelineBuild, PipelineBuildRequest,
};
pub use ecr::Images;
pub use event_bus::Bus;
pub use ledger::{AggregateId, HistoryEntry, Ledger, Pause, Record, WriteError};
pub use s3::Objects;
pub use sagemaker_endpoints::{
    EndpointRequest, Endpoints, ModelRequest, ObservedEndpoint, SecondVariant, ServingRequest, UpdateAccepted,
};
pub use sagemaker_lineage::{Entity, EntityKind, Lineage, LineageProgress, LinkKind, ObservedEntity};
pub use sagemaker_monitoring::{
    BASELINE_JOBS, Baseline, BaselineRequest, COMPLETED_WITH_VIOLATIONS, DefinitionRemoval, JobDefinition, Labels,
    Monitoring, MonitoringJob, MonitoringRun, MonitoringRuns, ObservedBaseline, ObservedSchedule, ScheduleRequest,
    ScheduleStatus, Served, VIOLATIONS_REPORT,
};
pub use sagemaker_pipelines::{DefinitionRequest, Definitions, MAX_DEFINITION_BYTES, ObservedDefinition};
pub use sagemaker_registry::{
    Candidates, EVALUATION_STAMP, ListedPackage, METRIC_PREFIX, ObservedCandidate, ObservedPackage, Registry,
    VerdictOutcome, VerdictRequest,
};
pub use sagemaker_resources::{Activity, ObservedResource, Resources, StopOutcome};
pub use sagemaker_runtime::{Invocations, SmokeTestResult};
pub use sagemaker_transform::{ObservedTransform, TransformRequest, Transforms};
pub use sns::{Message, Topic};
pub use step_functions::{ExecutionRequest, ObservedExecution, StateMachines};
pub use training_engine::{RunRequest, Runs, other_engine};

use jiff::Timestamp;

use crate::failure::Failure;

/// The result of a call through a port.
pub type PortResult<T> = Result<T, Failure>;

/// Returns the time. The only clock of Trimtab.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests;
