//! [`StateMachines`], and [`Runs`](trimtab_core::port::Runs) in `runs`, over Step Functions. An execution's ARN is
//! derived from its machine and its name, so that one call finds an existing one.

mod runs;

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use trimtab_core::event::ExecutionStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::ExecutionArn;
use trimtab_core::port::PortResult;
use trimtab_core::port::{ExecutionRequest, ObservedExecution, StateMachines};
use trimtab_runtime::sdk;

const START: &str = "states:StartExecution";
const DESCRIBE: &str = "states:DescribeExecution";

/// A client of Step Functions.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    client: Client,
}

impl StepFunctions {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn get(&self, execution: &ExecutionArn) -> PortResult<Option<DescribeExecutionOutput>> {
        match self.client.describe_execution().execution_arn(execution.as_str()).send().await {
            Ok(known) => Ok(Some(known)),
            Err(error) if sdk::code(&error) == Some("ExecutionDoesNotExist") => Ok(None),
            Err(error) => Err(sdk::failure(DESCRIBE, &error)),
        }
    }
}

fn named(request: &ExecutionRequest) -> PortResult<ExecutionArn> {
    request.machine.execution(&request.name).map_err(|error| Failure::permanent(START, error.to_string()))
}

impl StateMachines for StepFunctions {
    async fn find(&self, request: &ExecutionRequest) -> PortResult<Option<ExecutionArn>> {
        let execution = named(request)?;
        Ok(self.get(&execution).await?.map(|_| execution))
    }

    async fn start(&self, request: &ExecutionRequest) -> PortResult<ExecutionArn> {
        let execution = named(request)?;
        let call = self
            .client
            .start_execution()
            .state_machine_arn(request.machine.as_str())
            .name(&request.name)
            .input(request.input.to_string());
        match call.send().await {
            Ok(_) => Ok(execution),
            Err(error) if sdk::code(&error) == Some("ExecutionAlreadyExists") => Ok(execution),
            Err(error) => Err(sdk::failure(START, &error)),
        }
    }

    async fn describe(&self, execution: &ExecutionArn) -> PortResult<Option<ObservedExecution>> {
        Ok(self.get(execution).await?.map(|known| ObservedExecution {
            status: ExecutionStatus::parse(known.status.as_str()),
            output: known.output,
            cause: known.cause.or(known.error),
        }))
    }
}
