//! Observation and execution. Each call looks for the entity or association first, so that none is created twice.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::RunArn;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Entity, Lineage as Port, LineageProgress, PortResult};
use trimtab_core::reactor::Act;

use crate::action::Action;
use crate::decide::Lineage;
use crate::fact;
use crate::graph::Link;
use crate::state::State;

/// `lineage` over its port.
#[derive(Debug)]
pub struct Reaction<L> {
    /// SageMaker ML Lineage Tracking.
    pub lineage: L,
}

impl<L: Port + Send + Sync> Act for Reaction<L> {
    type Decide = Lineage;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Option<RunArn>> {
        if policy.is_none_or(|policy| policy.lineage.is_none()) || state.written.is_some() {
            return Ok(None);
        }
        let Body::Fact(fact) = &event.body else { return Ok(None) };
        match fact::package(fact) {
            Some(package) => self.lineage.origin(&package).await,
            None => Ok(None),
        }
    }

    async fn act(&self, action: &Action) -> PortResult<()> {
        match action {
            Action::CreateAction(entity) => self.create_or_update(entity).await,
            Action::AddAssociation(link) => self.link(link).await,
        }
    }
}

impl<L: Port + Send + Sync> Reaction<L> {
    async fn create_or_update(&self, entity: &Entity) -> PortResult<()> {
        let Some(known) = self.lineage.find(entity).await? else {
            return self.lineage.create(entity).await.map(drop);
        };
        match entity.progress {
            // Facts arrive in any order: a start that arrives after the end must not reopen the action.
            Some(LineageProgress::InProgress) | None => Ok(()),
            Some(progress) if known.progress.as_deref() == Some(progress.as_str()) => Ok(()),
            Some(progress) => self.lineage.set_progress(&entity.name, progress).await,
        }
    }

    async fn link(&self, link: &Link) -> PortResult<()> {
        let (from, to) = (self.arn(&link.from).await?, self.arn(&link.to).await?);
        if self.lineage.is_linked(&from, &to).await? {
            return Ok(());
        }
        self.lineage.link(&from, &to, link.kind).await
    }

    async fn arn(&self, entity: &Entity) -> PortResult<String> {
        match self.lineage.find(entity).await? {
            Some(known) => Ok(known.arn),
            None => self.lineage.create(entity).await,
        }
    }
}
