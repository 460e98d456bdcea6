//! Trimtab's own event bus.

use trimtab_core::fact::Fact;
use trimtab_core::port::{Bus, PortResult};

use crate::services::Services;

/// The published facts, in order.
pub(crate) type State = Vec<Fact>;

impl Bus for Services {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        self.query("bus.publish", fact.kind.as_str(), || self.bus().push(fact.clone()))
    }
}

impl Services {
    /// The published facts, in order.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        self.bus().clone()
    }

    /// The facts that were published since the last time, which are forgotten.
    #[must_use]
    pub fn take_facts(&self) -> Vec<Fact> {
        std::mem::take(&mut self.bus())
    }
}
