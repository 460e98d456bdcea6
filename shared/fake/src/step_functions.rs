//! Step Functions: executions of state machines.

use trimtab_core::event::ExecutionStatus;
use trimtab_core::name::ExecutionArn;
use trimtab_core::port::{ExecutionRequest, ObservedExecution, PortResult, StateMachines};

use crate::services::Services;

/// The executions.
#[derive(Debug, Default)]
pub struct State {
    /// In the order of their starts.
    pub started: Vec<ExecutionRequest>,
    /// The end of every execution; without it, they run.
    pub ended: Option<ObservedExecution>,
}

impl StateMachines for Services {
    async fn find(&self, request: &ExecutionRequest) -> PortResult<Option<ExecutionArn>> {
        self.query("state_machines.find", &request.name, || {
            let known = self.step_functions().started.iter().any(|known| known.name == request.name);
            known.then(|| request.machine.execution(&request.name).unwrap())
        })
    }

    async fn start(&self, request: &ExecutionRequest) -> PortResult<ExecutionArn> {
        self.effect("state_machines.start", &request.name, || {
            self.step_functions().started.push(request.clone());
            request.machine.execution(&request.name).unwrap()
        })
    }

    async fn describe(&self, execution: &ExecutionArn) -> PortResult<Option<ObservedExecution>> {
        self.query("state_machines.describe", execution.name(), || {
            let state = self.step_functions();
            let known = state.started.iter().any(|known| known.name == execution.name());
            let running = ObservedExecution { status: ExecutionStatus::Running, output: None, cause: None };
            known.then(|| state.ended.clone().unwrap_or(running))
        })
    }
}
