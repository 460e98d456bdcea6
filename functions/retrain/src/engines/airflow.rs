//! Airflow on Amazon MWAA. It sends no events: a reconcile finds the end of a run.

use trimtab_core::event::Event;
use trimtab_core::policy::{Key, Parameters};

use super::undeclared;
use crate::action::StartCall;
use crate::completion::RunStatusChange;

pub(super) const START_CALL: StartCall = StartCall { service: "airflow", name: "InvokeRestApi" };

/// The configuration of a DAG run is free JSON.
pub(super) fn parameter_names(_: &Parameters) -> Parameters {
    undeclared()
}

pub(super) fn model_key(_: &Event) -> Option<Key> {
    None
}

pub(super) fn status_change(_: &Event) -> Option<RunStatusChange> {
    None
}
