//! The calls that `guard` makes.

use serde::Serialize;
use trimtab_core::event::{Resource, ResourceKind};

/// A call that stops a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", remote = "Self")]
#[allow(missing_docs, reason = "the names are AWS's own")]
pub enum Action {
    StopTrainingJob { resource: Resource },
    StopProcessingJob { resource: Resource },
    StopNotebookInstance { resource: Resource },
}

impl Action {
    /// The call that stops the resource; `None` for kinds that SageMaker cannot stop.
    pub(crate) fn stop(resource: &Resource) -> Option<Self> {
        let resource = resource.clone();
        match resource.kind {
            ResourceKind::Training => Some(Self::StopTrainingJob { resource }),
            ResourceKind::Processing => Some(Self::StopProcessingJob { resource }),
            ResourceKind::Notebook => Some(Self::StopNotebookInstance { resource }),
            ResourceKind::Model | ResourceKind::EndpointConfig | ResourceKind::Endpoint => None,
        }
    }

    /// The resource to stop.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        match self {
            Self::StopTrainingJob { resource }
            | Self::StopProcessingJob { resource }
            | Self::StopNotebookInstance { resource } => resource,
        }
    }

    /// The AWS service of the call, as in its endpoint's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        "sagemaker"
    }
}

trimtab_core::serialize_with_service!();
