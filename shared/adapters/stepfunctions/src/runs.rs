//! [`Runs`] over Step Functions: a run is an execution named after its incident, so that there is at most one.

use serde_json::json;
use trimtab_core::event::RunStatus;
use trimtab_core::name::RunId;
use trimtab_core::policy::Engine;
use trimtab_core::port::PortResult;
use trimtab_core::port::{ExecutionRequest, StateMachines};
use trimtab_core::port::{RunRequest, Runs, other_engine};

use crate::{DESCRIBE, START, StepFunctions};

impl Runs for StepFunctions {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let found = StateMachines::find(self, &execution(DESCRIBE, request)?).await?;
        Ok(found.map(RunId::Execution))
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        StateMachines::start(self, &execution(START, request)?).await.map(RunId::Execution)
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let RunId::Execution(execution) = run else { return Err(other_engine(DESCRIBE)) };
        let found = self.describe(execution).await?;
        Ok(found.map(|actual| RunStatus::from(&actual.status)))
    }
}

fn execution(operation: &'static str, request: &RunRequest) -> PortResult<ExecutionRequest> {
    let Engine::StateMachine(machine) = &request.engine else { return Err(other_engine(operation)) };
    Ok(ExecutionRequest {
        machine: machine.clone(),
        name: request.display_name.clone(),
        input: json!(request.parameters),
    })
}
