//! [`Runs`] over CodePipeline (V2): a pipeline variable contains the incident's ID and identifies the execution.

use trimtab_core::event::RunStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{CodePipelineRunId, RunId};
use trimtab_core::policy::Engine;
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs, other_engine};

use crate::{CodePipeline, GET, LIST, START, carries, state};

impl Runs for CodePipeline {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let Engine::Codepipeline(pipeline) = &request.engine else { return Err(other_engine(LIST)) };
        let mark: Vec<_> = request.parameters.iter().filter(|(_, value)| **value == request.display_name).collect();
        for execution in self.since(pipeline, request.since).await? {
            let known = self.get(pipeline, &execution).await?;
            let ours = |known: &_| !mark.is_empty() && mark.iter().all(|(name, value)| carries(known, name, value));
            if known.is_some_and(|known| ours(&known)) {
                return named(LIST, &execution).map(|id| Some(RunId::CodePipeline(pipeline.clone(), id)));
            }
        }
        Ok(None)
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        let Engine::Codepipeline(pipeline) = &request.engine else { return Err(other_engine(START)) };
        let variables = request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let execution = self.begin(pipeline, &request.token, variables, None).await?;
        named(START, &execution).map(|id| RunId::CodePipeline(pipeline.clone(), id))
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let RunId::CodePipeline(pipeline, execution) = run else { return Err(other_engine(GET)) };
        let known = self.get(pipeline, execution.as_str()).await?;
        Ok(known.and_then(|known| known.status).map(|status| RunStatus::from(&state(&status))))
    }
}

/// Parses the ID of a run. An invalid ID is a failure and not a missing run, which would be started again.
fn named(operation: &'static str, execution: &str) -> PortResult<CodePipelineRunId> {
    let unreadable = "the response names an execution in a way that cannot be read";
    CodePipelineRunId::parse(execution).map_err(|_| Failure::transient(operation, unreadable))
}
