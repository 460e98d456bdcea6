//! Reason codes of `monitor`.

trimtab_core::reason_codes! {
    /// Why `monitor` did something or nothing.
    pub Code {
        MalformedRequest = "malformed_request" => "A request lacks a detail, or has a malformed or unknown one.",
        NotConcerned = "not_concerned" => "The event is not about monitoring.",
        NoSuchEndpoint = "no_such_endpoint" => "The endpoint of the policy does not exist.",
        NotInService = "not_in_service" => "The endpoint is not in service. Its next state change is handled.",
        MonitoringRequested = "monitoring_requested" => "Each kind of drift is compared with the policy.",
        DataCaptureMissing = "data_capture_missing" => "The configuration of the endpoint captures no data, so that there is nothing to monitor.",
        NotOfTheRegistry = "not_of_the_registry" => "The endpoint serves a model that is not from the Model Registry.",
        NotConfigured = "not_configured" => "The policy has no table for this kind of drift.",
        NoBaseline = "no_baseline" => "The Model Registry has no baseline, and the policy names no data set to compute one.",
        NoBaselineYet = "no_baseline_yet" => "The Model Registry has no baseline: a job that computes it was started.",
        Computing = "computing" => "The job that computes the baseline is running.",
        BaselineFailed = "baseline_failed" => "The job that computes the baseline failed.",
        InvalidBaselineLocation = "invalid_baseline_location" => "The location of the baseline is not a valid S3 URI.",
        NoConfiguration = "no_configuration" => "Neither the Model Registry nor the policy has Clarify's configuration.",
        Pending = "pending" => "The schedule is being changed. The next reconcile changes it.",
        ScheduleFailed = "schedule_failed" => "SageMaker reports that the schedule failed.",
        Applying = "applying" => "The schedule or the alarm differs from the policy and is changed.",
        SetUp = "set_up" => "The schedule and the alarm were set up, which is reported once.",
        InPlace = "in_place" => "The schedule and the alarm are in place.",
        NoLongerConfigured = "no_longer_configured" => "The policy has no table for this kind of drift any more: its schedule and alarm are removed.",
        Ended = "ended" => "The schedule and the alarm are removed.",
        AlreadyReported = "already_reported" => "The same failure was reported before.",
        Busy = "busy" => "The schedule accepted no change. The next reconcile repeats it.",
        NotRemoved = "not_removed" => "AWS refused to delete a job definition that is no longer used. It has no effect.",
        Refused = "refused" => "AWS refused a call: this kind of drift is not monitored.",
    }
}
