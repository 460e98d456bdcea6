//! Kinds of SageMaker resources that the rules of the organization apply to.

use serde::{Deserialize, Serialize};

/// A kind of SageMaker resource that `guard` checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the SageMaker resource it is named after")]
pub enum ResourceKind {
    Training,
    Processing,
    Model,
    EndpointConfig,
    Endpoint,
    Notebook,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Training, Self::Processing, Self::Model, Self::EndpointConfig, Self::Endpoint, Self::Notebook];

    /// The name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Training => "training job",
            Self::Processing => "processing job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint configuration",
            Self::Endpoint => "endpoint",
            Self::Notebook => "notebook instance",
        }
    }

    /// The first part of the resource in its ARNs.
    #[must_use]
    pub fn in_arn(self) -> &'static str {
        match self {
            Self::Training => "training-job",
            Self::Processing => "processing-job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint-config",
            Self::Endpoint => "endpoint",
            Self::Notebook => "notebook-instance",
        }
    }
}
