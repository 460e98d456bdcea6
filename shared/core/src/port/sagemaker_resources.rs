//! SageMaker resources that the guard inspects and stops.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::Resource;

/// Whether a resource does its work, as far as stopping it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// It is being made, and cannot be stopped yet.
    Starting,
    /// It works, and can be stopped.
    Running,
    /// A user stopped it, or is stopping it.
    Stopped,
    /// It came to its own end, or has none: a model.
    Over,
}

/// A resource as SageMaker knows it, reduced to what rules can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedResource {
    /// Its ARN.
    pub arn: String,
    /// When it was made: another one of the same name is another one.
    pub created: Timestamp,
    /// What it does.
    pub activity: Activity,
    /// Its tags. Untrusted.
    pub tags: BTreeMap<String, String>,
    /// What it writes, such as `volume`, and whether a KMS key is named for it.
    pub keys: BTreeMap<&'static str, bool>,
    /// Whether it is in a VPC and in nothing else; `None` where its kind cannot be.
    pub vpc: Option<bool>,
    /// Whether its containers are cut off from the network; `None` where its kind cannot be.
    pub isolated: Option<bool>,
    /// The types of its instances.
    pub instance_types: Vec<String>,
    /// Its containers' images. Untrusted.
    pub images: Vec<String>,
}

/// Result of [`Resources::stop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopOutcome {
    /// The resource is stopping, or stopped.
    Stopped,
    /// The resource ended by itself, or does not exist.
    AlreadyEnded,
}

/// The resources of SageMaker that users create.
pub trait Resources {
    /// What SageMaker says of it, its tags included; `None` where it knows none.
    fn describe(&self, resource: &Resource) -> impl Future<Output = PortResult<Option<ObservedResource>>> + Send;
    /// Stops it. One that is stopped already, or on the way, counts as stopped.
    fn stop(&self, resource: &Resource) -> impl Future<Output = PortResult<StopOutcome>> + Send;
}
