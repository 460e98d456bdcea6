//! One invocation of one function in a process of its own, through the Lambda Runtime API.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

use super::{Environment, binary};

/// The functions' timeout in the template.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The result of an invocation.
pub(super) enum Outcome {
    Answered(Value),
    Failed(String),
    Killed,
}

/// The event to fetch, and the channel for the result.
struct Api {
    event: Mutex<Option<String>>,
    said: mpsc::UnboundedSender<Outcome>,
}

pub(super) async fn invoke(env: &Environment, function: &str, principal: &str, event: &Value) -> Outcome {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (said, mut answers) = mpsc::unbounded_channel();
    let api = Arc::new(Api { event: Mutex::new(Some(event.to_string())), said });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{what}", post(answer))
        .with_state(api);
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let mut child = Command::new(binary(function))
        .env_clear()
        .envs(env.environment(function, principal))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let outcome = tokio::select! {
        Some(outcome) = answers.recv() => outcome,
        () = env.time_to_kill(principal) => Outcome::Killed,
        status = child.wait() => Outcome::Failed(format!("the process exited: {status:?}")),
        () = tokio::time::sleep(TIMEOUT) => Outcome::Failed("timed out".to_owned()),
    };
    let _ = child.kill().await;
    serving.abort();
    outcome
}

/// Returns the event once; later requests wait until the process is killed.
async fn next(State(api): State<Arc<Api>>) -> (HeaderMap, String) {
    let Some(event) = api.event.lock().await.take() else {
        return std::future::pending().await;
    };
    let deadline = jiff::Timestamp::now().as_millisecond() + TIMEOUT.as_millis() as i64;
    let header = |name, value: &str| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    let headers = HeaderMap::from_iter([
        header("lambda-runtime-aws-request-id", "request-1"),
        header("lambda-runtime-deadline-ms", &deadline.to_string()),
        header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:chaos"),
    ]);
    (headers, event)
}

async fn answer(State(api): State<Arc<Api>>, Path((_, what)): Path<(String, String)>, body: Bytes) -> StatusCode {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let outcome = match what.as_str() {
        "response" => Outcome::Answered(body),
        _ => Outcome::Failed(body["errorMessage"].as_str().unwrap_or("no message").to_owned()),
    };
    let _ = api.said.send(outcome);
    StatusCode::ACCEPTED
}
