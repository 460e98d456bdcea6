//! Faults on the wire: what goes wrong with one caller's nth call. A caller is known by its access
//! key, so that many can be tried side by side; what it calls by a role that it assumed is its call, too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

/// Longer than the functions wait for an answer (4 s).
pub(crate) const TOO_LATE: Duration = Duration::from_secs(6);

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Refused: too many requests.
    Throttled,
    /// The same, with `Retry-After`.
    ThrottledRetryAfter,
    /// Refused: the service's own trouble.
    ServerError,
    /// The connection breaks, and nothing is applied.
    Reset,
    /// Applied, long after the caller has stopped waiting.
    Late,
    /// Applied, and the connection breaks before the answer.
    AnswerDropped,
    /// Never answered, and not applied: time to kill the caller.
    KilledBefore,
    /// Applied and never answered: time to kill the caller.
    KilledAfter,
}

/// A fault to come.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    principal: String,
    /// The number of the call, from 0.
    call: usize,
    kind: FaultKind,
    /// How many calls in a row.
    times: usize,
}

/// One caller: how many calls it has made, and what is to befall it.
#[derive(Debug, Default)]
struct Caller {
    calls: usize,
    fault: Option<Fault>,
}

/// All callers, and which of them a fault has struck.
#[derive(Default)]
pub(crate) struct Faults {
    callers: Mutex<BTreeMap<String, Caller>>,
    struck: watch::Sender<BTreeMap<String, usize>>,
}

impl Faults {
    /// From now on this caller's calls are counted from 0.
    pub(crate) fn set(&self, fault: Fault) {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.insert(fault.principal.clone(), Caller { calls: 0, fault: Some(fault) });
    }

    /// What befalls the next call of this caller.
    pub(crate) fn next(&self, principal: &str) -> Option<FaultKind> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = callers.get_mut(principal)?;
        let call = caller.calls;
        caller.calls += 1;
        let fault = caller.fault.as_ref()?;
        let strikes = (fault.call..fault.call + fault.times).contains(&call);
        strikes.then_some(fault.kind)
    }

    /// How many calls this caller has made since its fault was set.
    pub(crate) fn calls(&self, principal: &str) -> usize {
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.get(principal).map_or(0, |caller| caller.calls)
    }

    /// The fault has done its work, as far as the services are concerned.
    pub(crate) fn strike(&self, principal: &str) {
        self.struck.send_modify(|struck| *struck.entry(principal.to_owned()).or_default() += 1);
    }

    /// How often this caller was struck; waits up to `patience` for the first time.
    pub(crate) async fn struck(&self, principal: &str, patience: Duration) -> usize {
        let mut struck = self.struck.subscribe();
        let first = struck.wait_for(|struck| struck.contains_key(principal));
        let found = tokio::time::timeout(patience, first).await;
        found.ok().and_then(Result::ok).and_then(|struck| struck.get(principal).copied()).unwrap_or_default()
    }
}

/// The refusal, in the words of the protocol that the service speaks.
pub(crate) fn refusal(kind: FaultKind, service: &str) -> Response<Body> {
    let throttled = kind != FaultKind::ServerError;
    let code = if throttled { "ThrottlingException" } else { "InternalFailure" };
    let (mut status, content, body) = match service {
        "sns" | "sqs" | "sts" | "cloudformation" => {
            let xml =
                format!("<ErrorResponse><Error><Code>{code}</Code><Message>injected</Message></Error></ErrorResponse>");
            (StatusCode::BAD_REQUEST, "text/xml", xml)
        }
        // CloudWatch speaks CBOR: the status alone says that it is worth another try.
        "monitoring" => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", String::new()),
        // No service of AWS: the status says it.
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

/// An answer that breaks off: the caller sees its connection reset.
pub(crate) fn broken() -> Response<Body> {
    let cut = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))]);
    let mut response = Response::new(Body::from_stream(cut));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}
