//! What keeps a story from going on.

use trimtab_cli::fault::Fault;
use trimtab_cloud::CloudError;
use trimtab_core::failure::Failure;

/// The story cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// Something did not happen.
    #[error("not seen in time: {0}")]
    NotSeen(String),
    /// Something happened that must not.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What should be.
        expected: String,
        /// What is.
        found: String,
    },
    /// A service refused, or was not reached.
    #[error("{0}")]
    Service(String),
    /// The local cloud.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] Failure),
    /// The operator's command.
    #[error(transparent)]
    Operator(#[from] Fault),
}

/// Any error of an SDK, with its cause.
pub(crate) fn service<E: std::error::Error>(error: E) -> StoryError {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        said = format!("{said}: {inner}");
        cause = inner.source();
    }
    StoryError::Service(said)
}
