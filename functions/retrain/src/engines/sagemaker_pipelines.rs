//! SageMaker Pipelines. The display name of an execution is the incident's id.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::RunId;
use trimtab_core::policy::{Key, KeyKind, Parameters};

use crate::action::StartCall;
use crate::completion::RunStatusChange;

pub(super) const START_CALL: StartCall = StartCall { service: "sagemaker", name: "StartPipelineExecution" };

/// SageMaker refuses a parameter that the pipeline does not declare, so the policy names those that it does.
pub(super) fn parameter_names(declared: &Parameters) -> Parameters {
    declared.clone()
}

pub(super) fn model_key(event: &Event) -> Option<Key> {
    let Body::PipelineExecution(run) = &event.body else { return None };
    Some(Key { kind: KeyKind::Pipeline, name: run.pipeline.to_string() })
}

pub(super) fn status_change(event: &Event) -> Option<RunStatusChange> {
    let Body::PipelineExecution(run) = &event.body else { return None };
    Some(RunStatusChange {
        run: RunId::Pipeline(run.arn.clone()),
        name: run.display_name.clone(),
        status: run.status.clone(),
    })
}
