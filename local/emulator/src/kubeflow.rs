//! Kubeflow Pipelines: the runs of its v2beta1 API, over TLS, for callers with a bearer token. The API has no idempotency
//! token: starting a run with the same name twice creates two runs.

pub(crate) mod tls;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::proxy;
use crate::route::Scope;
use crate::world::{Phase, World, lock};

/// The service name of its calls in the journal.
pub(crate) const SERVICE: &str = "kubeflow";

const RUNS: &str = "/apis/v2beta1/runs";

#[derive(Debug, Default)]
pub(crate) struct State {
    tokens: BTreeSet<String>,
    pipelines: BTreeSet<String>,
    /// Ordered by start.
    runs: Vec<Run>,
}

#[derive(Debug, Clone)]
struct Run {
    id: String,
    body: Value,
    state: &'static str,
    created: Timestamp,
    finished: Option<Timestamp>,
}

impl Run {
    /// The request.
    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// The status and body of a response.
type Reply = (StatusCode, Value);

/// Handles a call over TLS. The bearer token identifies the caller.
pub(crate) async fn handle(Shared(world): Shared<Arc<World>>, request: Request) -> Response {
    let scope = Scope { principal: bearer(request.headers()).unwrap_or_default(), service: SERVICE.to_owned() };
    proxy::handle_as(&world, request, Some(scope)).await
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

/// The operation's name in the API specification.
pub(crate) fn operation(method: &Method, uri: &Uri) -> &'static str {
    match (method.as_str(), uri.path()) {
        ("GET", RUNS) => "ListRuns",
        ("POST", RUNS) => "CreateRun",
        ("GET", "/apis/v2beta1/healthz") => "GetHealthz",
        ("GET", path) if path.starts_with(RUNS) => "GetRun",
        _ => "",
    }
}

fn refused(status: StatusCode, code: u32, message: &str) -> Reply {
    (status, json!({"code": code, "message": message, "error": message, "details": []}))
}

pub(crate) fn respond(world: &Arc<World>, caller: &str, method: &Method, uri: &Uri, body: &Value) -> Reply {
    let mut state = lock(&world.kubeflow);
    if !state.tokens.contains(caller) {
        return refused(StatusCode::UNAUTHORIZED, 16, "Request header error: the token is not one to be let in");
    }
    match operation(method, uri) {
        "GetHealthz" => (StatusCode::OK, json!({"multi_user": false})),
        "ListRuns" => list(&state, uri.query().unwrap_or_default()),
        "CreateRun" => create(world, &mut state, body),
        "GetRun" => {
            let id = uri.path().rsplit('/').next().unwrap_or_default();
            match state.runs.iter().find(|run| run.id == id) {
                Some(run) => (StatusCode::OK, shown(run)),
                None => refused(StatusCode::NOT_FOUND, 5, &format!("Run {id} not found")),
            }
        }
        _ => refused(StatusCode::NOT_FOUND, 5, "Not Found"),
    }
}

fn create(world: &Arc<World>, state: &mut State, body: &Value) -> Reply {
    let pipeline = body.pointer("/pipeline_version_reference/pipeline_id").and_then(Value::as_str).unwrap_or_default();
    if body["display_name"].as_str().unwrap_or_default().is_empty() {
        return refused(StatusCode::BAD_REQUEST, 3, "Invalid input error: the run name is empty");
    }
    if !state.pipelines.contains(pipeline) {
        return refused(StatusCode::NOT_FOUND, 5, &format!("Failed to fetch a pipeline: {pipeline} not found"));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let run = Run { id: id.clone(), body: body.clone(), state: "PENDING", created: Timestamp::now(), finished: None };
    let response = (StatusCode::OK, shown(&run));
    state.runs.push(run);
    let later = Arc::clone(world);
    world.later(async move {
        set_state(&later, &id, "RUNNING");
        later.over(Phase::Runs).await;
        let failed = later.fate(Phase::Runs, "SUCCEEDED").eq_ignore_ascii_case("failed");
        set_state(&later, &id, if failed { "FAILED" } else { "SUCCEEDED" });
    });
    response
}

fn set_state(world: &World, id: &str, to: &'static str) {
    if let Some(run) = lock(&world.kubeflow).runs.iter_mut().find(|run| run.id == id) {
        run.state = to;
        run.finished = (to != "RUNNING").then(Timestamp::now);
    }
}

/// The runs, newest first; with a filter, the matching ones.
fn list(state: &State, query: &str) -> Reply {
    let parameters: Vec<(String, String)> = parameters(query);
    let value = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let filter: Value = match value("filter").filter(|text| !text.is_empty()).map(serde_json::from_str).transpose() {
        Ok(filter) => filter.unwrap_or_default(),
        Err(error) => return refused(StatusCode::BAD_REQUEST, 3, &format!("Invalid input error: filter: {error}")),
    };
    let predicates = filter.get("predicates").and_then(Value::as_array).cloned().unwrap_or_default();
    if predicates.iter().any(|predicate| predicate["operation"] != "EQUALS") {
        return refused(StatusCode::BAD_REQUEST, 3, "Invalid input error: only EQUALS is emulated");
    }
    let experiment = value("experiment_id").filter(|id| !id.is_empty());
    let most = value("page_size").and_then(|text| text.parse().ok()).filter(|size| *size > 0).unwrap_or(20);
    let takes = |run: &&Run| {
        experiment.is_none_or(|id| run.text("experiment_id") == Some(id))
            && predicates.iter().all(|predicate| {
                let wanted = predicate.get("string_value").or_else(|| predicate.get("stringValue"));
                wanted.is_some_and(|wanted| wanted.as_str() == run.text("display_name"))
            })
    };
    let runs: Vec<Value> = state.runs.iter().rev().filter(takes).take(most).map(shown).collect();
    // Kubeflow omits an empty list.
    let body = if runs.is_empty() { json!({}) } else { json!({"total_size": runs.len(), "runs": runs}) };
    (StatusCode::OK, body)
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("https://kubeflow/?{query}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

fn shown(run: &Run) -> Value {
    json!({
        "run_id": run.id,
        "display_name": run.body.get("display_name"),
        "experiment_id": run.body.get("experiment_id"),
        "storage_state": "AVAILABLE",
        "pipeline_version_reference": run.body.get("pipeline_version_reference"),
        "runtime_config": run.body.get("runtime_config"),
        "created_at": run.created.to_string(),
        "scheduled_at": run.created.to_string(),
        "finished_at": run.finished.unwrap_or(Timestamp::UNIX_EPOCH).to_string(),
        "state": run.state,
    })
}

/// Sets up tokens and pipelines: adds a token, removes a token, adds a pipeline.
#[derive(Deserialize)]
pub(crate) struct Put {
    admit: Option<String>,
    dismiss: Option<String>,
    pipeline: Option<String>,
}

pub(crate) async fn put(Shared(world): Shared<Arc<World>>, Json(put): Json<Put>) -> Json<Value> {
    let mut state = lock(&world.kubeflow);
    if let Some(token) = put.dismiss {
        state.tokens.remove(&token);
    }
    state.tokens.extend(put.admit);
    state.pipelines.extend(put.pipeline);
    Json(json!({}))
}

/// The URL, the certificate authority, and the runs.
pub(crate) async fn state(Shared(world): Shared<Arc<World>>) -> Json<Value> {
    let runs: Vec<Value> = lock(&world.kubeflow).runs.iter().map(shown).collect();
    Json(json!({"url": world.kubeflow_address.url, "ca": world.kubeflow_address.ca, "runs": runs}))
}
