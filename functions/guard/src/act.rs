//! Asks SageMaker what is so, and stops what is to be stopped.

use trimtab_core::event::{Body, Event};
use trimtab_core::policy::Policy;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Halted, ObservedResource, Resources};
use trimtab_core::reactor::Act;

use crate::decide::{Action, Guard};
use crate::finding::State;

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
        // An ARN has the name in small letters; the finding has it as it was given.
        let known = state.finding.as_ref().map(|finding| &finding.resource);
        match known.or(call.resource.as_ref()) {
            Some(resource) => self.resources.describe(resource).await,
            None => Ok(None),
        }
    }

    async fn act(&self, action: &Action) -> PortResult<Halted> {
        self.resources.stop(action.resource()).await
    }
}
