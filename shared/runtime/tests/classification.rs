//! Transient or permanent: one table of the errors of a call. The expectations are AWS's own:
//!
//! - the throttling and transient codes and statuses of "Retry behavior" in the AWS SDKs and Tools Reference Guide
//!   (`sdkref/latest/guide/feature-retry-behavior.html`), as botocore's standard mode lists them
//!   (`botocore/retries/standard.py`);
//! - what a service's API reference says of the error: "try again later", "wait until", "too many".
//!
//! A transient error that is classified as permanent loses the event. A permanent one that is classified as transient is
//! retried for six hours before an operator receives a message.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::http::{Response, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use trimtab_core::failure::Failure;
use trimtab_runtime::sdk;

const OPERATION: &str = "sagemaker:StartPipelineExecution";

fn answered(status: u16, code: Option<&str>) -> sdk::CallError<ErrorMetadata> {
    let mut metadata = ErrorMetadata::builder().message("as the service says");
    if let Some(code) = code {
        metadata = metadata.code(code);
    }
    SdkError::service_error(metadata.build(), response(status))
}

fn response(status: u16) -> Response {
    Response::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
}

fn is_retried(error: &sdk::CallError<ErrorMetadata>) -> bool {
    matches!(sdk::failure(OPERATION, error), Failure::Transient { .. })
}

/// Of the standard retry mode: throttling, then transient.
const STANDARD: [&str; 16] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "RequestTimeout",
    "RequestTimeoutException",
];

/// Transient errors with status 400 or 409 of the services that Trimtab calls.
const OF_SERVICES: [(&str, &str); 21] = [
    ("AccountLimitExceededException", "CodeBuild: too many builds at once in the account"),
    ("ConcurrentModificationException", "CodePipeline: modified by another request at the same time"),
    ("ConcurrentPipelineExecutionsLimitExceededException", "CodePipeline: so many executions are in progress"),
    ("ConcurrentUpdateException", "Application Auto Scaling: another update of the scalable target is pending"),
    ("ConflictException", "SageMaker and CodePipeline: another change of the same thing is in progress"),
    ("ExecutionLimitExceeded", "Step Functions: running executions are at their limit, one must end first"),
    ("ExpiredToken", "STS: credentials expire, and Lambda hands out new ones"),
    ("ExpiredTokenException", "the same, in the JSON protocols"),
    ("IdempotentParameterMismatchException", "DynamoDB: the token is free again after ten minutes"),
    ("InternalError", "a fault of the service, some say it with 400"),
    ("InternalServerError", "a fault of the service, some say it with 400"),
    ("KMSThrottling", "SNS: KMS throttles, in the query protocol"),
    ("KmsThrottlingException", "Step Functions: KMS throttles"),
    ("ResourceInUse", "SageMaker: the resource is in use"),
    ("ResourceInUseException", "the same, elsewhere"),
    ("ResourceLimitExceeded", "SageMaker: a quota of jobs or instances, one must end first"),
    ("RestApiServerException", "MWAA: Airflow is ill"),
    ("ServiceUnavailable", "the service is not available for a while"),
    ("Throttled", "SNS: the rate is too high, in the query protocol"),
    ("TransactionConflictException", "DynamoDB: another transaction has the item"),
    ("ThrottlingException", "every control plane"),
];

/// Permanent errors: the common ones of all services, and those of the services that Trimtab calls.
const PERMANENT: [(u16, &str); 24] = [
    (400, "AccessDeniedException"),
    (403, "AccessDenied"),
    (403, "AccessDeniedException"),
    (400, "ExecutionAlreadyExists"),
    (400, "IncompleteSignature"),
    (403, "InvalidClientTokenId"),
    (400, "InvalidInputException"),
    (400, "InvalidParameterException"),
    (400, "InvalidParameterValue"),
    (403, "InvalidSignatureException"),
    (400, "MalformedPolicyDocument"),
    (403, "MissingAuthenticationToken"),
    (400, "NotAuthorized"),
    (403, "OptInRequired"),
    (400, "PipelineNotFoundException"),
    (400, "RepositoryDoesNotExistException"),
    (400, "ResourceNotFound"),
    (404, "ResourceNotFoundException"),
    (400, "StateMachineDoesNotExist"),
    (400, "UnknownOperationException"),
    (400, "UnrecognizedClientException"),
    (400, "ValidationError"),
    (400, "ValidationException"),
    (404, "NoSuchKey"),
];

