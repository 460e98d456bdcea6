//! SageMaker endpoints, their configurations and models.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::EndpointStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::EndpointName;
use trimtab_core::port::{
    EndpointRequest, Endpoints, ModelRequest, ObservedEndpoint, PortResult, Served, ServingRequest, UpdateAccepted,
};

use crate::journal::UpdateFault;
use crate::services::Services;

/// The configuration of an update that is not Trimtab's.
const FOREIGN_CONFIG: &str = "theirs-v0-0";

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
    /// `LastModifiedTime` of what changes from now on.
    pub now: Option<Timestamp>,
}

/// The end of a transition of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The pending configuration serves.
    Served,
    /// The configuration before it serves.
    RolledBack,
    /// `UpdateRollbackFailed`; without a configuration before it, `Failed`.
    RollbackFailed,
    /// `Failed`.
    Failed,
}

impl State {
    /// Begins to move the endpoint to the requested configuration, as SageMaker does.
    fn move_to(
        &mut self,
        creates: bool,
        request: &EndpointRequest,
        fault: impl FnOnce() -> Option<UpdateFault>,
    ) -> PortResult<UpdateAccepted> {
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
        let fault = fault();
        match fault {
            Some(UpdateFault::Busy) => {
                let foreign = ObservedEndpoint { pending: Some(FOREIGN_CONFIG.to_owned()), ..moving };
                self.endpoints.insert(name, foreign);
                return Ok(UpdateAccepted::Busy);
            }
            Some(UpdateFault::Refused) => return refusal(),
            Some(UpdateFault::Lost) | None => {}
        }
        self.endpoints.insert(name, moving);
        self.updates.push(request.clone());
        match fault {
            Some(_) => Err(Failure::transient("sagemaker:Endpoint", "no response in time")),
            None => Ok(UpdateAccepted::Started),
        }
    }

    /// Ends the transition of the endpoint; false if it is in none.
    pub fn end(&mut self, name: &str, outcome: Outcome) -> bool {
        let Some(endpoint) = self.endpoints.get_mut(name).filter(|endpoint| endpoint.status.is_moving()) else {
            return false;
        };
        if endpoint.status == EndpointStatus::Deleting {
            self.endpoints.remove(name);
            return true;
        }
        let pending = endpoint.pending.take();
        endpoint.modified = self.now;
        endpoint.status = match (outcome, &endpoint.config) {
            (Outcome::Failed, _) | (Outcome::RolledBack | Outcome::RollbackFailed, None) => EndpointStatus::Failed,
            (Outcome::RollbackFailed, Some(_)) => EndpointStatus::UpdateRollbackFailed,
            (Outcome::Served | Outcome::RolledBack, _) => EndpointStatus::InService,
        };
        if outcome == Outcome::Served {
            endpoint.config = pending.or(endpoint.config.take());
        }
        true
    }

    /// Begins an update that is not Trimtab's; false if the endpoint is not in service.
    pub fn update_by_another(&mut self, name: &str) -> bool {
        let in_service = |endpoint: &&mut ObservedEndpoint| endpoint.status == EndpointStatus::InService;
        let Some(endpoint) = self.endpoints.get_mut(name).filter(in_service) else { return false };
        endpoint.status = EndpointStatus::SystemUpdating;
        endpoint.modified = self.now;
        true
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
        let fault = || self.take_update_fault();
        self.effect("endpoints.create", request.endpoint.as_str(), || self.endpoints().move_to(true, request, fault))?
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let fault = || self.take_update_fault();
        self.effect("endpoints.update", request.endpoint.as_str(), || self.endpoints().move_to(false, request, fault))?
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
