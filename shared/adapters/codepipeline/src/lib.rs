//! [`CodePipelines`], and [`Runs`](trimtab_core::port::Runs) in `runs`, over CodePipeline (V2). A pipeline variable
//! contains the package's ARN and identifies the execution; for builds it contains the commit, see `builder`.

mod builder;
mod runs;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{
    PipelineExecution, PipelineExecutionStatus, PipelineVariable, SourceRevisionOverride,
};
use jiff::{SignedDuration, Timestamp};
use trimtab_core::event::CodePipelineState;
use trimtab_core::failure::Failure;
use trimtab_core::name::CodePipelineName;
use trimtab_core::port::PortResult;
use trimtab_core::port::{CodePipelineRequest, CodePipelines};
use trimtab_runtime::sdk;

const START: &str = "codepipeline:StartPipelineExecution";
const LIST: &str = "codepipeline:ListPipelineExecutions";
const GET: &str = "codepipeline:GetPipelineExecution";

/// The largest difference by which CodePipeline's clock may be behind the function's.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// A client of CodePipeline.
#[derive(Debug, Clone)]
pub struct CodePipeline {
    client: Client,
}

impl CodePipeline {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn get(&self, pipeline: &CodePipelineName, execution: &str) -> PortResult<Option<PipelineExecution>> {
        let call =
            self.client.get_pipeline_execution().pipeline_name(pipeline.as_str()).pipeline_execution_id(execution);
        match call.send().await {
            Ok(answer) => Ok(answer.pipeline_execution),
            Err(error) if is_absent(sdk::code(&error)) => Ok(None),
            Err(error) => Err(sdk::failure(GET, &error)),
        }
    }

    /// The executions since a time, newest first.
    async fn since(&self, pipeline: &CodePipelineName, since: Timestamp) -> PortResult<Vec<String>> {
        let oldest = since.saturating_sub(SKEW).unwrap_or(Timestamp::MIN).as_second();
        let mut pages = self.client.list_pipeline_executions().pipeline_name(pipeline.as_str()).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sdk::failure(LIST, &error))?;
            for summary in page.pipeline_execution_summaries() {
                if summary.start_time().is_some_and(|at| at.secs() < oldest) {
                    return Ok(found);
                }
                found.extend(summary.pipeline_execution_id().map(str::to_owned));
            }
        }
        Ok(found)
    }

    /// Starts an execution. `revision` overrides the revision of a source action.
    async fn begin<'a>(
        &self,
        pipeline: &CodePipelineName,
        token: &str,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        revision: Option<SourceRevisionOverride>,
    ) -> PortResult<String> {
        let call = self.client.start_pipeline_execution().name(pipeline.as_str()).client_request_token(token);
        let mut call = call.set_source_revisions(revision.map(|revision| vec![revision]));
        for (name, value) in variables {
            let variable = PipelineVariable::builder().name(name).value(value).build();
            call = call.variables(variable.map_err(|error| Failure::permanent(START, error.to_string()))?);
        }
        // CodePipeline's token cannot be relied on: a retry by the SDK could start a second execution.
        let once = aws_sdk_codepipeline::config::Builder::new().retry_config(RetryConfig::disabled());
        let answer = call.customize().config_override(once).send().await;
        let answer = answer.map_err(|error| sdk::failure(START, &error))?;
        answer.pipeline_execution_id.ok_or_else(|| Failure::transient(START, "the response has no execution ID"))
    }
}

impl CodePipelines for CodePipeline {
    async fn find(&self, request: &CodePipelineRequest) -> PortResult<Option<String>> {
        for execution in self.since(&request.pipeline, request.since).await? {
            let known = self.get(&request.pipeline, &execution).await?;
            if known.is_some_and(|known| carries(&known, &request.variable, request.package.as_str())) {
                return Ok(Some(execution));
            }
        }
        Ok(None)
    }

    async fn start(&self, request: &CodePipelineRequest) -> PortResult<String> {
        let variable = [(request.variable.as_str(), request.package.as_str())];
        self.begin(&request.pipeline, &request.token, variable, None).await
    }

    async fn state(&self, pipeline: &CodePipelineName, execution: &str) -> PortResult<Option<CodePipelineState>> {
        let known = self.get(pipeline, execution).await?;
        Ok(known.and_then(|known| known.status).map(|status| state(&status)))
    }
}

fn is_absent(code: Option<&str>) -> bool {
    matches!(code, Some("PipelineExecutionNotFoundException" | "PipelineNotFoundException"))
}

fn carries(execution: &PipelineExecution, name: &str, value: &str) -> bool {
    let expected = (Some(name), Some(value));
    execution.variables().iter().any(|variable| (variable.name(), variable.resolved_value()) == expected)
}

/// The state in the events' terms, which differ from the API's for two states.
fn state(status: &PipelineExecutionStatus) -> CodePipelineState {
    match status.as_str() {
        "InProgress" => CodePipelineState::Started,
        "Cancelled" => CodePipelineState::Canceled,
        other => CodePipelineState::parse(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_state_maps_to_event_state() {
        assert_eq!(state(&"InProgress".into()), CodePipelineState::Started);
        assert_eq!(state(&"Cancelled".into()), CodePipelineState::Canceled);
        assert_eq!(state(&"Succeeded".into()), CodePipelineState::Succeeded);
    }
}
