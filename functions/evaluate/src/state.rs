//! The aggregate: one version of a model, from its registration to its verdict.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::fact::FactKind;
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::port::{ExecutionRequest, VerdictRequest};

use crate::judge::Champion;

/// Evaluation of one version, as the ledger stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// `None` until the version's test is planned.
    pub candidate: Option<Candidate>,
}

/// A version whose evaluation has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Owner of the version's package group.
    pub model: ModelName,
    /// The version.
    pub package: PackageArn,
    /// Execution of the version's test suite.
    pub request: ExecutionRequest,
    /// When the test was planned; the deadline counts from here.
    pub since: Timestamp,
    /// Progress of the evaluation.
    pub step: Step,
    /// Whether Deadline Exceeded was published, which happens once.
    #[serde(default)]
    pub deadline_reported: bool,
}

/// Progress of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The start of the test suite is claimed, and may not have happened.
    Starting,
    /// The test suite runs.
    Testing,
    /// The verdict is claimed, and may not be written.
    Judged(Verdict),
    /// The verdict is written, or an operator decided, or the version was deleted.
    Finished,
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The update of the version in the Model Registry.
    pub request: VerdictRequest,
    /// The decision behind the update.
    pub outcome: Outcome,
    /// One sentence for the decision, then one for each metric.
    pub reasons: Vec<String>,
    /// The live version that the candidate was compared with.
    pub champion: Option<Champion>,
}

/// The decision of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The policy approves the version.
    Approved,
    /// The policy rejects the version.
    Rejected,
    /// An operator has to decide.
    ManualApproval,
    /// An operator decided before the test suite ended. Only the metrics are written.
    AlreadyDecided,
}

impl Outcome {
    /// The approval to write; `None` leaves the version's approval unchanged.
    #[must_use]
    pub fn approval(self) -> Option<bool> {
        match self {
            Self::Approved => Some(true),
            Self::Rejected => Some(false),
            Self::ManualApproval | Self::AlreadyDecided => None,
        }
    }

    /// The fact to publish; `None` if the operator who decided knows already.
    #[must_use]
    pub fn fact(self) -> Option<FactKind> {
        match self {
            Self::Approved => Some(FactKind::EvaluationPassed),
            Self::Rejected => Some(FactKind::EvaluationFailed),
            Self::ManualApproval => Some(FactKind::ApprovalRequested),
            Self::AlreadyDecided => None,
        }
    }
}
