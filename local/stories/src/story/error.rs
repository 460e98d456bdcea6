//! Errors that end a story.

use trimtab_cli::fault::Fault;
use trimtab_cloud::CloudError;
use trimtab_core::failure::Failure;

/// A failure that ends a story.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// An expected effect was not observed in time.
    #[error("not observed in time: {0}")]
    NotObserved(String),
    /// An observed value differs from the expected one.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// The expected value.
        expected: String,
        /// The observed value.
        found: String,
    },
    /// A service rejected a call or was unreachable.
    #[error("{0}")]
    Service(String),
    /// An error of the local cloud.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// An error of the ledger.
    #[error(transparent)]
    Ledger(#[from] Failure),
    /// An error of an operator command.
    #[error(transparent)]
    Operator(#[from] Fault),
}

/// An SDK error with its causes.
pub(crate) fn service<E: std::error::Error>(error: E) -> StoryError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    StoryError::Service(text)
}
