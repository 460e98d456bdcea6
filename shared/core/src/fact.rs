//! Facts: the events that Trimtab publishes on its own bus about what it did, refused, or requests of another function.
//! `notify` turns them into messages; other teams may react to them. Their JSON Schemas are in `infra/schemas`.

mod details;
mod part;
mod subject;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use details::Details;
pub use part::{Part, Token};
pub use subject::{FactSubject, MalformedSubject};

use crate::name::ModelName;
pub use trimtab_names::severity::Severity;

/// The `source` of every fact.
pub const SOURCE: &str = "trimtab";

/// Version of the shape of a fact's `detail`.
pub const VERSION: u32 = 1;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $severity:ident;)*) => {
        /// The kind of a fact: the event's `detail-type`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKind { $($(#[doc = $doc])+ $name),* }

        impl FactKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The event's `detail-type`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The meaning, as the reference of facts explains it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim()),* }
            }

            /// The severity of the message that subscribers receive.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }
        }
    };
}

kinds! {
    /// A build of a commit started.
    BuildStarted = "Build Started", Info;
    /// A build failed.
    BuildFailed = "Build Failed", Warning;
    /// Requests handling of a missed push, or of a missed end of a build. `integrate` reacts to it.
    BuildRequested = "Build Requested", Info;
    /// A branch that the policy names was deleted.
    BranchDeleted = "Branch Deleted", Warning;
    /// Requests handling of a missed push of an image. `integrate` reacts to it.
    ImageRequested = "Image Requested", Info;
    /// Training runs use another image from now on. `retrain` reacts to it.
    ImageAdopted = "Image Adopted", Info;
    /// A built commit, a pushed image or an operator requests a training run. `retrain` reacts to it.
    TrainingRequested = "Training Requested", Info;
    /// A training run started.
    TrainingStarted = "Training Started", Info;
    /// A trigger was merged into the run in progress.
    TrainingTriggerMerged = "Training Trigger Merged", Info;
    /// A trigger started no run because of a limit.
    TrainingSkipped = "Training Skipped", Warning;
    /// Drift persists after several runs: the circuit breaker stops further runs.
    CircuitOpened = "Circuit Opened", Critical;
    /// A training run succeeded.
    TrainingSucceeded = "Training Succeeded", Info;
    /// A training run failed.
    TrainingFailed = "Training Failed", Critical;
    /// A version without a verdict is to be evaluated. `evaluate` reacts to it.
    EvaluationRequested = "Evaluation Requested", Info;
    /// The tests of a version started.
    EvaluationStarted = "Evaluation Started", Info;
    /// A version passed its tests, and the policy approved it.
    EvaluationPassed = "Evaluation Passed", Info;
    /// A version failed its tests, and the policy rejected it.
    EvaluationFailed = "Evaluation Failed", Warning;
    /// A version was evaluated, and requires manual approval.
    ApprovalRequested = "Approval Requested", Warning;
    /// A version could not be tested, or its verdict could not be written.
    EvaluationStuck = "Evaluation Stuck", Critical;
    /// The rollout of a version started.
    RolloutStarted = "Rollout Started", Info;
    /// An approved version waits for the rollout in progress.
    RolloutQueued = "Rollout Queued", Info;
    /// An approved version was not rolled out.
    RolloutSkipped = "Rollout Skipped", Warning;
    /// A version was not rolled out because its alarms have no data.
    RolloutHeld = "Rollout Held", Critical;
    /// A version is live.
    RolloutSucceeded = "Rollout Succeeded", Info;
    /// The target returned to the previous version; the reason names the cause.
    RolloutRolledBack = "Rollout Rolled Back", Critical;
    /// A rollout failed.
    RolloutFailed = "Rollout Failed", Critical;
    /// A version is in service, and did not respond to its smoke test as required.
    SmokeTestFailed = "Smoke Test Failed", Critical;
    /// A version is live in the previous stage, or an operator promotes it. `deploy` reacts to it.
    PromotionRequested = "Promotion Requested", Info;
    /// A version waits at the gate of its next stage.
    PromotionPending = "Promotion Pending", Warning;
    /// A version was rejected: it is removed from each stage. `deploy` reacts to it.
    WithdrawalRequested = "Withdrawal Requested", Info;
    /// An operator requests the rollback of a stage. `deploy` reacts to it.
    RollbackRequested = "Rollback Requested", Info;
    /// An operator's rollback is not possible.
    RollbackRefused = "Rollback Refused", Warning;
    /// A stage is to be reconciled. `deploy` reacts to it.
    StageReconcileRequested = "Stage Reconcile Requested", Info;
    /// An operator rejected a version.
    PackageRejected = "Package Rejected", Warning;
    /// A model is to be reconciled. Each function reconciles its own state.
    ReconcileRequested = "Reconcile Requested", Info;
    /// Work takes longer than the policy allows.
    DeadlineExceeded = "Deadline Exceeded", Critical;
    /// A resource violates a rule of the organization.
    FindingReported = "Finding Reported", Warning;
    /// A resource that violated a rule was corrected or removed.
    FindingClosed = "Finding Closed", Info;
    /// A resource that violates a rule was stopped.
    JobStopped = "Job Stopped", Warning;
    /// A resource that violates a rule could not be stopped.
    StopFailed = "Stop Failed", Critical;
    /// The monitoring of a model's live version is to be compared with its policy. `monitor` reacts to it.
    MonitoringRequested = "Monitoring Requested", Info;
    /// A job computes the baseline of a version.
    BaselineStarted = "Baseline Started", Info;
    /// The monitoring of a version started.
    MonitoringStarted = "Monitoring Started", Info;
    /// The monitoring of a version changed or ended.
    MonitoringChanged = "Monitoring Changed", Info;
    /// The endpoint captures no traffic: there is nothing to monitor.
    DataCaptureMissing = "Data Capture Missing", Warning;
    /// The monitoring of a version failed.
    MonitoringFailed = "Monitoring Failed", Critical;
    /// A message waits for the digest. `notify` reacts to it.
    NotificationBatched = "Notification Batched", Info;
    /// An event had a permanent failure, and was stored as a dead letter.
    EventDeadLettered = "Event Dead-Lettered", Warning;
}

