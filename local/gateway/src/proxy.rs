//! Every call: answered here where it is played here, passed on unchanged where it is not, and
//! written down either way.

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
use crate::wire::{self, Answer, Input};
use crate::world::World;
use crate::{accounts, cloudformation, codebuild, codecommit, codepipeline, ecr, kubeflow, mwaa, sagemaker, trail};

/// Lambda takes zips of up to 50 MB, which travel as base64.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// The one service that is played in AWS's query protocol.
const CLOUDFORMATION: &str = "cloudformation";

/// A form that is longer holds a template, which nobody reads here.
const FORM_LIMIT: usize = 32 * 1024;

type Passed = Result<Response, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) async fn handle(State(world): State<Arc<World>>, request: Request) -> Response {
    let scope = Scope::of(request.headers(), request.uri());
    handle_as(&world, request, scope).await
}

/// The same, for a caller that is known already.
pub(crate) async fn handle_as(world: &Arc<World>, request: Request, scope: Option<Scope>) -> Response {
    match under_faults(world, request, scope).await {
        Ok(response) => response,
        Err(cause) => (StatusCode::BAD_GATEWAY, cause.to_string()).into_response(),
    }
}

/// Passes the call, unless something goes wrong on the way.
async fn under_faults(world: &Arc<World>, request: Request, scope: Option<Scope>) -> Passed {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await?;
    let (principal, service) =
        scope.as_ref().map(|scope| (world.caller(&scope.principal), scope.service.clone())).unwrap_or_default();
    let Some(kind) = world.faults.next(&principal) else {
        return pass(world, parts, scope, body).await;
    };
    match kind {
        FaultKind::Throttled | FaultKind::ThrottledRetryAfter | FaultKind::ServerError => {
            world.faults.strike(&principal);
            Ok(faults::refusal(kind, &service))
        }
        FaultKind::Reset => {
            world.faults.strike(&principal);
            Ok(faults::broken())
        }
        FaultKind::Late => {
            // In a task of its own: it goes on when the caller has gone.
            let late = Arc::clone(world);
            let applied = tokio::spawn(async move {
                tokio::time::sleep(faults::TOO_LATE).await;
                let answer = pass(&late, parts, scope, body).await;
                late.faults.strike(&principal);
                answer
            });
            applied.await?
        }
        FaultKind::AnswerDropped => {
            pass(world, parts, scope, body).await?;
            world.faults.strike(&principal);
            Ok(faults::broken())
        }
        FaultKind::KilledBefore => {
            world.faults.strike(&principal);
            std::future::pending().await
        }
        FaultKind::KilledAfter => {
            pass(world, parts, scope, body).await?;
            world.faults.strike(&principal);
            std::future::pending().await
        }
    }
}

async fn pass(world: &Arc<World>, parts: Parts, scope: Option<Scope>, body: Bytes) -> Passed {
    let mut entry = entry(scope.as_ref(), &parts, &body);
    if entry.service == kubeflow::SERVICE {
        let (status, said) = kubeflow::answer(world, &entry.principal, &parts.method, &parts.uri, &entry.request);
        world.journal.push(Entry { status: status.as_u16(), response: said.clone(), ..entry });
        return Ok((status, axum::Json(said)).into_response());
    }
    if let Some(name) = sagemaker::runtime::invoked(parts.uri.path()).filter(|_| entry.service == "sagemaker") {
        let account = world.account_of(&entry.principal);
        let (response, said) = sagemaker::runtime::invoke(world, account.as_deref(), name);
        entry =
            Entry { action: "InvokeEndpoint".to_owned(), status: response.status().as_u16(), response: said, ..entry };
        world.journal.push(entry);
        return Ok(response);
    }
    if let Some(answer) = played(world, &entry).await {
        let (status, said) = wire::render(&answer);
        entry = Entry { status: status.as_u16(), response: said, ..entry };
        trail::tell(world, &entry);
        let forms = entry.service == CLOUDFORMATION;
        let response = if forms { wire::respond_in_xml(&entry.action, &answer) } else { wire::respond(&answer) };
        world.journal.push(entry);
        return Ok(response);
    }
    let base = world.backends.url(scope.as_ref().map_or(Backend::MiniStack, Scope::backend));
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let call = world.backends.http.request(parts.method, format!("{base}{path}"));
    let sent = call.headers(end_to_end(parts.headers)).body(body).send().await?;
    let (status, headers) = (sent.status(), end_to_end(sent.headers().clone()));
    let answer = sent.bytes().await?;
    entry.status = status.as_u16();
    entry.response = seen(&headers, &answer);
    if entry.service == "sts" && status.is_success() {
        world.learn(&entry, &answer);
    }
    ecr::tell(world, &entry);
    trail::tell(world, &entry);
    world.journal.push(entry);
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// What is played here. `None` is passed on.
async fn played(world: &Arc<World>, entry: &Entry) -> Option<Answer> {
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

/// Both bodies are whole here, so their framing is written anew on each side.
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
    let mut request = seen(&parts.headers, body);
    // REST: method and path say what is asked.
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

fn seen(headers: &HeaderMap, body: &Bytes) -> Value {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sized = || json!({"bytes": body.len()});
    if kind.contains("json") { serde_json::from_slice(body).unwrap_or_else(|_| sized()) } else { sized() }
}
