//! Looks for each entity and each association before it makes it.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::RunArn;
use trimtab_core::policy::Policy;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Entity, Lineage as Port, LineageProgress};
use trimtab_core::reactor::Act;

use crate::decide::{Action, Lineage, State};
use crate::graph::{self, Link};

/// `lineage` over its port.
#[derive(Debug)]
pub struct Reaction<L> {
    /// SageMaker ML Lineage Tracking.
    pub lineage: L,
}

impl<L: Port + Send + Sync> Act for Reaction<L> {
    type Decide = Lineage;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Option<RunArn>> {
        let asked = policy.is_some_and(|policy| policy.lineage.is_some()) && state.written.is_none();
        match &event.body {
            Body::Fact(fact) if asked => match graph::package(fact) {
                Some(package) => self.lineage.origin(&package).await,
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    async fn act(&self, action: &Action) -> PortResult<()> {
        match action {
            Action::CreateAction { entity, .. } => self.stands(entity).await,
            Action::AddAssociation { link, .. } => self.link(link).await,
        }
    }
}

impl<L: Port + Send + Sync> Reaction<L> {
    /// The action is there, and stands as the entity says: a beginning that is heard of after the end
    /// changes nothing.
    async fn stands(&self, entity: &Entity) -> PortResult<()> {
        let Some(known) = self.lineage.find(entity).await? else {
            return self.lineage.create(entity).await.map(drop);
        };
        match entity.progress {
            Some(progress)
                if progress != LineageProgress::InProgress && known.progress.as_deref() != Some(progress.as_str()) =>
            {
                self.lineage.set_progress(&entity.name, progress).await
            }
            _ => Ok(()),
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
