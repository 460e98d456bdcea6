//! [`Runs`] over Kubeflow Pipelines' v2beta1 API. It has no idempotency token, and names need not be unique, so that an
//! existing run is searched by name before one is started.
//!
//! The bearer token comes from Secrets Manager, and appears in no message and no log. Certificates are always verified. <https://www.kubeflow.org/docs/components/pipelines/reference/api/kubeflow-pipeline-api-spec/>

mod http;
mod token;
mod trust;

use aws_config::SdkConfig;
use serde_json::{Value, json};
use trimtab_core::event::RunStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{KubeflowId, RunId};
use trimtab_core::policy::{self, Engine};
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs, other_engine};
use trimtab_runtime::sdk;

use crate::http::{Call, Reply};

const LIST: &str = "kubeflow:ListRuns";
const START: &str = "kubeflow:CreateRun";
const GET: &str = "kubeflow:GetRun";

const RUNS: &str = "/apis/v2beta1/runs";

/// A client of Kubeflow Pipelines at the URLs of the policies.
#[derive(Debug)]
pub struct Kubeflow {
    tokens: token::Tokens,
    trusts: trust::Trusts,
}

impl Kubeflow {
    /// Creates a client that reads tokens in the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { tokens: token::Tokens::new(config), trusts: trust::Trusts::default() }
    }

    /// Makes a call. If the token is refused, it is read again once, because it may have been rotated.
    async fn call(&self, place: &policy::Kubeflow, call: &Call) -> PortResult<Reply> {
        let connector = self.trusts.connector(call.operation, place.ca.as_deref())?;
        let token = self.tokens.known(&place.secret).await?;
        let reply = http::send(&connector, place.url.as_str(), &token, call).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        let token = self.tokens.fresh(&place.secret).await?;
        http::send(&connector, place.url.as_str(), &token, call).await
    }
}

impl Runs for Kubeflow {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let Engine::Kubeflow(place) = &request.engine else { return Err(other_engine(LIST)) };
        let reply = self.call(place, &listing(place, &request.display_name)).await?;
        let found = reply.well(LIST)?;
        let runs = found.get("runs").and_then(Value::as_array).into_iter().flatten();
        let mut named = runs.filter(|run| run["display_name"] == *request.display_name);
        named.next().map(|run| id(LIST, run)).transpose()
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        let Engine::Kubeflow(place) = &request.engine else { return Err(other_engine(START)) };
        let mut body = json!({
            "display_name": request.display_name,
            "pipeline_version_reference": {"pipeline_id": place.pipeline},
            "runtime_config": {"parameters": request.parameters},
        });
        if let (Some(experiment), Some(fields)) = (&place.experiment, body.as_object_mut()) {
            fields.insert("experiment_id".to_owned(), json!(experiment));
        }
        let call = Call { operation: START, method: "POST", path: RUNS.to_owned(), body: Some(body.to_string()) };
        let reply = self.call(place, &call).await?;
        id(START, &reply.well(START)?)
    }

    async fn status(&self, engine: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let (Engine::Kubeflow(place), RunId::Kubeflow(run)) = (engine, run) else { return Err(other_engine(GET)) };
        let call = Call { operation: GET, method: "GET", path: format!("{RUNS}/{run}"), body: None };
        let reply = self.call(place, &call).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        Ok(Some(status(reply.well(GET)?.get("state").and_then(Value::as_str).unwrap_or_default())))
    }
}

/// The call that lists the newest runs with this name.
fn listing(place: &policy::Kubeflow, name: &str) -> Call {
    let filter = json!({"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": name}]});
    let mut path =
        format!("{RUNS}?page_size=10&sort_by=created_at%20desc&filter={}", http::encoded(&filter.to_string()));
    if let Some(experiment) = &place.experiment {
        path = format!("{path}&experiment_id={experiment}");
    }
    Call { operation: LIST, method: "GET", path, body: None }
}

/// Parses the ID of a run. An invalid ID is a failure and not a missing run, which would be started again.
fn id(operation: &'static str, run: &Value) -> PortResult<RunId> {
    let read = run.get("run_id").and_then(Value::as_str).and_then(|id| KubeflowId::parse(id).ok());
    read.map(RunId::Kubeflow)
        .ok_or_else(|| Failure::transient(operation, "the response names a run in a way that cannot be read"))
}

/// The status of a run from Kubeflow's state.
fn status(state: &str) -> RunStatus {
    match state {
        "PENDING" | "RUNNING" | "PAUSED" | "RUNTIME_STATE_UNSPECIFIED" | "" => RunStatus::Executing,
        "CANCELING" => RunStatus::Stopping,
        "SUCCEEDED" | "SKIPPED" => RunStatus::Succeeded,
        "FAILED" => RunStatus::Failed,
        "CANCELED" => RunStatus::Stopped,
        other => RunStatus::parse(other),
    }
}

impl Reply {
    /// The body of a successful response, or the failure.
    fn well(self, operation: &'static str) -> PortResult<Value> {
        if self.status == 200 {
            let none = || Failure::permanent(operation, "the response is not JSON: the url may not be the API's");
            return self.body.ok_or_else(none);
        }
        let said = self.body.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str);
        let said = match self.status {
            401 | 403 => "the token in the secret is refused",
            _ => said.unwrap_or("it says no more"),
        };
        Err(sdk::refusal(operation, self.status, &format!("Kubeflow answers {}: {said}", self.status)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubeflow_state_maps_to_run_status() {
        assert_eq!(status("PENDING"), RunStatus::Executing);
        assert_eq!(status("SUCCEEDED"), RunStatus::Succeeded);
        assert_eq!(status("FAILED"), RunStatus::Failed);
        assert_eq!(status("CANCELED"), RunStatus::Stopped);
        assert!(matches!(status("DREAMING"), RunStatus::Other(_)), "what is not known has not ended");
    }

    #[test]
    fn response_without_json_is_no_empty_list() {
        let failure = Reply { status: 200, body: None }.well(LIST).unwrap_err();
        assert!(failure.to_string().contains("not JSON"), "{failure}");
    }
}
