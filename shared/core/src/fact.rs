//! Facts: what the suite says on its own event bus about what it did or would not do. `notify`
//! turns them into messages; other teams may react to them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::name::ModelName;
pub use trimtab_names::severity::Severity;

/// The `source` of every fact.
pub const SOURCE: &str = "trimtab";

/// Version of the shape of a fact's `detail`.
pub const VERSION: u32 = 1;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident;)*) => {
        /// What a fact tells: the event's `detail-type`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKind { $($(#[$doc])* $name),* }

        impl FactKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The event's `detail-type`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How much it dedup keys to the people on call.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }
        }
    };
}

kinds! {
    /// A build of a commit began.
    BuildStarted = "Build Started", Info;
    /// A build did not succeed.
    BuildFailed = "Build Failed", Warning;
    /// A commit whose push or build nobody heard of asks for its build. `integrate` reacts to it.
    BuildRequested = "Build Requested", Info;
    /// A branch that is watched was deleted.
    BranchDeleted = "Branch Deleted", Warning;
    /// An image whose push nobody heard of is to be looked at. `integrate` reacts to it.
    ImageRequested = "Image Requested", Info;
    /// Training runs get another image from now on. `retrain` reacts to it.
    ImageAdopted = "Image Adopted", Info;
    /// A built commit, or an image, asks for a training run. `retrain` reacts to it.
    TrainingRequested = "Training Requested", Info;
    /// A training run began.
    TrainingStarted = "Training Started", Info;
    /// A trigger was added to the run that is on.
    TrainingTriggerMerged = "Training Trigger Merged", Info;
    /// A trigger led to no run, and why.
    TrainingSkipped = "Training Skipped", Warning;
    /// Drift goes on although the model was trained again and again: no more runs for now.
    CircuitOpened = "Circuit Opened", Critical;
    /// A training run ended well.
    TrainingSucceeded = "Training Succeeded", Info;
    /// A training run ended badly.
    TrainingFailed = "Training Failed", Critical;
    /// A version that waits for a verdict is to be looked at. `evaluate` reacts to it.
    EvaluationRequested = "Evaluation Requested", Info;
    /// A version is being tested.
    EvaluationStarted = "Evaluation Started", Info;
    /// A version passed, and the policy approved it.
    EvaluationPassed = "Evaluation Passed", Info;
    /// A version did not pass, and the policy rejected it.
    EvaluationFailed = "Evaluation Failed", Warning;
    /// A version was evaluated, and waits for a person.
    ApprovalRequested = "Approval Requested", Warning;
    /// A version could not be tested, or its verdict not be written.
    EvaluationStuck = "Evaluation Stuck", Critical;
    /// A version is on its way to production.
    RolloutStarted = "Rollout Started", Info;
    /// An approval waits for the rollout that is on.
    RolloutQueued = "Rollout Queued", Info;
    /// An approval led to no rollout, and why.
    RolloutSkipped = "Rollout Skipped", Warning;
    /// A version would have gone out unwatched, and did not.
    RolloutHeld = "Rollout Held", Critical;
    /// A version is live.
    RolloutSucceeded = "Rollout Succeeded", Info;
    /// An alarm sent the endpoint back to the version before.
    RolloutRolledBack = "Rollout Rolled Back", Critical;
    /// A rollout ended badly.
    RolloutFailed = "Rollout Failed", Critical;
    /// A version is live and did not answer as it must.
    SmokeTestFailed = "Smoke Test Failed", Critical;
    /// A version is live in the stage before, or a person wants it further. `deploy` reacts to it.
    PromotionRequested = "Promotion Requested", Info;
    /// A version waits for a person before its next stage.
    PromotionPending = "Promotion Pending", Warning;
    /// A version was rejected: its stages take it back. `deploy` reacts to it.
    WithdrawalRequested = "Withdrawal Requested", Info;
    /// An operator wants a stage back at a version. `deploy` reacts to it.
    RollbackRequested = "Rollback Requested", Info;
    /// What an operator wanted cannot be done, and why.
    RollbackRefused = "Rollback Refused", Warning;
    /// A stage is to look for what it has not heard of. `deploy` reacts to it.
    StageReconcileRequested = "Stage Reconcile Requested", Info;
    /// A person rejected a version.
    PackageRejected = "Package Rejected", Warning;
    /// The functions are asked to look for what they have not heard of. Each looks at its own.
    ReconcileRequested = "Reconcile Requested", Info;
    /// Something takes longer than the policy allows.
    DeadlineExceeded = "Deadline Exceeded", Critical;
    /// Something that somebody made breaks a rule of the organization.
    FindingReported = "Finding Reported", Warning;
    /// What broke a rule was put right, or is gone.
    FindingClosed = "Finding Closed", Info;
    /// What breaks a rule was stopped.
    JobStopped = "Job Stopped", Warning;
    /// What breaks a rule should have been stopped, and goes on.
    StopFailed = "Stop Failed", Critical;
    /// What is watched about a model's live version is to be looked at. `monitor` reacts to it.
    MonitoringRequested = "Monitoring Requested", Info;
    /// A job computes the baseline that a version is held against.
    BaselineStarted = "Baseline Started", Info;
    /// A version is watched.
    MonitoringStarted = "Monitoring Started", Info;
    /// A version is watched by other baselines, or in another way; or is no more.
    MonitoringChanged = "Monitoring Changed", Info;
    /// The endpoint keeps nothing of its traffic: there is nothing to watch.
    DataCaptureMissing = "Data Capture Missing", Warning;
    /// A version is not watched.
    MonitoringFailed = "Monitoring Failed", Critical;
    /// A message can wait for the digest. `notify` reacts to it.
    NotificationBatched = "Notification Batched", Info;
    /// An event could not be acted on, and is kept.
    EventDeadLettered = "Event Dead-Lettered", Warning;
}

impl FactKind {
    /// The kind that has this `detail-type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it is between functions, and not for people.
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

/// One fact. Two facts of one kind and one dedup key say the same thing: readers deduplicate by both.
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
    /// What it is about, such as `incident/churn-drift-1a2b3c4d`.
    pub dedup_key: String,
    /// When the suite said it.
    pub at: Timestamp,
    /// Why, in words for people. Safe to show.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Names and values for machines and for the message's body. Safe to show.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}

impl Fact {
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

/// `kind` stands outside `detail`; whoever reads a fact sets it from the `detail-type`.
fn unknown_kind() -> FactKind {
    FactKind::EventDeadLettered
}

#[cfg(test)]
mod tests;
