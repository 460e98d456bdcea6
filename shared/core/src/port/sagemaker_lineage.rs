//! SageMaker ML Lineage Tracking.

use std::collections::BTreeMap;
use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::name::{PackageArn, RunArn};

/// What kind of tracking entity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum EntityKind {
    Artifact,
    Action,
    Context,
}

/// How an action stands: `ActionStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum LineageProgress {
    InProgress,
    Completed,
    Failed,
}

impl LineageProgress {
    /// SageMaker's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }
}

/// A tracking entity. Its name is made of what it stands for, so that it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// What kind of entity.
    pub kind: EntityKind,
    /// Its name, at most 120 letters, digits and inner hyphens; unique in the account.
    pub name: String,
    /// Where the thing itself is, such as an ARN: `SourceUri`.
    pub source: String,
    /// Its type, such as `Commit`.
    #[serde(rename = "type")]
    pub of_type: String,
    /// How it stands, if it is an action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<LineageProgress>,
    /// Names and values, safe to show.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
}

/// An entity as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEntity {
    /// Its ARN.
    pub arn: String,
    /// How it stands, if it is an action: SageMaker's word.
    pub progress: Option<String>,
}

/// How one entity led to another: `AssociationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are SageMaker's own")]
pub enum LinkKind {
    ContributedTo,
    AssociatedWith,
    Produced,
}

/// SageMaker ML Lineage Tracking.
pub trait Lineage {
    /// The run that made this package, as the package says; `None` where it does not.
    fn origin(&self, package: &PackageArn) -> impl Future<Output = PortResult<Option<RunArn>>> + Send;
    /// The entity of this name, or, of an artifact, of this source and type.
    fn find(&self, entity: &Entity) -> impl Future<Output = PortResult<Option<ObservedEntity>>> + Send;
    /// Creates it, and gives its ARN. What is there already is [`crate::failure::Failure::Transient`]: it is found next.
    fn create(&self, entity: &Entity) -> impl Future<Output = PortResult<String>> + Send;
    /// Sets how an action stands.
    fn set_progress(&self, action: &str, progress: LineageProgress) -> impl Future<Output = PortResult<()>> + Send;
    /// Whether the first is associated with the second. ARNs.
    fn is_linked(&self, from: &str, to: &str) -> impl Future<Output = PortResult<bool>> + Send;
    /// Associates the first with the second. ARNs.
    fn link(&self, from: &str, to: &str, kind: LinkKind) -> impl Future<Output = PortResult<()>> + Send;
}
