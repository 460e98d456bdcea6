//! The reason codes of the reaction itself, which every function has beside its own.

crate::reason_codes! {
    /// A reason code of the reaction.
    pub Code {
        Malformed = "malformed" => "The event is malformed. It is a dead letter.",
        NotConcerned = "not_concerned" => "Nothing in the event concerns this function.",
        NotConfigured = "not_configured" => "No policy names the resource of the event.",
        Off = "off" => "The policy has no table for this function.",
        Paused = "paused" => "An operator paused the model or Trimtab. The event is a dead letter, unless it is periodic.",
        Refused = "refused" => "AWS refused a call that the decision needs. The event is a dead letter.",
        ResumedPending = "resumed_pending" => "An earlier attempt did not complete, or the event about its end was not received. Its work was completed first.",
        UnknownModel = "unknown_model" => "The model has no policy. The event is a dead letter.",
    }
}
