//! Reason codes of `evaluate`.

trimtab_core::reason_codes! {
    /// Why `evaluate` did something or nothing.
    pub Code {
        MalformedRequest = "malformed_request" => "A request lacks a detail, or has a malformed or unknown one.",
        NotConcerned = "not_concerned" => "The event names no version to evaluate.",
        NotStartedByTrimtab = "not_started_by_trimtab" => "The execution tests no version under evaluation, such as one that was started by hand.",
        MetadataEdit = "metadata_edit" => "Only the metadata of the version changed.",
        NothingNew = "nothing_new" => "The newest version of the group is not pending approval.",
        EvaluationRequested = "evaluation_requested" => "Reconciling found that the newest version is pending approval.",
        NoSuchPackage = "no_such_package" => "The Model Registry has no such version: it was deleted, or the event is forged.",
        NotCompleted = "not_completed" => "The status of the version is not Completed, so it cannot be tested yet.",
        Registered = "registered" => "A version is pending approval: its test suite was started.",
        Testing = "testing" => "The test suite of the version is still running.",
        DeadlineExceeded = "deadline_exceeded" => "The test suite takes longer than `reconcile.evaluation` allows.",
        VerdictPending = "verdict_pending" => "The verdict on the version is being written by another invocation.",
        AlreadyJudged = "already_judged" => "The evaluation of the version is finished.",
        Gone = "gone" => "The version was deleted while its test suite was running.",
        Approved = "approved" => "The version passed, and the policy approves it.",
        Rejected = "rejected" => "The version did not pass, and the policy rejects it.",
        ManualApproval = "manual_approval" => "An operator has to decide, because the policy requires it or because a comparison was impossible.",
        Decided = "decided" => "An operator approved or rejected the version before its test suite ended.",
        Overruled = "overruled" => "An operator decided while the verdict was being written; the verdict was discarded.",
        Metric = "metric" => "The result of one metric, or of the bias report.",
        StartRefused = "start_refused" => "Step Functions refused to start the test suite.",
        VerdictRefused = "verdict_refused" => "SageMaker refused to write the verdict.",
    }
}
