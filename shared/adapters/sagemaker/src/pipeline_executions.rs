//! The executions of SageMaker Pipelines.

use aws_sdk_sagemaker::types::{Parameter, SortOrder};
use aws_smithy_types::DateTime;
use trimtab_core::event::RunStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{RunArn, RunId};
use trimtab_core::policy::Engine;
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs, other_engine};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

/// The largest difference between SageMaker's clock and the function's, in seconds.
const GRACE_SECONDS: i64 = 60;

impl Runs for SageMaker {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let operation = "sagemaker:ListPipelineExecutions";
        let Engine::Pipeline(pipeline) = &request.engine else { return Err(other_engine(operation)) };
        let mut pages = self
            .0
            .list_pipeline_executions()
            .pipeline_name(pipeline.as_str())
            .created_after(DateTime::from_secs(request.since.as_second() - GRACE_SECONDS))
            .sort_order(SortOrder::Descending)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                // The pipeline does not exist: the start returns the same error as a permanent failure.
                Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
                Err(error) => return Err(failure(operation, &error)),
            };
            let mut runs = page.pipeline_execution_summaries().iter();
            if let Some(run) = runs.find(|run| run.pipeline_execution_display_name() == Some(&request.display_name)) {
                return named(operation, run.pipeline_execution_arn()).map(Some);
            }
        }
        Ok(None)
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        let operation = "sagemaker:StartPipelineExecution";
        let Engine::Pipeline(pipeline) = &request.engine else { return Err(other_engine(operation)) };
        let parameters =
            request.parameters.iter().map(|(name, value)| Parameter::builder().name(name).value(value).build());
        let call = self
            .0
            .start_pipeline_execution()
            .pipeline_name(pipeline.as_str())
            .pipeline_execution_display_name(&request.display_name)
            .client_request_token(&request.token)
            .set_pipeline_parameters(Some(parameters.collect()));
        let started = call.send().await.map_err(|error| failure(operation, &error))?;
        named(operation, started.pipeline_execution_arn())
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let operation = "sagemaker:DescribePipelineExecution";
        let RunId::Pipeline(run) = run else { return Err(other_engine(operation)) };
        match self.0.describe_pipeline_execution().pipeline_execution_arn(run.as_str()).send().await {
            Ok(found) => Ok(found.pipeline_execution_status().map(|status| RunStatus::parse(status.as_str()))),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure(operation, &error)),
        }
    }
}

/// Parses the ID of a run. An invalid ID is a failure and not a missing run, which would be started again.
fn named(operation: &'static str, arn: Option<&str>) -> PortResult<RunId> {
    let read = arn.and_then(|arn| RunArn::parse(arn).ok()).map(RunId::Pipeline);
    read.ok_or_else(|| Failure::transient(operation, "the response names a run in a way that cannot be read"))
}
