//! The calls that `evaluate` makes, and their results.

use serde::Serialize;
use trimtab_core::port::{ExecutionRequest, VerdictOutcome, VerdictRequest};

/// A call that changes something in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", remote = "Self")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    StartExecution(ExecutionRequest),
    UpdateModelPackage(VerdictRequest),
}

impl Action {
    /// The AWS service of the call, as in its endpoint's name.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::StartExecution(_) => "states",
            Self::UpdateModelPackage(_) => "sagemaker",
        }
    }
}

trimtab_core::serialize_with_service!();

/// Result of a successful call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The test suite runs.
    Started,
    /// The verdict was written, or an operator decided first.
    Verdict(VerdictOutcome),
}
