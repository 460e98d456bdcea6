//! How a run of any engine stands, in SageMaker's words.

use super::{DeliveryState, ExecutionStatus, RunStatus};

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

impl From<&DeliveryState> for RunStatus {
    fn from(state: &DeliveryState) -> Self {
        match state {
            DeliveryState::Started | DeliveryState::Resumed => Self::Executing,
            DeliveryState::Stopping => Self::Stopping,
            DeliveryState::Succeeded => Self::Succeeded,
            DeliveryState::Failed => Self::Failed,
            // A newer one took its place: this one trains nothing any more.
            DeliveryState::Stopped | DeliveryState::Superseded | DeliveryState::Canceled => Self::Stopped,
            DeliveryState::Other(word) => Self::Other(word.clone()),
        }
    }
}
