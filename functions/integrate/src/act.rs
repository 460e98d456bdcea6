//! Asks AWS what is true, starts the build and asks for training.

use trimtab_core::event::{Body, Event};
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::ml::{Builds, Repositories};
use trimtab_core::port::{AggregateId, Answer, Bus, Ledger};
use trimtab_core::react::Act;

use crate::decide::{Action, Done, Head, Integrate, Seen, Standing, State, build_of};
use crate::look;

/// `integrate` over its ports.
#[derive(Debug)]
pub struct Reaction<R, B, U, L> {
    /// CodeCommit.
    pub repositories: R,
    /// CodeBuild.
    pub builds: B,
    /// The suite's bus, on which training is asked for.
    pub bus: U,
    /// The ledger, in which each commit's build is an aggregate of its own.
    pub ledger: L,
}

impl<R: Repositories, B, U, L: Ledger> Reaction<R, B, U, L> {
    /// The head of a branch, if the policy watches it.
    async fn head(&self, rules: &Rules, branch: &BranchName) -> Answer<Seen> {
        if !rules.branches.contains(branch) {
            return Ok(Seen::Head(None));
        }
        self.repositories.head(&rules.repository, branch).await.map(Seen::Head)
    }

    /// The watched branches' heads, and how far their builds are.
    async fn heads(&self, policy: &Policy, rules: &Rules) -> Answer<Vec<Head>> {
        let mut heads = Vec::new();
        for branch in &rules.branches {
            let commit = self.repositories.head(&rules.repository, branch).await?;
            let build = self.standing(policy, commit.as_ref()).await?;
            heads.push(Head { branch: branch.clone(), commit, build });
        }
        Ok(heads)
    }

    async fn standing(&self, policy: &Policy, commit: Option<&CommitId>) -> Answer<Standing> {
        let id = AggregateId { owner: policy.model.to_string(), name: build_of(commit) };
        let state = self.ledger.load(&id).await?.state.map(serde_json::from_value).transpose();
        let state: Option<State> = state.map_err(|error| Failure::retry("ledger:read", error.to_string()))?;
        Ok(match state {
            None | Some(State::Unknown) => Standing::Unknown,
            Some(State::Succeeded | State::Failed) => Standing::Done,
            Some(_) => Standing::Open,
        })
    }
}

impl<R, B, U, L> Act for Reaction<R, B, U, L>
where
    R: Repositories + Send + Sync,
    B: Builds + Send + Sync,
    U: Bus + Send + Sync,
    L: Ledger + Send + Sync,
{
    type Decide = Integrate;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> Answer<Seen> {
        let Some(policy) = policy else { return Ok(Seen::Nothing) };
        let Some(rules) = &policy.integrate else { return Ok(Seen::Nothing) };
        Ok(match (&event.body, state) {
            (Body::Build(build), _) => Seen::Build(self.builds.describe(&build.id).await?),
            (Body::Fact(_), State::Started { build, .. }) => Seen::Build(self.builds.describe(build).await?),
            (Body::Fact(_), _) if event.is_look() => Seen::Heads(self.heads(policy, rules).await?),
            (Body::Fact(fact), _) => match look::requested(fact) {
                Some((branch, _)) => self.head(rules, &branch).await?,
                None => Seen::Nothing,
            },
            (Body::Reference(push), _) => match &push.branch {
                Some(branch) => self.head(rules, branch).await?,
                None => Seen::Head(None),
            },
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
