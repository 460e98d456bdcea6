//! SageMaker Runtime: a serving endpoint responds with the queued result of phase `invocations`, or with success.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::endpoints::{found, key};
use crate::world::{Phase, World};

/// The endpoint in an invocation path.
pub(crate) fn invoked(path: &str) -> Option<&str> {
    path.strip_prefix("/endpoints/")?.strip_suffix("/invocations").filter(|name| !name.contains('/'))
}

/// `InvokeEndpoint`: the response, and its body for the journal.
pub(crate) fn invoke(world: &World, account: Option<&str>, name: &str) -> (Response<Body>, Value) {
    let Ok(endpoint) = found(world, &key(account, name)) else {
        return error_response(
            StatusCode::BAD_REQUEST,
            "ValidationError",
            json!({"Message": format!("Endpoint {name} of account not found.")}),
        );
    };
    if matches!(endpoint.status, "Creating" | "Failed" | "OutOfService" | "Deleting") {
        let message = format!("Endpoint {name} is not in a state that serves: {}.", endpoint.status);
        return error_response(StatusCode::BAD_REQUEST, "ValidationError", json!({"Message": message}));
    }
    let status: u16 = world.fate(Phase::Invocations, "200").parse().unwrap_or(500);
    if status >= 300 {
        let cause = "could not convert string to float";
        let message = format!("Received server error ({status}) from primary with message \"{cause}\".");
        let body = json!({"Message": message, "OriginalMessage": cause, "OriginalStatusCode": status,
            "LogStreamArn": world.arn("logs", &format!("log-group:/aws/sagemaker/Endpoints/{name}"))});
        return error_response(StatusCode::FAILED_DEPENDENCY, "ModelError", body);
    }
    let mut response = Response::new(Body::from("0.27\n"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    response.headers_mut().insert("x-amzn-invoked-production-variant", HeaderValue::from_static("AllTraffic"));
    (response, json!("0.27"))
}

fn error_response(status: StatusCode, code: &'static str, body: Value) -> (Response<Body>, Value) {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    (response, body)
}
