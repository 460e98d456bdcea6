//! The status of a training run of any engine, in the terms of SageMaker Pipelines.

use super::{CodePipelineState, ExecutionStatus, RunStatus};

impl From<&ExecutionStatus> for RunStatus {
    fn from(status: &ExecutionStatus) -> Self {
        match status {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Self::Executing,
            ExecutionStatus::Succeeded => Self::Succeeded,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut => Self::Failed,
            ExecutionStatus::Aborted => Self::Stopped,
            ExecutionStatus::Other(word) => Self::Other(word.clone()),
        }
    }
}

impl From<&CodePipelineState> for RunStatus {
    fn from(state: &CodePipelineState) -> Self {
        match state {
            CodePipelineState::Started | CodePipelineState::Resumed => Self::Executing,
            CodePipelineState::Stopping => Self::Stopping,
            CodePipelineState::Succeeded => Self::Succeeded,
            CodePipelineState::Failed => Self::Failed,
            // A newer execution replaced it, so that it trains nothing.
            CodePipelineState::Stopped | CodePipelineState::Superseded | CodePipelineState::Canceled => Self::Stopped,
            CodePipelineState::Other(word) => Self::Other(word.clone()),
        }
    }
}
