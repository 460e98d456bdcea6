//! Training runs, on any engine.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::RunStatus;
use crate::failure::Failure;
use crate::name::RunId;
use crate::policy::Engine;

/// A training run to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// What trains.
    #[serde(flatten)]
    pub engine: Engine,
    /// The incident's id, by which the run is found again.
    pub display_name: String,
    /// A token for engines that take one, 32 to 128 characters, made of the incident.
    pub token: String,
    /// The parameters of the run, by the names of its engine.
    pub parameters: BTreeMap<String, String>,
    /// When the incident was opened: no run of it is older.
    pub since: Timestamp,
}

/// The engines that train.
pub trait Runs {
    /// The run that carries this request's name, running or ended.
    fn find(&self, request: &RunRequest) -> impl Future<Output = PortResult<Option<RunId>>> + Send;
    /// Starts it.
    fn start(&self, request: &RunRequest) -> impl Future<Output = PortResult<RunId>> + Send;
    /// What its engine says of it; `None` where it knows none.
    fn status(&self, engine: &Engine, run: &RunId) -> impl Future<Output = PortResult<Option<RunStatus>>> + Send;
}

/// The refusal of an adapter that receives another engine's run: a defect of the dispatch.
#[must_use]
pub fn other_engine(operation: &'static str) -> Failure {
    Failure::permanent(operation, "this is another engine's run")
}
