//! Observation: the models to reconcile.

use trimtab_core::event::Event;
use trimtab_core::name::ModelName;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Ledger, PortResult};
use trimtab_core::reactor::Act;

use crate::decide::{Action, Reconcile};

/// `reconcile` over its port.
#[derive(Debug)]
pub struct Reaction<L> {
    /// The ledger, which lists the models with a `[reconcile]` table.
    pub ledger: L,
}

impl<L: Ledger + Send + Sync> Act for Reaction<L> {
    type Decide = Reconcile;

    async fn observe(&self, _: &Event, _: Option<&Policy>, (): &()) -> PortResult<Vec<ModelName>> {
        self.ledger.reconciled_models().await
    }

    async fn act(&self, action: &Action) -> PortResult<()> {
        match *action {}
    }
}
