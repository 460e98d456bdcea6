//! Step Functions: executions of state machines.

use std::future::Future;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PortResult;
use crate::event::ExecutionStatus;
use crate::name::{ExecutionArn, StateMachineArn};

/// An execution of a STANDARD state machine to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionRequest {
    /// The state machine.
    pub machine: StateMachineArn,
    /// The execution's name, made of what it is about: up to 80 characters. It can be used again
    /// only 90 days after an execution of that name ended.
    pub name: String,
    /// Its input.
    pub input: Value,
}

/// An execution as Step Functions knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedExecution {
    /// Its status.
    pub status: ExecutionStatus,
    /// What it gave, where it ended well: JSON text. Untrusted.
    pub output: Option<String>,
    /// Why it failed. Untrusted.
    pub cause: Option<String>,
}

/// Step Functions.
pub trait StateMachines {
    /// The execution of this request's name, running or ended.
    fn find(&self, request: &ExecutionRequest) -> impl Future<Output = PortResult<Option<ExecutionArn>>> + Send;
    /// Starts it. One of that name that is there already, running or ended, counts as started.
    fn start(&self, request: &ExecutionRequest) -> impl Future<Output = PortResult<ExecutionArn>> + Send;
    /// What Step Functions says of it; `None` where it knows none.
    fn describe(&self, execution: &ExecutionArn) -> impl Future<Output = PortResult<Option<ObservedExecution>>> + Send;
}
