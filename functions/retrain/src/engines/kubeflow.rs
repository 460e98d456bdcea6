//! Kubeflow Pipelines. It sends no events: a reconcile finds the end of a run.

use trimtab_core::event::Event;
use trimtab_core::policy::{Key, Parameters};

use crate::action::StartCall;
use crate::completion::RunStatusChange;

pub(super) const START_CALL: StartCall = StartCall { service: "kubeflow", name: "CreateRun" };

/// Kubeflow refuses a parameter that the pipeline does not declare, so the policy names those that it does.
pub(super) fn parameter_names(declared: &Parameters) -> Parameters {
    declared.clone()
}

pub(super) fn model_key(_: &Event) -> Option<Key> {
    None
}

pub(super) fn status_change(_: &Event) -> Option<RunStatusChange> {
    None
}
