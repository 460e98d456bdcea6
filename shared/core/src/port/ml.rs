//! The ports to the machine-learning side: builds, runs, the registry, endpoints, messages.
//!
//! Every starting call has a finding call beside it: a function looks for its own earlier effect
//! before it makes another.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::event::{AlarmState, Approval, BuildStatus, DeliveryState, DriftKind, EndpointStatus, RunStatus};
use crate::name::{
    AlarmArn, AlarmName, BranchName, BuildId, CommitId, DeliveryName, EndpointName, FilePath, GroupName, PackageArn,
    PipelineName, ProjectName, PullRequestId, RepositoryName, RoleArn, RunArn,
};
use crate::policy::{Autoscaling, Canary};

/// CodeCommit, reading.
pub trait Repositories {
    /// The commit at the branch's head; `None` where the branch or the repository is not.
    fn head(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> impl Future<Output = Answer<Option<CommitId>>> + Send;
    /// What the file holds at this commit; `None` where there is no such file.
    fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;
}

/// A pull request as CodeCommit knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestTruth {
    /// Whether it is open.
    pub open: bool,
    /// The commit that is proposed.
    pub source: Option<CommitId>,
    /// The commit that it is compared with.
    pub target: Option<CommitId>,
    /// The branch that it is proposed for.
    pub destination: Option<BranchName>,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentRequest {
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub pull_request: PullRequestId,
    /// The commit that it is compared with.
    pub before: CommitId,
    /// The commit that the comment is about.
    pub after: CommitId,
    /// Markdown.
    pub content: String,
    /// CodeCommit's `clientRequestToken`: the same token gives the comment that is there.
    pub token: String,
}

/// CodeCommit's pull requests.
pub trait PullRequests {
    /// The repository's open ones, as far as one page goes.
    fn open(&self, repository: &RepositoryName) -> impl Future<Output = Answer<Vec<PullRequestId>>> + Send;
    /// What CodeCommit says of it; `None` where it knows none.
    fn pull_request(&self, id: &PullRequestId) -> impl Future<Output = Answer<Option<PullRequestTruth>>> + Send;
    /// Comments on it.
    fn comment(&self, request: &CommentRequest) -> impl Future<Output = Answer<()>> + Send;
}

/// What is built, and how the build is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRequest {
    /// The CodeBuild project.
    pub project: ProjectName,
    /// Exactly this commit: CodeBuild's `sourceVersion`.
    pub commit: CommitId,
    /// Environment variables; they come from policy, never from an event.
    pub variables: BTreeMap<String, String>,
    /// CodeBuild's `idempotencyToken`; remembered for 5 minutes only, hence [`Builds::find`].
    pub token: String,
}

/// A build as CodeBuild knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildTruth {
    /// Its status.
    pub status: BuildStatus,
    /// The commit it was started for, where that is a full commit id.
    pub commit: Option<CommitId>,
    /// Its environment variables.
    pub variables: BTreeMap<String, String>,
}

/// CodeBuild.
pub trait Builds {
    /// The newest build that carries this request's commit and variables, among the project's
    /// latest; so that a lost answer does not build twice.
    fn find(&self, request: &BuildRequest) -> impl Future<Output = Answer<Option<BuildId>>> + Send;
    /// Starts it.
    fn start(&self, request: &BuildRequest) -> impl Future<Output = Answer<BuildId>> + Send;
    /// What CodeBuild says of it; `None` where it knows none.
    fn describe(&self, build: &BuildId) -> impl Future<Output = Answer<Option<BuildTruth>>> + Send;
}

/// A training run to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// The SageMaker pipeline.
    pub pipeline: PipelineName,
    /// The incident's id: `PipelineExecutionDisplayName`, by which the run is found again.
    pub display_name: String,
    /// `ClientRequestToken`, 32 to 128 characters, made of the incident.
    pub token: String,
    /// `PipelineParameters`, by the names that the policy gives them.
    pub parameters: BTreeMap<String, String>,
    /// When the incident was opened: no run of it is older.
    pub since: Timestamp,
}

/// SageMaker Pipelines.
pub trait Runs {
    /// The run that carries this request's display name.
    fn find(&self, request: &RunRequest) -> impl Future<Output = Answer<Option<RunArn>>> + Send;
    /// Starts it.
    fn start(&self, request: &RunRequest) -> impl Future<Output = Answer<RunArn>> + Send;
    /// What SageMaker says of it; `None` where it knows none.
    fn status(&self, run: &RunArn) -> impl Future<Output = Answer<Option<RunStatus>>> + Send;
}

/// An alarm as CloudWatch knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmTruth {
    /// Its name.
    pub name: AlarmName,
    /// Its ARN.
    pub arn: AlarmArn,
    /// Its state now.
    pub state: AlarmState,
    /// Since when: `StateTransitionedTimestamp`.
    pub since: Option<Timestamp>,
    /// The kind of drift that its metric tells of, if a monitor publishes it.
    pub drift: Option<DriftKind>,
}

