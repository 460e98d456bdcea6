//! The SageMaker resource that `guard` inspects and stops.

use trimtab_core::event::Resource;
use trimtab_core::port::{Activity, ObservedResource, PortResult, Resources, StopOutcome};

use crate::services::Services;

/// One resource, whatever its name.
#[derive(Debug, Default)]
pub struct State {
    /// The resource; `None` if there is none.
    pub resource: Option<ObservedResource>,
    /// Whether the resource ends before it can be stopped.
    pub ends_first: bool,
    /// The number of applied stops.
    pub stops: u32,
}

impl State {
    /// Changes the resource, if there is one.
    pub fn change(&mut self, change: impl FnOnce(&mut ObservedResource)) {
        self.resource.as_mut().map(change);
    }
}

impl Resources for Services {
    async fn describe(&self, resource: &Resource) -> PortResult<Option<ObservedResource>> {
        self.query("resources.describe", resource.name.as_str(), || self.resources().resource.clone())
    }

    async fn stop(&self, resource: &Resource) -> PortResult<StopOutcome> {
        self.effect("resources.stop", resource.name.as_str(), || {
            let mut state = self.resources();
            if state.ends_first {
                return StopOutcome::AlreadyEnded;
            }
            state.stops += 1;
            state.change(|resource| resource.activity = Activity::Stopped);
            StopOutcome::Stopped
        })
    }
}
