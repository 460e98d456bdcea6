//! The observed state: what the ledger and the settings say about recipients.

use std::sync::Arc;

use trimtab_core::policy::Policy;

/// What decides how a message is sent.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Policy of the fact's model; `None` for facts that belong to no model.
    pub policy: Option<Arc<Policy>>,
    /// Whether a chat topic is configured.
    pub chat: bool,
}
