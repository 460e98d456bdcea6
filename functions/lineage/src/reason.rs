//! Reason codes of `lineage`.

trimtab_core::reason_codes! {
    /// Why `lineage` did something or nothing.
    pub Code {
        AlreadyWritten = "already_written" => "The fact was written before.",
        NoEntity = "no_entity" => "The fact names no commit, run or version, so that there is nothing to link.",
        Written = "written" => "The fact was written into SageMaker ML Lineage Tracking.",
        LineageRefused = "lineage_refused" => "SageMaker refused to create an entity or an association.",
        NotConcerned = "not_concerned" => "The event is not a fact about a model.",
    }
}
