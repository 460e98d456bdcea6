//! The functions that the simulation runs.

use serde_json::Value;

/// A function of Trimtab.
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
    /// All variants.
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

    /// The key of this event's history entry or dead letter in the ledger.
    pub(crate) fn key(self, event: &Value) -> (String, String) {
        (format!("{self:?}").to_lowercase(), event["id"].as_str().unwrap_or_default().to_owned())
    }
}
