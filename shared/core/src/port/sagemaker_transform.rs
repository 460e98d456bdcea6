//! SageMaker batch transform.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::policy::{CrossAccountRole, TransformTarget};

/// A batch transform job to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformRequest {
    /// Its name: no other job ever has it.
    pub job: String,
    /// The model that is asked.
    pub model: String,
    /// What it is asked, and by what.
    pub transform: TransformTarget,
    /// In which account; `None` is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<CrossAccountRole>,
}

impl TransformRequest {
    /// Where the answers go: a folder of its own, so that two versions' answers are never mixed.
    #[must_use]
    pub fn output(&self) -> String {
        format!("{}{}/", self.transform.output, self.job)
    }
}

/// A batch transform job as SageMaker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObservedTransform {
    /// It has not ended.
    Running,
    /// All answers are there.
    Completed {
        /// The folder that they are in: `s3://…`.
        output: String,
    },
    /// It failed, or was stopped; why, as SageMaker says. Untrusted text.
    Ended(String),
}

/// SageMaker batch transform.
pub trait Transforms {
    /// What SageMaker says of the job; `None` where there is none.
    fn find(&self, job: &str) -> impl Future<Output = PortResult<Option<ObservedTransform>>> + Send;
    /// `CreateTransformJob`. One of this name that is there already counts as started.
    fn start(&self, request: &TransformRequest) -> impl Future<Output = PortResult<()>> + Send;
}
