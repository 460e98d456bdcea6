//! Faults on the wire, injected into one caller's nth call. The access key identifies the caller, so that many cases can
//! run in parallel; calls through an assumed role count as the caller's own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

/// Longer than the timeout of the functions' SDK calls (4 s).
pub(crate) const BEYOND_TIMEOUT: Duration = Duration::from_secs(6);

/// A fault in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Rejected: too many requests.
    Throttled,
    /// Rejected: too many requests, with `Retry-After`.
    ThrottledRetryAfter,
    /// Rejected: an internal error of the service.
    ServerError,
    /// Not applied; the connection breaks.
    Reset,
    /// Applied after the caller's timeout.
    AfterTimeout,
    /// Applied; the connection breaks before the response.
    ResponseDropped,
    /// Not applied and without a response, so that the caller can be killed.
    KilledBefore,
    /// Applied and without a response, so that the caller can be killed.
    KilledAfter,
}

/// A fault for a range of calls.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    principal: String,
    /// The index of the first call, from 0.
    call: usize,
    kind: FaultKind,
    /// The number of consecutive calls.
    times: usize,
}

/// The number of calls of one caller, and its fault.
#[derive(Debug, Default)]
struct Caller {
    calls: usize,
    fault: Option<Fault>,
}

/// All callers, and the number of faults injected for each.
#[derive(Default)]
pub(crate) struct Faults {
    callers: Mutex<BTreeMap<String, Caller>>,
    injected: watch::Sender<BTreeMap<String, usize>>,
}

impl Faults {
    /// Sets a caller's fault and restarts the count of its calls at 0.
    pub(crate) fn set(&self, fault: Fault) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.insert(fault.principal.clone(), Caller { calls: 0, fault: Some(fault) });
    }

    /// Counts a call of this caller, and returns its fault.
    pub(crate) fn next(&self, principal: &str) -> Option<FaultKind> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = callers.get_mut(principal)?;
        let call = caller.calls;
        caller.calls += 1;
        let fault = caller.fault.as_ref()?;
        let is_faulty = (fault.call..fault.call + fault.times).contains(&call);
        is_faulty.then_some(fault.kind)
    }

    /// The number of calls of this caller since its fault was set.
    pub(crate) fn calls(&self, principal: &str) -> usize {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.get(principal).map_or(0, |caller| caller.calls)
    }

    /// Records that the fault was injected.
    pub(crate) fn record(&self, principal: &str) {
        self.injected.send_modify(|injected| *injected.entry(principal.to_owned()).or_default() += 1);
    }

    /// The number of faults injected for this caller; waits up to `timeout` for the first.
    pub(crate) async fn injected(&self, principal: &str, timeout: Duration) -> usize {
        let mut injected = self.injected.subscribe();
        let first = injected.wait_for(|injected| injected.contains_key(principal));
        let found = tokio::time::timeout(timeout, first).await;
        found.ok().and_then(Result::ok).and_then(|injected| injected.get(principal).copied()).unwrap_or_default()
    }
}

/// The error response in the protocol of the service.
pub(crate) fn error_response(kind: FaultKind, service: &str) -> Response<Body> {
    let throttled = kind != FaultKind::ServerError;
    let code = if throttled { "ThrottlingException" } else { "InternalFailure" };
    let (mut status, content, body) = match service {
        "sns" | "sqs" | "sts" | "cloudformation" => {
            let xml =
                format!("<ErrorResponse><Error><Code>{code}</Code><Message>injected</Message></Error></ErrorResponse>");
            (StatusCode::BAD_REQUEST, "text/xml", xml)
        }
        // CloudWatch uses CBOR: the status alone marks the error as retryable.
        "monitoring" => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", String::new()),
        // Kubeflow is not an AWS service: the status marks the error as retryable.
        crate::kubeflow::SERVICE => {
            let json = json!({"code": 8, "message": "injected"}).to_string();
            (StatusCode::TOO_MANY_REQUESTS, "application/json", json)
        }
        _ => {
            let json = json!({"__type": code, "message": "injected"}).to_string();
            (StatusCode::BAD_REQUEST, "application/x-amz-json-1.1", json)
        }
    };
    if !throttled {
        status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    if kind == FaultKind::ThrottledRetryAfter {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// A response that breaks off: the caller sees a connection reset.
pub(crate) fn broken() -> Response<Body> {
    let cut = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))]);
    let mut response = Response::new(Body::from_stream(cut));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}
