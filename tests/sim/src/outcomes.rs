//! The outcomes of runs, builds, executions and tests: success, unless the flow is about a failure.

use jiff::SignedDuration;
use trimtab_core::event::{BuildStatus, CodePipelineState, ExecutionStatus, RunStatus};

use crate::script::Flow;
use crate::services::Services;

/// An outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The work succeeded.
    Succeeded,
    /// The work failed.
    Failed,
    /// A user stopped the work.
    Stopped,
}

/// Work that Trimtab starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Run,
    Build,
    CodePipelineExecution,
    Tests,
}

/// The duration of a run, and of one that hangs.
const RUNNING: SignedDuration = SignedDuration::from_mins(40);
const HANGING: SignedDuration = SignedDuration::from_hours(30);

impl Flow {
    /// The work that does not succeed in this flow, with its outcome.
    pub(crate) fn bad_end(self) -> Option<(Work, Ending)> {
        match self {
            Self::RunFails | Self::StepFunctionsFails | Self::AirflowFails => Some((Work::Run, Ending::Failed)),
            Self::RunStops | Self::CodePipelineTrainingStops => Some((Work::Run, Ending::Stopped)),
            Self::BuildFails => Some((Work::Build, Ending::Failed)),
            Self::DeliveryFails => Some((Work::CodePipelineExecution, Ending::Failed)),
            Self::TestsFail => Some((Work::Tests, Ending::Failed)),
            _ => None,
        }
    }

    /// The duration of a training run in this flow.
    pub(crate) fn run_lasts(self) -> SignedDuration {
        if self == Self::RunHangs { HANGING } else { RUNNING }
    }
}

impl Services {
    /// The outcome of this work in the current flow.
    pub(crate) fn ending(&self, of: Work) -> Ending {
        self.flow.and_then(Flow::bad_end).filter(|(work, _)| *work == of).map_or(Ending::Succeeded, |(_, end)| end)
    }
}

impl Ending {
    /// The status in SageMaker's terms.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// The status in the terms of CodePipeline and CodeBuild.
    pub(crate) fn upper_case(self) -> String {
        self.word().to_uppercase()
    }

    /// The status in the terms of Step Functions.
    pub(crate) fn execution(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Stopped => "ABORTED",
        }
    }

    pub(crate) fn of_run(self) -> RunStatus {
        match self {
            Self::Succeeded => RunStatus::Succeeded,
            Self::Failed => RunStatus::Failed,
            Self::Stopped => RunStatus::Stopped,
        }
    }

    pub(crate) fn of_build(self) -> BuildStatus {
        match self {
            Self::Succeeded => BuildStatus::Succeeded,
            Self::Failed => BuildStatus::Failed,
            Self::Stopped => BuildStatus::Stopped,
        }
    }

    pub(crate) fn of_delivery(self) -> CodePipelineState {
        match self {
            Self::Succeeded => CodePipelineState::Succeeded,
            Self::Failed => CodePipelineState::Failed,
            Self::Stopped => CodePipelineState::Stopped,
        }
    }

    pub(crate) fn of_execution(self) -> ExecutionStatus {
        match self {
            Self::Succeeded => ExecutionStatus::Succeeded,
            Self::Failed => ExecutionStatus::Failed,
            Self::Stopped => ExecutionStatus::Aborted,
        }
    }
}
