//! CodePipeline. Its events contain no name of an execution, only its id.

use trimtab_core::event::{Body, Event, RunStatus};
use trimtab_core::name::{CodePipelineRunId, RunId, TRAINING};
use trimtab_core::policy::{Key, KeyKind, Parameters};

use crate::action::StartCall;
use crate::completion::RunStatusChange;

pub(super) const START_CALL: StartCall = StartCall { service: "codepipeline", name: "StartPipelineExecution" };

/// CodePipeline refuses a variable that the pipeline does not declare, so the policy names those that it does.
pub(super) fn parameter_names(declared: &Parameters) -> Parameters {
    declared.clone()
}

/// Pipelines also build and deploy: only those whose name ends with `-training` are this function's.
pub(super) fn model_key(event: &Event) -> Option<Key> {
    let Body::CodePipelineExecution(execution) = &event.body else { return None };
    let trains = execution.pipeline.as_str().ends_with(TRAINING);
    trains.then(|| Key { kind: KeyKind::DeployPipeline, name: execution.pipeline.to_string() })
}

pub(super) fn status_change(event: &Event) -> Option<RunStatusChange> {
    let Body::CodePipelineExecution(execution) = &event.body else { return None };
    let id = CodePipelineRunId::parse(&execution.execution).ok()?;
    Some(RunStatusChange {
        run: RunId::CodePipeline(execution.pipeline.clone(), id),
        name: None,
        status: RunStatus::from(&execution.state),
    })
}
