//! Asks AWS what is true, starts the build and asks for training.

use trimtab_core::event::{Body, Event};
use trimtab_core::policy::Policy;
use trimtab_core::port::ml::{Builds, Repositories};
use trimtab_core::port::{Answer, Bus};
use trimtab_core::react::Act;

use crate::decide::{Action, Done, Integrate, Seen, State};

/// `integrate` over its ports.
#[derive(Debug)]
pub struct Reaction<R, B, U> {
    /// CodeCommit.
    pub repositories: R,
    /// CodeBuild.
    pub builds: B,
    /// The suite's bus, on which training is asked for.
    pub bus: U,
}

impl<R, B, U> Act for Reaction<R, B, U>
where
    R: Repositories + Send + Sync,
    B: Builds + Send + Sync,
    U: Bus + Send + Sync,
{
    type Decide = Integrate;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, _: &State) -> Answer<Seen> {
        let watched = policy.and_then(|policy| policy.integrate.as_ref()).map(|rules| &rules.branches);
        Ok(match &event.body {
            Body::Reference(push) => match &push.branch {
                Some(branch) if watched.is_some_and(|branches| branches.contains(branch)) => {
                    Seen::Head(self.repositories.head(&push.repository, branch).await?)
                }
                _ => Seen::Head(None),
            },
            Body::Build(build) => Seen::Build(self.builds.describe(&build.id).await?),
            _ => Seen::Nothing,
        })
    }

    /// Looks for the build before starting one: CodeBuild forgets a token after five minutes.
    async fn act(&self, action: &Action) -> Answer<Done> {
        match action {
            Action::StartBuild { request, .. } => match self.builds.find(request).await? {
                Some(build) => Ok(Done::Build(build)),
                None => self.builds.start(request).await.map(Done::Build),
            },
            Action::PutEvents { fact, .. } => self.bus.publish(fact).await.map(|()| Done::Asked),
        }
    }
}
