//! How a run is asked for: the call, by the engine's own names, and what the run is told.

use std::collections::BTreeMap;

use serde::Serialize;
use trimtab_core::policy::{Engine, Parameters, Policy, Retrain as Limits};
use trimtab_core::port::RunRequest;

use crate::incident::{State, Trigger};

/// What `retrain` can do: start the run, unless it is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// The call's name.
    action: &'static str,
    /// The service, since two of them have a call of the same name.
    service: &'static str,
    /// The run.
    #[serde(flatten)]
    pub request: RunRequest,
}

/// The call that starts this run.
pub(crate) fn starting(request: &RunRequest) -> Action {
    let (service, action) = match &request.engine {
        Engine::Pipeline(_) => ("sagemaker", "StartPipelineExecution"),
        Engine::StateMachine(_) => ("states", "StartExecution"),
        Engine::Airflow(_) => ("airflow", "InvokeRestApi"),
        Engine::Kubeflow(_) => ("kubeflow", "CreateRun"),
        Engine::Codepipeline(_) => ("codepipeline", "StartPipelineExecution"),
    };
    Action { action, service, request: request.clone() }
}

/// Only what the policy asks for, under the names that the pipeline declares: an engine refuses a run
/// with a parameter that it does not know. What declares none gets all.
pub(crate) fn parameters(
    state: &State,
    policy: &Policy,
    limits: &Limits,
    id: &str,
    trigger: &Trigger,
) -> BTreeMap<String, String> {
    let all = |name: &str| Some(name.to_owned());
    let names = if limits.engine.takes_anything() {
        Parameters {
            commit: all("commit"),
            incident: all("incident"),
            reason: all("reason"),
            experiment: all("experiment"),
            trial: all("trial"),
            image: all("image"),
            features: all("features"),
        }
    } else {
        limits.parameters.clone()
    };
    [
        (names.commit, trigger.commit.as_ref().map(ToString::to_string)),
        (names.incident, Some(id.to_owned())),
        (names.reason, Some(trigger.kind.as_str().to_owned())),
        (names.experiment, Some(policy.model.to_string())),
        (names.trial, Some(id.to_owned())),
        (names.image, state.image.as_ref().map(|image| image.uri.to_string())),
        (names.features, Some(trigger.named()).filter(|named| !named.is_empty())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name?, value?)))
    .collect()
}
