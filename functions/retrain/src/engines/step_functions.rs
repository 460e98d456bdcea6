//! Step Functions. The name of an execution is the incident's id.

use trimtab_core::event::{Body, Event, RunStatus, StateMachineExecution};
use trimtab_core::name::{RunId, TRAINING};
use trimtab_core::policy::{Key, KeyKind, Parameters};

use super::undeclared;
use crate::action::StartCall;
use crate::completion::RunStatusChange;
use crate::state::Incident;

pub(super) const START_CALL: StartCall = StartCall { service: "states", name: "StartExecution" };

/// The input of an execution is free JSON.
pub(super) fn parameter_names(_: &Parameters) -> Parameters {
    undeclared()
}

pub(super) fn model_key(event: &Event) -> Option<Key> {
    let execution = training_execution(event)?;
    Some(Key { kind: KeyKind::StateMachine, name: execution.state_machine_arn.to_string() })
}

pub(super) fn status_change(event: &Event) -> Option<RunStatusChange> {
    let execution = training_execution(event)?;
    Some(RunStatusChange {
        run: RunId::Execution(execution.execution_arn.clone()),
        name: Some(execution.execution_arn.name().to_owned()),
        status: RunStatus::from(&execution.status),
    })
}

/// The execution, if Trimtab could have started it. An account runs many state machines: without this check, each of
/// their executions would be an event of an unknown model, and be dead-lettered.
fn training_execution(event: &Event) -> Option<&StateMachineExecution> {
    let Body::StateMachineExecution(execution) = &event.body else { return None };
    let trains = execution.state_machine_arn.name().ends_with(TRAINING);
    (trains && Incident::is_id(execution.execution_arn.name())).then_some(execution)
}
