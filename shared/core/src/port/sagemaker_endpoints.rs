//! SageMaker endpoints, their configurations and models.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::EndpointStatus;
use crate::name::{EndpointName, PackageArn, RoleArn};
use crate::policy::monitor::Capture;
use crate::policy::{CrossAccountRole, Serving, Strategy, VariantTest};

/// An endpoint as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEndpoint {
    /// Its status.
    pub status: EndpointStatus,
    /// The configuration that serves.
    pub config: Option<String>,
    /// The configuration of the update in progress.
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
    pub account: Option<CrossAccountRole>,
}

/// What serves a model: an endpoint configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingRequest {
    /// Its name, made of all that it holds.
    pub name: String,
    /// The model; it has the configuration's own name unless this is a variant test.
    pub model: String,
    /// What it is served by.
    pub serving: Serving,
    /// The data capture of the traffic; `None` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// In which account; `None` is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<CrossAccountRole>,
    /// The variant test in which this configuration serves a second version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_variant: Option<SecondVariant>,
}

/// The test of a second variant beside the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondVariant {
    /// The live version's model.
    pub live: String,
    /// How the other is tried.
    pub test: VariantTest,
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
    pub account: Option<CrossAccountRole>,
}

/// What became of an [`EndpointRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateAccepted {
    /// SageMaker took it, or is at it already.
    Started,
    /// The endpoint is in the middle of something else.
    Busy,
}

/// SageMaker endpoints. Creating what is already there under the same name counts as done: names
/// are made of what they hold.
pub trait Endpoints {
    /// What SageMaker says of the endpoint; `None` where there is none.
    fn describe(&self, endpoint: &EndpointName) -> impl Future<Output = PortResult<Option<ObservedEndpoint>>> + Send;
    /// `CreateModel` from the package.
    fn create_model(&self, request: &ModelRequest) -> impl Future<Output = PortResult<()>> + Send;
    /// `CreateEndpointConfig` with the variant `AllTraffic`, and in a variant test with a second one.
    fn create_config(&self, request: &ServingRequest) -> impl Future<Output = PortResult<()>> + Send;
    /// `CreateEndpoint`.
    fn create(&self, request: &EndpointRequest) -> impl Future<Output = PortResult<UpdateAccepted>> + Send;
    /// `UpdateEndpoint`, always with its `DeploymentConfig`: without it the strategy is dropped.
    fn update(&self, request: &EndpointRequest) -> impl Future<Output = PortResult<UpdateAccepted>> + Send;
    /// `DeleteEndpoint`: the only thing that SageMaker lets be done to an endpoint that is `Failed`. One
    /// that is not there, or is being deleted, counts as done.
    fn delete(&self, endpoint: &EndpointName) -> impl Future<Output = PortResult<()>> + Send;
}
