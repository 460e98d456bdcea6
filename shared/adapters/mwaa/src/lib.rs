//! [`Runs`] over Amazon MWAA: Airflow's REST API through `InvokeRestApi`, which IAM authorizes. A token of
//! `CreateCliToken` would allow any command.
//!
//! Trimtab chooses the ID of a run, so that there is at most one: Airflow refuses another with status 409. <https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html>

mod endpoint;
mod reply;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_mwaa::Client;
use aws_sdk_mwaa::config::SharedInterceptor;
use aws_sdk_mwaa::operation::invoke_rest_api::InvokeRestApiError;
use aws_sdk_mwaa::types::RestApiMethod;
use aws_smithy_types::Document;
use jiff::Timestamp;
use trimtab_core::event::RunStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{DagRunId, RunId};
use trimtab_core::policy::{Airflow, Engine};
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs, other_engine};
use trimtab_runtime::sdk;

use crate::reply::Reply;

const START: &str = "airflow:InvokeRestApi POST dagRuns";
const GET: &str = "airflow:InvokeRestApi GET dagRuns";

/// The time-out of a call: MWAA gives Airflow ten seconds, and a function with thirty makes up to three such calls.
const PATIENCE: Duration = Duration::from_secs(9);

/// A client of Amazon MWAA.
#[derive(Debug, Clone)]
pub struct Mwaa {
    client: Client,
}

impl Mwaa {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE);
        let mut own = aws_sdk_mwaa::config::Builder::from(config).timeout_config(timeouts.build());
        if config.endpoint_url().is_some() {
            own.push_interceptor(SharedInterceptor::new(endpoint::AsItIs));
        }
        Self { client: Client::from_conf(own.build()) }
    }

    /// Calls Airflow's API; returns Airflow's reply, also if it is an error.
    async fn call(
        &self,
        operation: &'static str,
        airflow: &Airflow,
        (method, path): (RestApiMethod, String),
        body: Option<Document>,
    ) -> PortResult<Reply> {
        let call = self.client.invoke_rest_api().name(airflow.environment.as_str()).method(method).path(path);
        let error = match call.set_body(body).send().await {
            Ok(said) => return Ok(Reply::of(said.rest_api_status_code.unwrap_or(200), said.rest_api_response)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(InvokeRestApiError::RestApiClientException(said)) => {
                Ok(Reply::of(said.rest_api_status_code.unwrap_or(400), said.rest_api_response.clone()))
            }
            _ => Err(sdk::failure(operation, &error)),
        }
    }

    /// The run with this ID.
    async fn get(&self, airflow: &Airflow, run: &DagRunId) -> PortResult<Option<RunStatus>> {
        let path = format!("/dags/{}/dagRuns/{run}", airflow.dag);
        let reply = self.call(GET, airflow, (RestApiMethod::Get, path), None).await?;
        match reply.status {
            200 => Ok(Some(status(reply.text("state").unwrap_or_default()))),
            404 => Ok(None),
            _ => Err(reply.failure(GET)),
        }
    }
}

impl Runs for Mwaa {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let (airflow, run) = dag_and_run(GET, request)?;
        let found = self.get(airflow, &run).await?;
        Ok(found.map(|_| RunId::Airflow(airflow.environment.clone(), airflow.dag.clone(), run)))
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        let (airflow, run) = dag_and_run(START, request)?;
        let path = format!("/dags/{}/dagRuns", airflow.dag);
        let reply = self.call(START, airflow, (RestApiMethod::Post, path), Some(body(&run, request))).await?;
        let named = RunId::Airflow(airflow.environment.clone(), airflow.dag.clone(), run.clone());
        match reply.status {
            200 | 201 => Ok(named),
            // The run already exists, unless another run of the DAG has its logical date.
            409 => match self.get(airflow, &run).await? {
                Some(_) => Ok(named),
                None => Err(reply.failure(START)),
            },
            _ => Err(reply.failure(START)),
        }
    }

    async fn status(&self, engine: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        match (engine, run) {
            (Engine::Airflow(airflow), RunId::Airflow(_, _, run)) => self.get(airflow, run).await,
            _ => Err(other_engine(GET)),
        }
    }
}

/// The DAG, and the ID of the run in it: the incident's ID without its model, because MWAA's paths are short.
fn dag_and_run<'a>(operation: &'static str, request: &'a RunRequest) -> PortResult<(&'a Airflow, DagRunId)> {
    let Engine::Airflow(airflow) = &request.engine else { return Err(other_engine(operation)) };
    let mut parts = request.display_name.rsplitn(3, '-');
    let (digest, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let run = DagRunId::parse(&format!("{kind}-{digest}"));
    run.map(|run| (airflow, run)).map_err(|error| Failure::permanent(operation, error.to_string()))
}

/// The body of a manual run. Its logical date is the opening of the incident, so that each attempt sends the same.
fn body(run: &DagRunId, request: &RunRequest) -> Document {
    let text = |text: &str| Document::String(text.to_owned());
    let conf = request.parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    // Airflow stores microseconds.
    let since = Timestamp::from_millisecond(request.since.as_millisecond()).unwrap_or(request.since);
    Document::Object(HashMap::from([
        ("dag_run_id".to_owned(), text(run.as_str())),
        ("logical_date".to_owned(), text(&since.to_string())),
        ("conf".to_owned(), Document::Object(conf)),
    ]))
}

/// The status of a run from Airflow's state.
fn status(state: &str) -> RunStatus {
    match state {
        "queued" | "running" | "restarting" => RunStatus::Executing,
        "success" => RunStatus::Succeeded,
        "failed" => RunStatus::Failed,
        other => RunStatus::parse(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airflow_state_maps_to_run_status() {
        assert_eq!(status("queued"), RunStatus::Executing);
        assert_eq!(status("success"), RunStatus::Succeeded);
        assert_eq!(status("failed"), RunStatus::Failed);
        assert!(matches!(status("paused"), RunStatus::Other(_)), "what is not known has not ended");
    }
}
