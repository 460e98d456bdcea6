//! The ports to the registry and to what serves its versions.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Approval, EndpointStatus, LifeCycle};
use crate::name::{EndpointName, GroupName, PackageArn, RoleArn};
use crate::policy::monitor::Capture;
use crate::policy::{Autoscaling, CrossAccountRole, Serving, Strategy, Trial};
use crate::port::Answer;

/// A package version as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPackage {
    /// Its approval.
    pub approval: Approval,
    /// `ModelPackageStatus`; only `Completed` can be deployed.
    pub status: String,
    /// How far it has got in its life cycle, where it has one and the call tells.
    pub lifecycle: Option<LifeCycle>,
}

/// A version in a group's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The version.
    pub package: PackageArn,
    /// What the registry says of it.
    pub actual: ObservedPackage,
}

/// The SageMaker Model Registry, reading.
pub trait Registry {
    /// The group's newest versions, the lowest first; the list may lag behind.
    fn newest(&self, group: &GroupName) -> impl Future<Output = Answer<Vec<Listed>>> + Send;
    /// What the registry says of the package; `None` where it knows none.
    fn package(&self, package: &PackageArn) -> impl Future<Output = Answer<Option<ObservedPackage>>> + Send;
}

/// An endpoint as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEndpoint {
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

/// A model: what SageMaker runs of a package version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// Its name, made of all that it holds and more.
    pub model: String,
    /// The package version.
    pub package: PackageArn,
    /// The role the containers run as.
    pub role: RoleArn,
    /// In which account; `None` is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CrossAccountRole>,
}

/// What serves a model: an endpoint configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingRequest {
    /// Its name, made of all that it holds.
    pub name: String,
    /// The model; it has the configuration's own name unless on trial.
    pub model: String,
    /// What it is served by.
    pub serving: Serving,
    /// What is kept of the traffic; `None` is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// In which account; `None` is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CrossAccountRole>,
    /// The live version that it is on trial beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
}

/// The live version stays, and another is on trial beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The live version's model.
    pub live: String,
    /// How the other is tried.
    pub trial: Trial,
}

/// An endpoint to bring to a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRequest {
    /// The endpoint.
    pub endpoint: EndpointName,
    /// The configuration.
    pub config: String,
    /// How traffic moves.
    pub strategy: Strategy,
    /// In which account; `None` is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CrossAccountRole>,
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
    fn describe(&self, endpoint: &EndpointName) -> impl Future<Output = Answer<Option<ObservedEndpoint>>> + Send;
    /// `CreateModel` from the package.
    fn create_model(&self, request: &ModelRequest) -> impl Future<Output = Answer<()>> + Send;
    /// `CreateEndpointConfig` with the variant `AllTraffic`, and the one that is on trial.
    fn create_config(&self, request: &ServingRequest) -> impl Future<Output = Answer<()>> + Send;
    /// `CreateEndpoint`.
    fn create(&self, request: &EndpointRequest) -> impl Future<Output = Answer<Accepted>> + Send;
    /// `UpdateEndpoint`, always with its `DeploymentConfig`: without it the strategy is dropped.
    fn update(&self, request: &EndpointRequest) -> impl Future<Output = Answer<Accepted>> + Send;
    /// `DeleteEndpoint`: the only thing that SageMaker lets be done to an endpoint that is `Failed`. One
    /// that is not there, or is being deleted, counts as done.
    fn delete(&self, endpoint: &EndpointName) -> impl Future<Output = Answer<()>> + Send;
}

/// Application Auto Scaling for an endpoint's variant `AllTraffic`. All calls are puts, or delete
/// what the suite itself has put.
pub trait Scaling {
    /// `RegisterScalableTarget` and `PutScalingPolicy` (target tracking).
    fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = Answer<()>> + Send;
    /// `PutScheduledAction` for each of the schedule; those that the suite has put before and that
    /// are none of it any more are deleted.
    fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = Answer<()>> + Send;
}