impl FactKind {
    /// The kind that has this `detail-type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether the fact is a request between functions, which becomes no message.
    #[must_use]
    pub fn is_request(self) -> bool {
        matches!(
            self,
            Self::BuildRequested
                | Self::TrainingRequested
                | Self::EvaluationRequested
                | Self::PromotionRequested
                | Self::WithdrawalRequested
                | Self::RollbackRequested
                | Self::StageReconcileRequested
                | Self::MonitoringRequested
                | Self::ReconcileRequested
                | Self::ImageRequested
                | Self::NotificationBatched
        )
    }
}

/// One fact. Two facts of one kind and one subject say the same: readers deduplicate by both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The event's `detail-type`; not repeated in `detail`.
    #[serde(skip, default = "unknown_kind")]
    pub kind: FactKind,
    /// Version of this shape: [`VERSION`].
    pub version: u32,
    /// The model, where one is known.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// What the fact is about. Its text form is the dedup key, such as `incident/churn-drift-1a2b3c4d`.
    #[serde(rename = "dedup_key")]
    pub subject: FactSubject,
    /// The time of the decision.
    pub at: Timestamp,
    /// Sentences for operators: why. Safe to display.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Named values for programs and for the message's body. Safe to display.
    #[serde(default)]
    pub details: Details,
}

impl Fact {
    /// A fact without a model, reasons and details.
    #[must_use]
    pub fn new(kind: FactKind, subject: FactSubject, at: Timestamp) -> Self {
        Self { kind, version: VERSION, model: None, subject, at, reasons: Vec::new(), details: Details::default() }
    }

    /// The dedup key: the text form of the subject.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        self.subject.to_string()
    }

    /// The same fact of a model.
    #[must_use]
    pub fn of_model(self, model: &ModelName) -> Self {
        Self { model: Some(model.clone()), ..self }
    }

    /// The same fact with one more reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// The same fact with these details.
    #[must_use]
    pub fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// The fact with its kind beside it, as an event has them.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({"detail-type": self.kind.as_str(), "detail": self})
    }

    /// Reads what [`Fact::to_value`] wrote; `None` if it is something else.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let kind = FactKind::parse(value.get("detail-type")?.as_str()?)?;
        let fact: Self = Self::deserialize(value.get("detail")?).ok()?;
        Some(Self { kind, ..fact })
    }
}

/// `kind` is not part of `detail`: the reader of a fact sets it from the `detail-type`.
fn unknown_kind() -> FactKind {
    FactKind::EventDeadLettered
}

#[cfg(test)]
mod tests;
