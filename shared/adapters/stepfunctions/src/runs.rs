//! [`Runs`] over Step Functions: a run is an execution that is named after its incident, so there is
//! one of it at most.

use serde_json::json;
use trimtab_core::event::RunStatus;
use trimtab_core::name::RunId;
use trimtab_core::policy::Engine;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{RunRequest, Runs, other_engine};
use trimtab_core::port::workflow::{ExecutionRequest, StateMachines};

use crate::{DESCRIBE, START, StepFunctions};

impl Runs for StepFunctions {
    async fn find(&self, request: &RunRequest) -> Answer<Option<RunId>> {
        let found = StateMachines::find(self, &execution(DESCRIBE, request)?).await?;
        Ok(found.map(RunId::Execution))
    }

    async fn start(&self, request: &RunRequest) -> Answer<RunId> {
        StateMachines::start(self, &execution(START, request)?).await.map(RunId::Execution)
    }

    async fn status(&self, _: &Engine, run: &RunId) -> Answer<Option<RunStatus>> {
        let RunId::Execution(execution) = run else { return Err(other_engine(DESCRIBE)) };
        let found = self.describe(execution).await?;
        Ok(found.map(|actual| RunStatus::from(&actual.status)))
    }
}

fn execution(operation: &'static str, request: &RunRequest) -> Answer<ExecutionRequest> {
    let Engine::StateMachine(machine) = &request.engine else { return Err(other_engine(operation)) };
    Ok(ExecutionRequest {
        machine: machine.clone(),
        name: request.display_name.clone(),
        input: json!(request.parameters),
    })
}
