//! The classification of SDK errors as transient or permanent failures.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use trimtab_core::failure::Failure;

/// Transient codes with a status in the 400s: those of the SDKs' [standard retry mode][standard], and those that a
/// service documents as such.
///
/// [standard]: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
const TRANSIENT: [&str; 36] = [
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
    // MWAA's error for an unhealthy Airflow, with a status of 400.
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

/// The error of a call.
pub type CallError<E> = SdkError<E, Response>;

/// The error's code, if the service returned one.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Option<&str> {
    error.as_service_error().and_then(|error| error.code())
}

/// The error's message, if the service returned one. It is untrusted text.
pub fn message<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> &str {
    error.as_service_error().and_then(|error| error.message()).unwrap_or_default()
}

/// Classifies an error as transient or permanent. An error without a response of the service is transient.
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
        SdkError::TimeoutError(_) => Failure::transient(operation, "timed out"),
        SdkError::DispatchFailure(_) => Failure::transient(operation, "the service could not be reached"),
        SdkError::ResponseError(_) => Failure::transient(operation, "the response could not be read"),
        _ => Failure::permanent(operation, "the SDK could not build the request"),
    }
}

/// Classifies a response of an API outside AWS as transient or permanent, by its status alone.
#[must_use]
pub fn refusal(operation: &'static str, status: u16, cause: &str) -> Failure {
    // 408: the server waited for us. 425 and 429: too early, too often.
    let passing = status >= 500 || matches!(status, 408 | 425 | 429);
    if passing { Failure::transient(operation, cause) } else { Failure::permanent(operation, cause) }
}

fn is_passing(code: &str, status: u16) -> bool {
    status >= 500 || status == 429 || TRANSIENT.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::TRANSIENT;

    #[test]
    fn transient_codes_are_sorted_and_unique() {
        assert!(TRANSIENT.is_sorted());
    }
}
