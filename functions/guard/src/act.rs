//! Observation and execution.

use trimtab_core::event::{Body, Event};
use trimtab_core::policy::Policy;
use trimtab_core::port::{ObservedResource, PortResult, Resources, StopOutcome};
use trimtab_core::reactor::Act;

use crate::action::Action;
use crate::decide::Guard;
use crate::state::State;

/// `guard` over its port.
#[derive(Debug)]
pub struct Reaction<R> {
    /// SageMaker's resources.
    pub resources: R,
}

impl<R: Resources + Send + Sync> Act for Reaction<R> {
    type Decide = Guard;

    async fn observe(&self, event: &Event, _: Option<&Policy>, state: &State) -> PortResult<Option<ObservedResource>> {
        let Body::ApiCall(call) = &event.body else { return Ok(None) };
        // ARNs have names in lower case, and SageMaker's calls are case-sensitive: the finding has the name as it was
        // created.
        let known = state.finding.as_ref().map(|finding| &finding.resource);
        match known.or(call.resource.as_ref()) {
            Some(resource) => self.resources.describe(resource).await,
            None => Ok(None),
        }
    }

    async fn act(&self, action: &Action) -> PortResult<StopOutcome> {
        self.resources.stop(action.resource()).await
    }
}
