//! Amazon MWAA: environments, and Airflow's REST API behind `InvokeRestApi` with MWAA's own errors. Module `airflow`
//! emulates Airflow; a test can set the address of a real one instead.

mod airflow;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input};
use crate::world::{World, lock};

/// The maximum length of a path in MWAA.
const PATH: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct State {
    environments: BTreeMap<String, Environment>,
}

#[derive(Debug, Default)]
struct Environment {
    dags: BTreeMap<String, airflow::Dag>,
    /// The address of a real Airflow, and the token for it.
    real: Option<(String, String)>,
}

/// The status and body of a response of Airflow.
type Reply = (StatusCode, Value);

/// The operation and the environment name in a path.
pub(crate) fn operation(method: &Method, path: &str) -> (&'static str, String) {
    let mut parts = path.trim_matches('/').split('/');
    let (collection, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let action = match (method.as_str(), collection) {
        ("PUT", "environments") => "CreateEnvironment",
        ("GET", "environments") => "GetEnvironment",
        ("POST", "restapi") => "InvokeRestApi",
        _ => "",
    };
    (action, name.to_owned())
}

pub(crate) async fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<ApiResult> {
    Some(match action {
        "CreateEnvironment" => create(world, input),
        "GetEnvironment" => get(world, input),
        "InvokeRestApi" => invoke(world, input).await,
        _ => return None,
    })
}

fn create(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("Name")?;
    lock(&world.mwaa).environments.entry(name.to_owned()).or_default();
    Ok(json!({"Arn": world.arn("airflow", &format!("environment/{name}"))}))
}

fn get(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("Name")?;
    if !lock(&world.mwaa).environments.contains_key(name) {
        return Err(no_environment(name));
    }
    Ok(json!({"Environment": {"Name": name, "Status": "AVAILABLE", "AirflowVersion": "3.0.6",
        "Arn": world.arn("airflow", &format!("environment/{name}"))}}))
}

fn no_environment(name: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("Environment {name} not found"))
}

async fn invoke(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let (name, path, method) = (input.need("Name")?, input.need("Path")?, input.need("Method")?);
    if path.len() > PATH {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length less than or equal to {PATH}"
        )));
    }
    let body = input.get("Body").cloned().unwrap_or_default();
    let real = {
        let state = lock(&world.mwaa);
        let environment = state.environments.get(name).ok_or_else(|| no_environment(name))?;
        environment.real.clone()
    };
    let (status, reply) = match real {
        Some(real) => call_airflow(world, real, method, path, &body).await?,
        None => airflow::respond(world, name, method, path, &body),
    };
    let response = json!({"RestApiStatusCode": status.as_u16(), "RestApiResponse": reply});
    match status.as_u16() {
        400..500 => Err(ApiError::new("RestApiClientException", "Client error").with(&response)),
        500.. => Err(ApiError::new("RestApiServerException", "Server error").with(&response)),
        _ => Ok(response),
    }
}

/// Calls a real Airflow.
async fn call_airflow(
    world: &World,
    (url, token): (String, String),
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Reply, ApiError> {
    let unreachable = |error: reqwest::Error| ApiError::internal(error.to_string());
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| ApiError::validation(error.to_string()))?;
    let mut call = world.backends.http.request(method, format!("{url}/api/v2{path}"));
    if !token.is_empty() {
        call = call.bearer_auth(token);
    }
    if !body.is_null() {
        call = call.json(body);
    }
    let sent = call.send().await.map_err(unreachable)?;
    let status = StatusCode::from_u16(sent.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let bytes = sent.bytes().await.map_err(unreachable)?;
    Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// Adds a DAG to an environment, or connects a real Airflow.
#[derive(Deserialize)]
pub(crate) struct Put {
    environment: String,
    dag: Option<String>,
    url: Option<String>,
    token: Option<String>,
}

pub(crate) async fn put(Shared(world): Shared<Arc<World>>, Json(put): Json<Put>) -> Json<Value> {
    let mut state = lock(&world.mwaa);
    let environment = state.environments.entry(put.environment).or_default();
    environment.real = put.url.map(|url| (url, put.token.unwrap_or_default())).or(environment.real.take());
    if let Some(dag) = put.dag {
        environment.dags.entry(dag).or_default();
    }
    Json(json!({}))
}
