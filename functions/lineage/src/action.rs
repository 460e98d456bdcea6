//! The calls that `lineage` makes.

use serde::Serialize;
use trimtab_core::port::Entity;

use crate::graph::Link;

/// A call of SageMaker ML Lineage Tracking. Both look for their own earlier effect first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", remote = "Self")]
pub enum Action {
    /// Creates the action entity of the fact, or updates its status.
    CreateAction(Entity),
    /// Associates two entities, and creates those that do not exist.
    AddAssociation(Link),
}

impl Action {
    /// The AWS service of the call, as in its endpoint's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        "sagemaker"
    }
}

trimtab_core::serialize_with_service!();