#[test]
fn standard_retry_mode_codes_are_transient() {
    for code in STANDARD {
        assert!(is_retried(&answered(400, Some(code))), "AWS's SDKs retry {code}, and the event was lost");
    }
}

#[test]
fn documented_transient_errors_are_transient() {
    for (code, why) in OF_SERVICES {
        for status in [400, 409] {
            assert!(is_retried(&answered(status, Some(code))), "{code} with {status} was permanent. {why}");
        }
    }
}

#[test]
fn refused_request_is_permanent() {
    for (status, code) in PERMANENT {
        assert!(
            !is_retried(&answered(status, Some(code))),
            "{code} with {status} is refused however often it is tried"
        );
    }
}

#[test]
fn status_classifies_unknown_code() {
    // RFC 9110 and RFC 6585: the server's fault, or too many requests; all others are the request's fault.
    let retried = [429, 500, 502, 503, 504, 599];
    let rejected = [400, 401, 403, 404, 405, 409, 412, 422, 428, 430, 499];
    for code in [None, Some("SomethingNew"), Some("ValidationException")] {
        for status in retried {
            assert!(is_retried(&answered(status, code)), "{status} with {code:?} was permanent");
        }
    }
    for code in [None, Some("SomethingNew")] {
        for status in rejected {
            assert!(!is_retried(&answered(status, code)), "{status} with {code:?} was transient");
        }
    }
}

#[test]
fn error_without_response_is_transient() {
    let lost: [(sdk::CallError<ErrorMetadata>, &str); 5] = [
        (SdkError::timeout_error("4 s"), "timed out"),
        (SdkError::dispatch_failure(ConnectorError::timeout("connect".into())), "could not be reached"),
        (SdkError::dispatch_failure(ConnectorError::io("reset".into())), "could not be reached"),
        (SdkError::response_error("half a body", response(200)), "could not be read"),
        (SdkError::response_error("half a body", response(404)), "could not be read"),
    ];
    for (error, words) in lost {
        let failure = sdk::failure(OPERATION, &error);
        assert!(matches!(failure, Failure::Transient { .. }), "{error:?} may have been applied or not: {failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    }
}

#[test]
fn request_that_cannot_be_built_is_permanent() {
    let error: sdk::CallError<ErrorMetadata> = SdkError::construction_failure("no bucket");
    let failure = sdk::failure(OPERATION, &error);
    assert!(matches!(failure, Failure::Permanent { .. }), "it cannot be built the next time either: {failure}");
    assert!(failure.to_string().contains("could not build the request"), "{failure}");
}

#[test]
fn failure_contains_operation_code_and_message() {
    let said = |status, code| sdk::failure(OPERATION, &answered(status, code)).to_string();
    assert_eq!(
        said(400, Some("ThrottlingException")),
        "sagemaker:StartPipelineExecution failed and can be retried: ThrottlingException: as the service says"
    );
    assert_eq!(
        said(400, Some("ValidationException")),
        "sagemaker:StartPipelineExecution was refused: ValidationException: as the service says"
    );
    assert_eq!(said(404, None), "sagemaker:StartPipelineExecution was refused: no code: as the service says");
}

#[test]
fn code_and_message_come_from_the_service() {
    let error = answered(400, Some("ConflictException"));
    assert_eq!((sdk::code(&error), sdk::message(&error)), (Some("ConflictException"), "as the service says"));
    let lost: sdk::CallError<ErrorMetadata> = SdkError::timeout_error("4 s");
    assert_eq!((sdk::code(&lost), sdk::message(&lost)), (None, ""));
    assert_eq!(sdk::code(&answered(400, None)), None);
}

#[test]
fn api_outside_aws_is_classified_by_status() {
    // RFC 9110 (408, 5xx), RFC 8470 (425) and RFC 6585 (429): the same request may succeed later.
    let retried = [408, 425, 429, 500, 502, 503, 504, 599];
    for status in 100..600_u16 {
        let failure = sdk::refusal("airflow:InvokeRestApi", status, "why");
        let wanted = retried.contains(&status) || status >= 500;
        assert_eq!(matches!(failure, Failure::Transient { .. }), wanted, "{status}");
        assert!(failure.to_string().starts_with("airflow:InvokeRestApi") && failure.to_string().ends_with("why"));
    }
}
