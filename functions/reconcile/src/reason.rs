//! Reason codes of `reconcile`.

trimtab_core::reason_codes! {
    /// Why `reconcile` did something.
    pub Code {
        ReconcileRequested = "reconcile_requested" => "The schedule is due: each model with a `[reconcile]` table is reconciled.",
    }
}
