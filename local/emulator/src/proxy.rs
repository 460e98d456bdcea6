//! The handler of all calls: it emulates the call or forwards it unchanged, and records it in the journal.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::faults::{self, FaultKind};
use crate::journal::Entry;
use crate::route::{Backend, Scope};
use crate::wire::{self, ApiResult, Input};
use crate::world::World;
use crate::{accounts, cloudformation, codebuild, codecommit, codepipeline, ecr, kubeflow, mwaa, sagemaker, trail};

/// Lambda takes zips of up to 50 MB, which travel as base64.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// The only emulated service with the query protocol.
const CLOUDFORMATION: &str = "cloudformation";

/// Longer forms hold a template, which the emulator does not need.
const FORM_LIMIT: usize = 32 * 1024;

type Forwarded = Result<Response, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) async fn handle(State(world): State<Arc<World>>, request: Request) -> Response {
    let scope = Scope::of(request.headers(), request.uri());
    handle_as(&world, request, scope).await
}

/// Handles a call of a known caller.
pub(crate) async fn handle_as(world: &Arc<World>, request: Request, scope: Option<Scope>) -> Response {
    match under_faults(world, request, scope).await {
        Ok(response) => response,
        Err(cause) => (StatusCode::BAD_GATEWAY, cause.to_string()).into_response(),
    }
}

/// Forwards the call, unless a fault is set for it.
async fn under_faults(world: &Arc<World>, request: Request, scope: Option<Scope>) -> Forwarded {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await?;
    let (principal, service) =
        scope.as_ref().map(|scope| (world.caller(&scope.principal), scope.service.clone())).unwrap_or_default();
    let Some(kind) = world.faults.next(&principal) else {
        return forward(world, parts, scope, body).await;
    };
    match kind {
        FaultKind::Throttled | FaultKind::ThrottledRetryAfter | FaultKind::ServerError => {
            world.faults.record(&principal);
            Ok(faults::error_response(kind, &service))
        }
        FaultKind::Reset => {
            world.faults.record(&principal);
            Ok(faults::broken())
        }
        FaultKind::AfterTimeout => {
            // In a task of its own, so that the call completes after the caller has disconnected.
            let detached = Arc::clone(world);
            let applied = tokio::spawn(async move {
                tokio::time::sleep(faults::BEYOND_TIMEOUT).await;
                let response = forward(&detached, parts, scope, body).await;
                detached.faults.record(&principal);
                response
            });
            applied.await?
        }
        FaultKind::ResponseDropped => {
            forward(world, parts, scope, body).await?;
            world.faults.record(&principal);
            Ok(faults::broken())
        }
        FaultKind::KilledBefore => {
            world.faults.record(&principal);
            std::future::pending().await
        }
        FaultKind::KilledAfter => {
            forward(world, parts, scope, body).await?;
            world.faults.record(&principal);
            std::future::pending().await
        }
    }
}

async fn forward(world: &Arc<World>, parts: Parts, scope: Option<Scope>, body: Bytes) -> Forwarded {
    let mut entry = entry(scope.as_ref(), &parts, &body);
    if entry.service == kubeflow::SERVICE {
        let (status, reply) = kubeflow::respond(world, &entry.principal, &parts.method, &parts.uri, &entry.request);
        world.journal.push(Entry { status: status.as_u16(), response: reply.clone(), ..entry });
        return Ok((status, axum::Json(reply)).into_response());
    }
    if let Some(name) = sagemaker::runtime::invoked(parts.uri.path()).filter(|_| entry.service == "sagemaker") {
        let account = world.account_of(&entry.principal);
        let (response, reply) = sagemaker::runtime::invoke(world, account.as_deref(), name);
        entry =
            Entry { action: "InvokeEndpoint".to_owned(), status: response.status().as_u16(), response: reply, ..entry };
        world.journal.push(entry);
        return Ok(response);
    }
    if let Some(response) = emulated(world, &entry).await {
        let (status, reply) = wire::render(&response);
        entry = Entry { status: status.as_u16(), response: reply, ..entry };
        trail::send_event(world, &entry);
        let forms = entry.service == CLOUDFORMATION;
        let response = if forms { wire::respond_in_xml(&entry.action, &response) } else { wire::respond(&response) };
        world.journal.push(entry);
        return Ok(response);
    }
    let base = world.backends.url(scope.as_ref().map_or(Backend::MiniStack, Scope::backend));
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let call = world.backends.http.request(parts.method, format!("{base}{path}"));
    let sent = call.headers(end_to_end(parts.headers)).body(body).send().await?;
    let (status, headers) = (sent.status(), end_to_end(sent.headers().clone()));
    let response = sent.bytes().await?;
    entry.status = status.as_u16();
    entry.response = journal_body(&headers, &response);
    if entry.service == "sts" && status.is_success() {
        world.store_session(&entry, &response);
    }
    ecr::send_event(world, &entry);
    trail::send_event(world, &entry);
    world.journal.push(entry);
    let mut response = Response::new(Body::from(response));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Emulates a call; `None` forwards it.
async fn emulated(world: &Arc<World>, entry: &Entry) -> Option<ApiResult> {
    let input = Input(&entry.request);
    match entry.service.as_str() {
        "sagemaker" => {
            sagemaker::call(world, world.account_of(&entry.principal).as_deref(), &entry.action, input).await
        }
        "codebuild" => codebuild::call(world, &entry.action, input),
        "codecommit" => codecommit::call(world, &entry.action, input).await,
        "codepipeline" => codepipeline::call(world, &entry.action, input),
        "airflow" => mwaa::call(world, &entry.action, input).await,
        CLOUDFORMATION => cloudformation::call(world, &entry.action, input),
        _ => None,
    }
}

/// Removes hop-by-hop headers: bodies are buffered, so each side writes its own framing.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for hop in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(hop);
    }
    headers
}

fn entry(scope: Option<&Scope>, parts: &Parts, body: &Bytes) -> Entry {
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut action = target.rsplit('.').next().unwrap_or_default().to_owned();
    let (service, principal) = scope.map(|scope| (scope.service.clone(), scope.principal.clone())).unwrap_or_default();
    let mut request = journal_body(&parts.headers, body);
    // REST: the method and path contain the operation.
    if service == "airflow" {
        let (named, name) = mwaa::operation(&parts.method, parts.uri.path());
        named.clone_into(&mut action);
        let mut fields = request.as_object().cloned().unwrap_or_default();
        fields.insert("Name".to_owned(), json!(name));
        request = Value::Object(fields);
    } else if service == "sts" {
        (action, request) = accounts::form(body).unwrap_or_default();
    } else if service == kubeflow::SERVICE {
        kubeflow::operation(&parts.method, &parts.uri).clone_into(&mut action);
    }
    if service == CLOUDFORMATION && body.len() < FORM_LIMIT {
        request = wire::form(body);
        cloudformation::action(&request).clone_into(&mut action);
    }
    Entry { kind: "call", service, action, principal, request, ..Entry::default() }
}

fn journal_body(headers: &HeaderMap, body: &Bytes) -> Value {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sized = || json!({"bytes": body.len()});
    if kind.contains("json") { serde_json::from_slice(body).unwrap_or_else(|_| sized()) } else { sized() }
}
