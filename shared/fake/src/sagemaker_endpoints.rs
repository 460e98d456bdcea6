//! SageMaker endpoints, their configurations and models.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::EndpointStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::port::{
    EndpointRequest, Endpoints, ModelRequest, ObservedEndpoint, PortResult, Served, ServingRequest, UpdateAccepted,
};

use crate::services::Services;

/// The configuration of an update that is not Trimtab's.
pub const FOREIGN_CONFIG: &str = "theirs-v0-0";

/// The endpoints, and the requests for them.
#[derive(Debug, Default)]
pub struct State {
    /// By name.
    pub endpoints: BTreeMap<String, ObservedEndpoint>,
    /// What an endpoint serves, by its name, as `monitor` and `evaluate` observe it.
    pub serving: BTreeMap<String, Served>,
    /// The created models, in order.
    pub models: Vec<ModelRequest>,
    /// The created configurations, in order.
    pub configs: Vec<ServingRequest>,
    /// The accepted creations and updates, in order.
    pub updates: Vec<EndpointRequest>,
    /// The names of the deleted endpoints, in order.
    pub deleted: Vec<String>,
    /// What happens to the next update that an endpoint could accept.
    pub next_update: Option<NextUpdate>,
    /// `LastModifiedTime` of what changes from now on.
    pub now: Option<Timestamp>,
}

/// A fault of the next update that an endpoint could accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextUpdate {
    /// Another update began a moment before.
    Busy,
    /// SageMaker refuses the update.
    Refused,
    /// SageMaker accepts the update, and its response is lost.
    Lost,
}

impl State {
    /// Begins to move the endpoint to the requested configuration, as SageMaker does.
    fn move_to(&mut self, creates: bool, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let name = request.endpoint.to_string();
        let existing = self.endpoints.get(&name).cloned();
        let refusal = || Err(Failure::permanent("sagemaker:Endpoint", "ValidationException"));
        if let Some(endpoint) = &existing {
            if endpoint.pending.as_ref() == Some(&request.config) {
                return Ok(UpdateAccepted::Started);
            }
            if endpoint.status.is_moving() {
                return Ok(UpdateAccepted::Busy);
            }
            if endpoint.status == EndpointStatus::Failed {
                return refusal();
            }
        }
        if creates == existing.is_some() {
            return refusal();
        }
        let moving = ObservedEndpoint {
            status: if creates { EndpointStatus::Creating } else { EndpointStatus::Updating },
            config: existing.and_then(|endpoint| endpoint.config),
            pending: Some(request.config.clone()),
            failure: None,
            modified: self.now,
        };
        let fault = self.next_update.take();
        match fault {
            Some(NextUpdate::Busy) => {
                let foreign = ObservedEndpoint { pending: Some(FOREIGN_CONFIG.to_owned()), ..moving };
                self.endpoints.insert(name, foreign);
                return Ok(UpdateAccepted::Busy);
            }
            Some(NextUpdate::Refused) => return refusal(),
            Some(NextUpdate::Lost) | None => {}
        }
        self.endpoints.insert(name, moving);
        self.updates.push(request.clone());
        match fault {
            Some(_) => Err(Failure::transient("sagemaker:Endpoint", "no response in time")),
            None => Ok(UpdateAccepted::Started),
        }
    }
}

impl Endpoints for Services {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        let name = endpoint.as_str();
        self.query("endpoints.describe", name, || self.endpoints().endpoints.get(name).cloned())
    }

    async fn create_model(&self, request: &ModelRequest) -> PortResult<()> {
        self.effect("endpoints.create_model", &request.model, || self.endpoints().models.push(request.clone()))
    }

    async fn create_config(&self, request: &ServingRequest) -> PortResult<()> {
        self.effect("endpoints.create_config", &request.name, || self.endpoints().configs.push(request.clone()))
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.effect("endpoints.create", request.endpoint.as_str(), || self.endpoints().move_to(true, request))?
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.effect("endpoints.update", request.endpoint.as_str(), || self.endpoints().move_to(false, request))?
    }

    /// The endpoint is `Deleting` until the test removes it.
    async fn delete(&self, endpoint: &EndpointName) -> PortResult<()> {
        self.effect("endpoints.delete", endpoint.as_str(), || {
            let mut state = self.endpoints();
            state.deleted.push(endpoint.to_string());
            if let Some(existing) = state.endpoints.get_mut(endpoint.as_str()) {
                existing.status = EndpointStatus::Deleting;
            }
        })
    }
}
