//! Events of Step Functions.

use serde::Deserialize;

use super::lenient;
use crate::name::{ExecutionArn, StateMachineArn};

lenient::words! {
    /// The status of an execution of a state machine.
    ExecutionStatus {
        /// The execution is running.
        Running = "RUNNING",
        /// The execution succeeded.
        Succeeded = "SUCCEEDED",
        /// A state failed.
        Failed = "FAILED",
        /// The execution exceeded its timeout.
        TimedOut = "TIMED_OUT",
        /// A user stopped the execution.
        Aborted = "ABORTED",
        /// The execution failed, and is about to be redriven.
        PendingRedrive = "PENDING_REDRIVE",
    }
}

/// A status change of an execution of a state machine.
///
/// [Step Functions' events](https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html)
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineExecution {
    /// The execution.
    pub execution_arn: ExecutionArn,
    /// Its state machine.
    pub state_machine_arn: StateMachineArn,
    /// The new status.
    pub status: ExecutionStatus,
}
