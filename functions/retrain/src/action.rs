//! The one action of `retrain`: the start of a training run.

use serde::Serialize;
use trimtab_core::port::RunRequest;

/// Starts a run, unless its engine already has a run of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// The call's name.
    action: &'static str,
    /// The service. Two services have a call of the same name.
    service: &'static str,
    /// The run.
    #[serde(flatten)]
    pub request: RunRequest,
}

/// The call by which an engine starts a run, as history and plans show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartCall {
    pub service: &'static str,
    pub name: &'static str,
}

impl Action {
    pub(crate) fn start(call: StartCall, request: RunRequest) -> Self {
        Self { action: call.name, service: call.service, request }
    }
}
