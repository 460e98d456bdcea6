//! The promises of Trimtab, and the violations of them.

use std::fmt;

/// A promise of the documentation or of a policy. The variants' comments say how it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// An action was done twice.
    Once,
    /// An event or its consequence was lost.
    Ends,
    /// An event has no terminal record.
    Recorded,
    /// More runs than the budget allows.
    Budget,
    /// A run during the cool-down.
    CoolDown,
    /// The circuit breaker opened or closed at the wrong run.
    Circuit,
    /// An older version was deployed over a newer one.
    Order,
    /// A rollback went to another version than the last good one.
    RollbackTarget,
    /// The policy's `on_rejected` was not followed.
    OnRejected,
    /// A version was deployed that was not approved or not complete.
    OnlyApproved,
    /// A call was made in another account.
    Account,
    /// A message had another severity.
    Severity,
    /// A fact has no message.
    Reported,
    /// A failure was reported as a success.
    TruthfulReports,
    /// A manual verdict was changed.
    ManualVerdict,
    /// `guard` stopped another job than the policy says.
    Guard,
    /// A pull request's build led to training.
    PullRequest,
    /// An action was done during a pause, or an event during it was lost.
    Pause,
    /// A token or a name changed between attempts.
    StableNames,
}

impl Promise {
    /// The promise in one sentence.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Once => "each incident, commit, version and finding is acted on once, however often it is delivered",
            Self::Ends => "every event leads to its result, and the result is reported",
            Self::Recorded => "every event that reaches a function has a terminal record or is dead-lettered",
            Self::Budget => "no more runs start within a budget's window than the policy allows, for all triggers",
            Self::CoolDown => "after the end of any run, drift starts nothing for the cool-down",
            Self::Circuit => {
                "the circuit breaker opens after exactly circuit_breaker_threshold drift runs that did not end the drift, pages once, and lets one run through per budget window"
            }
            Self::Order => {
                "no older version replaces a newer one, unless the newer one was rejected or could not be verified"
            }
            Self::RollbackTarget => "a rollback goes to the last version that was live before and is not rejected",
            Self::OnRejected => "on_rejected decides whether a rejected live version is rolled back",
            Self::OnlyApproved => "only approved versions with the status Completed are deployed",
            Self::Account => "each call is made in the account of its stage's role",
            Self::Severity => "each message has the severity of its kind",
            Self::Reported => "each fact becomes a message with its model, except requests between functions",
            Self::TruthfulReports => "failed and stopped work is never reported as a success",
            Self::ManualVerdict => "a manual verdict on a version is final",
            Self::Guard => "guard reports each resource that violates a rule, and stops exactly what the policy says",
            Self::PullRequest => {
                "only the head of a configured branch whose build succeeded is trained, never a proposed commit"
            }
            Self::Pause => "during a pause no action is done, and events are dead-lettered and processed after it",
            Self::StableNames => "tokens and names are derived from their subject, and are the same at every attempt",
        }
    }
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The promise.
    pub promise: Promise,
    /// The observation that contradicts the promise.
    pub what: String,
    /// The model.
    pub model: String,
    /// The event that a function was handling, with the number of the call; or "the whole run".
    pub event: String,
}

impl Violation {
    /// A violation of the run as a whole; the caller adds the flow's model.
    pub(crate) fn of_run(promise: Promise, what: String) -> Self {
        Self { promise, what, model: String::new(), event: "the whole run".to_owned() }
    }

    pub(crate) fn doubled(what: String) -> Self {
        Self::of_run(Promise::Once, what)
    }

    pub(crate) fn lost(what: String) -> Self {
        Self::of_run(Promise::Ends, what)
    }

    /// Whether an action was done more often than allowed.
    #[must_use]
    pub fn is_doubled(&self) -> bool {
        matches!(self.promise, Promise::Once | Promise::Budget | Promise::CoolDown)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "broken promise: {} ({:?})", self.promise.text(), self.promise)?;
        write!(f, "  what:  {}\n  model: {}\n  event: {}", self.what, self.model, self.event)
    }
}
