//! Step Functions.

use serde::Deserialize;

use super::lenient;
use crate::name::{ExecutionArn, StateMachineArn};

lenient::words! {
    /// The status of an execution of a state machine.
    ExecutionStatus {
        /// It runs.
        Running = "RUNNING",
        /// It ended well.
        Succeeded = "SUCCEEDED",
        /// A state failed.
        Failed = "FAILED",
        /// It took too long.
        TimedOut = "TIMED_OUT",
        /// Somebody stopped it.
        Aborted = "ABORTED",
        /// It failed, and somebody will send it on from where it failed.
        PendingRedrive = "PENDING_REDRIVE",
    }
}

/// An execution of a state machine changed its status.
///
/// [Step Functions' events](https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html)
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineExecution {
    /// The execution.
    pub execution_arn: ExecutionArn,
    /// Its state machine.
    pub state_machine_arn: StateMachineArn,
    /// Its status.
    pub status: ExecutionStatus,
}
