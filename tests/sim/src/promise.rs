//! What the suite promises, and how a broken promise is told.

use std::fmt;

/// A promise of the README, `docs/reliability.md` or a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Something was done twice.
    Once,
    /// Something was lost.
    Ends,
    /// An event has no terminal record.
    Recorded,
    /// More runs than the budget allows.
    Budget,
    /// A run during the cool-down.
    CoolDown,
    /// The circuit breaker opened or closed at the wrong run.
    Circuit,
    /// An older version over a newer one.
    Order,
    /// A rollback to another version than the last good one.
    RollbackTarget,
    /// The policy's `on_rejected` was not followed.
    OnRejected,
    /// A version that was not approved, or not complete, was sent.
    OnlyApproved,
    /// A call in another account.
    Account,
    /// A message with another severity.
    Severity,
    /// A fact that no message tells.
    Reported,
    /// A bad end that is reported as a good one.
    TruthfulReports,
    /// A person's verdict was changed.
    ManualVerdict,
    /// The guard stopped something else than the policy says.
    Guard,
    /// A pull request's build led to training.
    PullRequest,
    /// Something was done during a pause, or what came during it was not kept.
    Pause,
    /// A token or a name changed between attempts.
    StableNames,
}

impl Promise {
    /// What is promised, in one sentence.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Once => "each incident, commit, version and finding is acted on once, however often it is delivered",
            Self::Ends => "everything that happens comes to its end, and people are told",
            Self::Recorded => "every event that reaches a function has a terminal record, or is kept",
            Self::Budget => "no more runs start within a budget's window than the policy allows, whoever asks",
            Self::CoolDown => "after the end of any run, drift starts nothing for the cool-down",
            Self::Circuit => {
                "the circuit breaker opens after exactly circuit_breaker_threshold drift runs in vain, tells once, and lets one run through per budget window"
            }
            Self::Order => "no older version over a newer one, unless that was rejected or proved nothing",
            Self::RollbackTarget => "a rollback goes to the last version that was live before and is not rejected",
            Self::OnRejected => "on_rejected decides whether a rejected live version goes back",
            Self::OnlyApproved => "only approved versions with the status Completed are deployed",
            Self::Account => "each call is made in the account of its stage's role",
            Self::Severity => "each message has the severity of its kind",
            Self::Reported => "each fact for people becomes a message, with its model",
            Self::TruthfulReports => "what failed or was stopped is never reported as a success",
            Self::ManualVerdict => "a person's verdict on a version stands",
            Self::Guard => "the guard reports what breaks a rule, and stops exactly what the policy says",
            Self::PullRequest => "only the head of a watched branch that was built well is trained, never a proposal",
            Self::Pause => "during a pause nothing is done, and what comes is kept and answered after the resume",
            Self::StableNames => "tokens and names are made of what they are about, and are the same at every attempt",
        }
    }
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The promise.
    pub promise: Promise,
    /// What happened instead.
    pub what: String,
    /// The model that it is about.
    pub model: String,
    /// The event that was being answered, and the number of the call; or that it is the whole run.
    pub event: String,
}

impl Violation {
    /// Of the run as a whole; the model is its flow's.
    pub(crate) fn of_run(promise: Promise, what: String) -> Self {
        Self { promise, what, model: String::new(), event: "the whole run".to_owned() }
    }

    pub(crate) fn doubled(what: String) -> Self {
        Self::of_run(Promise::Once, what)
    }

    pub(crate) fn lost(what: String) -> Self {
        Self::of_run(Promise::Ends, what)
    }

    /// Whether something was done twice, or more often than it may be; otherwise something was lost or is wrong.
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
