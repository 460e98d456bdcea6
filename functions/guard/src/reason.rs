//! Reason codes of `guard`.

trimtab_core::reason_codes! {
    /// Why `guard` did something or nothing.
    pub Code {
        NotConcerned = "not_concerned" => "The event is not a call of the SageMaker API.",
        CallFailed = "call_failed" => "AWS refused the call, so that it changed nothing.",
        UnknownCall = "unknown_call" => "The call creates or changes no resource that `[guard]` checks.",
        Exempt = "exempt" => "The caller matches `guard.exempt`.",
        Compliant = "compliant" => "The resource violates no rule.",
        Gone = "gone" => "The resource does not exist, or was replaced by a compliant one of the same name.",
        Resolved = "resolved" => "The resource no longer violates a rule: the finding is closed.",
        AlreadyReported = "already_reported" => "The same violations of the resource were reported before.",
        Finding = "finding" => "The resource violates a rule and was reported.",
        Breach = "breach" => "One violation of the finding.",
        NotYet = "not_yet" => "The resource is still starting and cannot be stopped yet.",
        StopAgain = "stop_again" => "The resource was reported before and is still running: it is stopped now.",
        Stopped = "stopped" => "The resource was stopped, as `guard.stop` says.",
        AlreadyEnded = "already_ended" => "The resource ended before it was stopped.",
        StopRefused = "stop_refused" => "SageMaker refused to stop the resource.",
    }
}
