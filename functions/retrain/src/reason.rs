//! The reason codes of `retrain`.

use crate::trigger::TriggerKind;

trimtab_core::reason_codes! {
    /// The reason codes of `retrain`.
    pub Code {
        // Runs that were started, by the kind of trigger.
        Drift = "drift" => "Drift started a run.",
        Build = "build" => "A built commit started a run.",
        Image = "image" => "A pushed image started a run.",
        Data = "data" => "A batch of new data in S3 started a run.",
        Features = "features" => "A batch of new offline data of a feature group started a run.",
        Schedule = "schedule" => "No run was started for as long as `retrain.every`, so one was started.",
        Operator = "operator" => "An operator's request started a run.",
        StartRefused = "start_refused" => "The engine refused to start the run. The trigger can be sent again.",
        LimitEnded = "limit_ended" =>
            "Drift that a limit had refused got its run, because its alarm is still firing.",
        MissedEvent = "missed_event" => "The event was not received. A reconcile found the drift.",

        // Triggers without a run of their own.
        AlreadyHandled = "already_handled" => "This trigger was handled before. The event is another delivery of it.",
        TooOld = "too_old" => "The event is older than the remembered triggers, and may have been handled.",
        RunInProgress = "run_in_progress" =>
            "A run is in progress. It covers drift; a commit, an image or an operator's request gets the next run.",
        CoolDown = "cool_down" => "The last run ended less than `retrain.cool_down` ago.",
        CircuitOpen = "circuit_open" =>
            "As many runs as `retrain.circuit_breaker_threshold` did not end the drift. One run starts per budget window.",
        Budget = "budget" => "As many runs as `retrain.budget` allows were started within its window.",

        // Alarms and monitoring runs.
        NotDrift = "not_drift" => "The alarm monitors no metric of SageMaker's monitoring.",
        NotInAlarm = "not_in_alarm" => "The alarm changed to a state other than ALARM.",
        NoSuchAlarm = "no_such_alarm" =>
            "CloudWatch has no such alarm. The event is forged, or the alarm was deleted.",
        Recovered = "recovered" => "The alarm returned to OK before the decision.",
        Suppressed = "suppressed" =>
            "The actions of the composite alarm are suppressed. CloudWatch sends another event when they are not.",
        DriftIgnored = "drift_ignored" => "The kind of drift is not in `retrain.drift`.",
        NoSuchJob = "no_such_job" =>
            "SageMaker has no such monitoring run. The event is forged, or the job was deleted.",
        NoViolations = "no_violations" => "The monitoring run found no violations.",
        NotConfigured = "not_configured" =>
            "The policy names neither the monitoring schedule nor the object's folder or feature group.",

        // New data and the schedule.
        BatchUpdated = "batch_updated" =>
            "The object was added to the batch. The batch gets its run when no more objects arrive.",
        Batched = "batched" => "The object belongs to the batch, and changes nothing that is recorded of it.",
        Covered = "covered" => "A run was started after the object was created, and covers it.",
        Counting = "counting" => "`retrain.every` counts from now on, because no run was ever started.",

        // Images and requests.
        ImageAdopted = "image_adopted" => "Runs get this image from now on.",
        ImageKnown = "image_known" => "This image or a newer one is already recorded.",
        ImageSuperseded = "image_superseded" => "A newer image is recorded, and has its own request.",
        NoImage = "no_image" => "The fact names no image by its digest, or no serial number.",
        ForeignImage = "foreign_image" =>
            "The image is not in the account's own registry under the policy's repository.",
        NoCommit = "no_commit" => "The request names neither an operator nor a full commit ID.",

        // Ends of runs.
        RunEnded = "run_ended" => "The run of the incident ended.",
        StillRunning = "still_running" => "The engine reports that the run has not ended.",
        OtherRun = "other_run" => "The run does not belong to the open incident.",
        NoIncident = "no_incident" => "No incident is open. The run was not started by Trimtab.",
        NoSuchRun = "no_such_run" => "The engine has no such run. The event is forged, or the run was deleted.",
        DeadlineExceeded = "deadline_exceeded" => "The run takes longer than `reconcile.training`.",

        // Others.
        NothingNew = "nothing_new" => "The reconcile found no missed event and nothing that is due.",
        NotConcerned = "not_concerned" => "The event neither triggers a run nor ends one.",
        Off = "off" => "The policy has no `[retrain]`.",
        UnknownModel = "unknown_model" => "The model has no policy.",
    }
}

impl From<TriggerKind> for Code {
    /// The code of a run that such a trigger started.
    fn from(kind: TriggerKind) -> Self {
        match kind {
            TriggerKind::Drift => Self::Drift,
            TriggerKind::Build => Self::Build,
            TriggerKind::Image => Self::Image,
            TriggerKind::Data => Self::Data,
            TriggerKind::Features => Self::Features,
            TriggerKind::Schedule => Self::Schedule,
            TriggerKind::Operator => Self::Operator,
        }
    }
}
