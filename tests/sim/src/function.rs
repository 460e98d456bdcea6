//! The functions that are played.

use serde_json::Value;

/// A function of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the functions' own names")]
pub enum Function {
    Integrate,
    Retrain,
    Deploy,
    Notify,
    Reconcile,
    Guard,
    Lineage,
    Evaluate,
    Monitor,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Integrate,
        Self::Retrain,
        Self::Deploy,
        Self::Notify,
        Self::Reconcile,
        Self::Guard,
        Self::Lineage,
        Self::Evaluate,
        Self::Monitor,
    ];

    /// Under what the ledger has what came of this event.
    pub(crate) fn key(self, event: &Value) -> (String, String) {
        (format!("{self:?}").to_lowercase(), event["id"].as_str().unwrap_or_default().to_owned())
    }
}
