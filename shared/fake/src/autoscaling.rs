//! Application Auto Scaling.

use std::collections::BTreeMap;

use trimtab_core::name::EndpointName;
use trimtab_core::policy::Autoscaling;
use trimtab_core::port::{PortResult, Scaling};

use crate::services::Services;

/// The limits of the endpoints.
#[derive(Debug, Default)]
pub struct State {
    /// The last scaling policy, by endpoint.
    pub policies: BTreeMap<String, Autoscaling>,
    /// The names of the scheduled actions, by endpoint.
    pub scheduled: BTreeMap<String, Vec<String>>,
}

impl Scaling for Services {
    async fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        self.effect("scaling.scale", endpoint.as_str(), || {
            self.autoscaling().policies.insert(endpoint.to_string(), limits.clone());
        })
    }

    async fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        self.effect("scaling.schedule", endpoint.as_str(), || {
            let names = limits.schedule.iter().map(|one| one.name.clone()).collect();
            self.autoscaling().scheduled.insert(endpoint.to_string(), names);
        })
    }
}
