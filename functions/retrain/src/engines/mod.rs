//! The training engines. Each has one file with the same verbs:
//!
//! - `START_CALL`: the call by which it starts a run;
//! - `parameter_names`: the names by which its runs take their parameters;
//! - `model_key`: the key by which an event of one of its runs finds the model;
//! - `status_change`: the status change of a run that an event reports.
//!
//! A new engine is one such file, its `mod` line and its line in `engines!` below; besides its variant of the policy's
//! [`Engine`] and an adapter. This module knows no SDK: `main` passes the adapters in.

mod airflow;
mod codepipeline;
mod kubeflow;
mod sagemaker_pipelines;
mod step_functions;

use trimtab_core::event::{Event, RunStatus};
use trimtab_core::name::RunId;
use trimtab_core::policy::{Engine, Key, Parameters};
use trimtab_core::port::{PortResult, RunRequest, Runs};

use crate::action::{Action, StartCall};
use crate::completion::RunStatusChange;

/// Generates everything that dispatches by engine, from one line for each: the variant of [`Engine`], the module and
/// the type of its adapter.
macro_rules! engines {
    ($($(#[$doc:meta])* $variant:ident, $module:ident, $adapter:ident;)+) => {
        /// One adapter for each [`Engine`].
        #[derive(Debug)]
        pub struct Backends<$($adapter),+> {
            $($(#[$doc])* pub $module: $adapter,)+
        }

        impl<$($adapter: Runs + Sync),+> Runs for Backends<$($adapter),+> {
            async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
                match &request.engine {
                    $(Engine::$variant(_) => self.$module.find(request).await,)+
                }
            }

            async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
                match &request.engine {
                    $(Engine::$variant(_) => self.$module.start(request).await,)+
                }
            }

            async fn status(&self, engine: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
                match engine {
                    $(Engine::$variant(_) => self.$module.status(engine, run).await,)+
                }
            }
        }

        fn start_call(engine: &Engine) -> StartCall {
            match engine {
                $(Engine::$variant(_) => $module::START_CALL,)+
            }
        }

        /// The names by which runs of this engine take their parameters. A run does not get what has no name.
        pub(crate) fn parameter_names(engine: &Engine, declared: &Parameters) -> Parameters {
            match engine {
                $(Engine::$variant(_) => $module::parameter_names(declared),)+
            }
        }

        /// The key by which the event finds its model; `None` if it is not about a run that Trimtab could have started.
        pub(crate) fn model_key(event: &Event) -> Option<Key> {
            None$(.or_else(|| $module::model_key(event)))+
        }

        /// The status change of a run that the event reports; `None` if it is about something else.
        pub(crate) fn status_change(event: &Event) -> Option<RunStatusChange> {
            None$(.or_else(|| $module::status_change(event)))+
        }
    };
}

engines! {
    /// Amazon MWAA.
    Airflow, airflow, Airflow;
    /// CodePipeline.
    Codepipeline, codepipeline, CodePipeline;
    /// Kubeflow Pipelines.
    Kubeflow, kubeflow, Kubeflow;
    /// SageMaker Pipelines.
    Pipeline, sagemaker_pipelines, SageMakerPipelines;
    /// Step Functions.
    StateMachine, step_functions, StepFunctions;
}

/// The action that starts this run.
pub(crate) fn start(request: &RunRequest) -> Action {
    Action::start(start_call(&request.engine), request.clone())
}

/// Every parameter under its own name, for engines that accept parameters without declaring them.
fn undeclared() -> Parameters {
    let name = |name: &str| Some(name.to_owned());
    Parameters {
        commit: name("commit"),
        incident: name("incident"),
        reason: name("reason"),
        experiment: name("experiment"),
        trial: name("trial"),
        image: name("image"),
        features: name("features"),
    }
}