/// CloudWatch alarms, reading.
pub trait Alarms {
    /// Those of these alarms that there are, up to 100 at once.
    fn describe(&self, alarms: &[AlarmName]) -> impl Future<Output = Answer<Vec<AlarmTruth>>> + Send;
}

/// A package version as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageTruth {
    /// Its approval.
    pub approval: Approval,
    /// `ModelPackageStatus`; only `Completed` can be deployed.
    pub status: String,
}

/// A version in a group's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The version.
    pub package: PackageArn,
    /// What the registry says of it.
    pub truth: PackageTruth,
}

/// The SageMaker Model Registry, reading.
pub trait Registry {
    /// The group's newest versions, the lowest first; the list may lag behind.
    fn newest(&self, group: &GroupName) -> impl Future<Output = Answer<Vec<Listed>>> + Send;
    /// What the registry says of the package; `None` where it knows none.
    fn package(&self, package: &PackageArn) -> impl Future<Output = Answer<Option<PackageTruth>>> + Send;
}

/// An endpoint as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointTruth {
    /// Its status.
    pub status: EndpointStatus,
    /// The configuration that serves.
    pub config: Option<String>,
    /// The configuration on its way, while an update is on.
    pub pending: Option<String>,
    /// Why it failed, as SageMaker says. Untrusted text.
    pub failure: Option<String>,
    /// When it last changed: `LastModifiedTime`.
    pub modified: Option<Timestamp>,
}

/// What serves a package version: a model, and an endpoint configuration of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingRequest {
    /// The name of the model and of the configuration, made of the package and the shape.
    pub name: String,
    /// The package version.
    pub package: PackageArn,
    /// The role the containers run as.
    pub role: RoleArn,
    /// The instance type.
    pub instance_type: String,
    /// How many instances at first.
    pub instances: u32,
}

/// An endpoint to bring to a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRequest {
    /// The endpoint.
    pub endpoint: EndpointName,
    /// The configuration.
    pub config: String,
    /// Blue/green with a canary and alarms; `None` is blue/green all at once.
    pub canary: Option<Canary>,
}

/// What became of an [`EndpointRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// SageMaker took it, or is at it already.
    Started,
    /// The endpoint is in the middle of something else.
    Busy,
}

/// SageMaker endpoints. Creating what is already there under the same name counts as done: names
/// are made of what they hold.
pub trait Endpoints {
    /// What SageMaker says of the endpoint; `None` where there is none.
    fn describe(&self, endpoint: &EndpointName) -> impl Future<Output = Answer<Option<EndpointTruth>>> + Send;
    /// `CreateModel` from the package.
    fn create_model(&self, request: &ServingRequest) -> impl Future<Output = Answer<()>> + Send;
    /// `CreateEndpointConfig` with one variant, `AllTraffic`.
    fn create_config(&self, request: &ServingRequest) -> impl Future<Output = Answer<()>> + Send;
    /// `CreateEndpoint`.
    fn create(&self, request: &EndpointRequest) -> impl Future<Output = Answer<Accepted>> + Send;
    /// `UpdateEndpoint`, always with its `DeploymentConfig`: without it the canary is dropped.
    fn update(&self, request: &EndpointRequest) -> impl Future<Output = Answer<Accepted>> + Send;
}

/// Application Auto Scaling for an endpoint's variant `AllTraffic`. Both calls are puts.
pub trait Scaling {
    /// `RegisterScalableTarget` and `PutScalingPolicy` (target tracking on invocations).
    fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = Answer<()>> + Send;
}

/// A delivery by CodePipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRequest {
    /// The pipeline (V2).
    pub pipeline: DeliveryName,
    /// The pipeline variable that takes the package's ARN.
    pub variable: String,
    /// The package version.
    pub package: PackageArn,
    /// `clientRequestToken`; not relied upon.
    pub token: String,
    /// When the rollout was decided: no execution of it is older.
    pub since: Timestamp,
}

/// CodePipeline.
pub trait Deliveries {
    /// The execution since then that carries this package in this variable.
    fn find(&self, request: &DeliveryRequest) -> impl Future<Output = Answer<Option<String>>> + Send;
    /// Starts an execution; gives its id.
    fn start(&self, request: &DeliveryRequest) -> impl Future<Output = Answer<String>> + Send;
    /// The state of an execution; `None` where CodePipeline knows none.
    fn state(
        &self,
        pipeline: &DeliveryName,
        execution: &str,
    ) -> impl Future<Output = Answer<Option<DeliveryState>>> + Send;
}

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Fewer than 100 printable ASCII characters.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Message attributes, by which a subscription can filter: severity, model, kind.
    pub attributes: BTreeMap<String, String>,
}

/// The SNS topic.
pub trait Topic {
    /// Publishes; gives the message id.
    fn publish(&self, message: &Message) -> impl Future<Output = Answer<String>> + Send;
}
