//! The functions that are played.

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
}
