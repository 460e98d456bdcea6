//! [`Invocations`] over SageMaker Runtime.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sagemakerruntime::Client;
use aws_sdk_sagemakerruntime::config::Config;
use aws_sdk_sagemakerruntime::error::SdkError;
use aws_sdk_sagemakerruntime::operation::invoke_endpoint::InvokeEndpointError;
use aws_smithy_types::Blob;
use jiff::SignedDuration;
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::policy::SmokeTest;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Invocations, SmokeTestResult};
use trimtab_core::text::one_line;
use trimtab_runtime::sdk;

const INVOKE: &str = "sagemaker:InvokeEndpoint";

/// The largest number of characters of a reported cause.
const CAUSE: usize = 200;

/// A client of SageMaker Runtime.
#[derive(Debug, Clone)]
pub struct SageMakerRuntime {
    client: Client,
}

impl SageMakerRuntime {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Invocations for SageMakerRuntime {
    async fn invoke(&self, endpoint: &EndpointName, smoke: &SmokeTest) -> PortResult<SmokeTestResult> {
        let within = smoke.timeout.unsigned_abs();
        let call = self
            .client
            .invoke_endpoint()
            .endpoint_name(endpoint.as_str())
            .content_type(&smoke.content_type)
            .body(Blob::new(smoke.body.as_bytes()))
            .customize()
            .config_override(once(within));
        let since = Instant::now();
        match call.send().await {
            Ok(_) => {
                Ok(SmokeTestResult::Passed { took: SignedDuration::try_from(since.elapsed()).unwrap_or_default() })
            }
            Err(SdkError::TimeoutError(_)) => {
                Ok(SmokeTestResult::Failed(format!("no answer within {} s", within.as_secs())))
            }
            Err(error) => match answered(&error) {
                Some(said) => Ok(SmokeTestResult::Failed(one_line(&said, CAUSE))),
                None => Err(not_invoked(&error)),
            },
        }
    }
}

/// A configuration without retries: a smoke test does not pass by a second attempt.
fn once(within: Duration) -> aws_sdk_sagemakerruntime::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(within).operation_timeout(within).build();
    Config::builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts)
}

/// The error that the model, or SageMaker for it, returned; `None` if the endpoint was not reached.
fn answered(error: &SdkError<InvokeEndpointError>) -> Option<String> {
    match error.as_service_error()? {
        InvokeEndpointError::ModelError(said) => {
            let status = said.original_status_code().map(|status| format!("{status}: ")).unwrap_or_default();
            let message = said.original_message().or_else(|| said.message()).unwrap_or_default();
            Some(format!("the model returned {status}{message}"))
        }
        InvokeEndpointError::ValidationError(said) => {
            Some(format!("SageMaker refused the request: {}", said.message().unwrap_or_default()))
        }
        _ => None,
    }
}

/// The failure of a call that did not reach the model: throttled, unreachable and not ready are transient, access
/// denied is permanent.
fn not_invoked(error: &SdkError<InvokeEndpointError>) -> Failure {
    match error.as_service_error() {
        Some(InvokeEndpointError::ModelNotReadyException(_)) => {
            Failure::transient(INVOKE, "the model is not ready yet")
        }
        _ => sdk::failure(INVOKE, error),
    }
}
