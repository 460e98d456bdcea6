//! The one place that tells retry from reject for whatever an SDK says.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use trimtab_core::failure::Failure;

/// Codes with a status in the 400s that time may mend: those of the SDKs' [standard retry mode][standard],
/// and those of which a service says so itself.
///
/// [standard]: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
const PASSING: [&str; 36] = [
    "AccountLimitExceededException",
    "BandwidthLimitExceeded",
    "ConcurrentModificationException",
    "ConcurrentPipelineExecutionsLimitExceededException",
    "ConcurrentUpdateException",
    "ConflictException",
    "EC2ThrottledException",
    "ExecutionLimitExceeded",
    "ExpiredToken",
    "ExpiredTokenException",
    "IdempotentParameterMismatchException",
    "InternalError",
    "InternalServerError",
    "KMSThrottling",
    "KmsThrottlingException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ResourceInUse",
    "ResourceInUseException",
    "ResourceLimitExceeded",
    // What MWAA says of an Airflow that is ill, with a status of 400.
    "RestApiServerException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// What a call fails with.
pub type CallError<E> = SdkError<E, Response>;

/// The error's code, where the service gave one.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Option<&str> {
    error.as_service_error().and_then(|error| error.code())
}

/// The error's message, where the service gave one. Untrusted.
pub fn message<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> &str {
    error.as_service_error().and_then(|error| error.message()).unwrap_or_default()
}

/// Retry or reject. Whatever the service did not answer for can be tried again.
pub fn failure<E: ProvideErrorMetadata>(operation: &'static str, error: &SdkError<E, Response>) -> Failure {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error {
        SdkError::ServiceError(_) => {
            let code = code(error).unwrap_or("no code");
            let cause = format!("{code}: {}", message(error));
            if is_passing(code, status) {
                Failure::transient(operation, cause)
            } else {
                Failure::permanent(operation, cause)
            }
        }
        SdkError::TimeoutError(_) => Failure::transient(operation, "no answer in time"),
        SdkError::DispatchFailure(_) => Failure::transient(operation, "the service could not be reached"),
        SdkError::ResponseError(_) => Failure::transient(operation, "the answer could not be read"),
        _ => Failure::permanent(operation, "the request could not be made from what the policy and the event say"),
    }
}

/// Retry or reject, for an API that is no service of AWS: by its status alone.
#[must_use]
pub fn refusal(operation: &'static str, status: u16, cause: &str) -> Failure {
    // 408: the server waited for us. 425 and 429: too early, too often.
    let passing = status >= 500 || matches!(status, 408 | 425 | 429);
    if passing { Failure::transient(operation, cause) } else { Failure::permanent(operation, cause) }
}

fn is_passing(code: &str, status: u16) -> bool {
    status >= 500 || status == 429 || PASSING.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::PASSING;

    #[test]
    fn the_list_is_sorted_so_that_a_code_stands_in_it_once() {
        assert!(PASSING.is_sorted());
    }
}
