//! Asks AWS what is true, starts the build and asks for training.

use trimtab_core::event::{Body, BuildStatus, Event};
use trimtab_core::failure::Failure;
use trimtab_core::name::BranchName;
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::definition::{DefinitionRequest, Definitions};
use trimtab_core::port::ml::{BuildTruth, Builds, PullRequests, Repositories};
use trimtab_core::port::{AggregateId, Answer, Bus, Ledger};
use trimtab_core::react::Act;

use crate::build::{Head, Standing, State, build_of};
use crate::decide::{Action, Done, Integrate, Seen};
use crate::look::Request;
use crate::{definition, look, review};

/// `integrate` over its ports.
#[derive(Debug)]
pub struct Reaction<R, P, B, D, U, L> {
    /// CodeCommit.
    pub repositories: R,
    /// CodeCommit's pull requests.
    pub pulls: P,
    /// CodeBuild.
    pub builds: B,
    /// SageMaker's pipelines.
    pub definitions: D,
    /// The suite's bus, on which training is asked for.
    pub bus: U,
    /// The ledger, in which each commit's build is an aggregate of its own.
    pub ledger: L,
}

impl<R: Repositories, P: PullRequests, B: Builds, D: Definitions, U, L: Ledger> Reaction<R, P, B, D, U, L> {
    /// The head of a branch, if the policy watches it.
    async fn head(&self, rules: &Rules, branch: &BranchName) -> Answer<Seen> {
        if !rules.branches.contains(branch) {
            return Ok(Seen::Head(None));
        }
        self.repositories.head(&rules.repository, branch).await.map(Seen::Head)
    }

    /// A build; and where the policy names a definition, the heads that may bring it.
    async fn built(&self, rules: &Rules, build: Option<BuildTruth>) -> Answer<Seen> {
        let mut heads = Vec::new();
        if rules.definition.is_some() && build.as_ref().is_some_and(|build| build.status == BuildStatus::Succeeded) {
            for branch in &rules.branches {
                heads.extend(self.repositories.head(&rules.repository, branch).await?);
            }
        }
        Ok(Seen::Build(build, heads))
    }

    /// Looks which commit's definition the pipeline has, before it gives it another.
    async fn define(&self, request: &DefinitionRequest) -> Answer<()> {
        let there = self.definitions.describe(&request.pipeline).await?;
        if there.as_ref().is_some_and(|there| there.commit.as_ref() == Some(&request.commit)) {
            return Ok(());
        }
        if there.is_none() && request.role.is_none() {
            let cause =
                format!("there is no pipeline {}, and no integrate.pipeline_role to make it with", request.pipeline);
            return Err(Failure::reject("sagemaker:CreatePipeline", cause));
        }
        let content = self.repositories.file(&request.repository, &request.commit, &request.path).await?;
        let text = definition::text(request, content)?;
        match there {
            Some(_) => self.definitions.update(request, &text).await,
            None => self.definitions.create(request, &text).await,
        }
    }

    /// What is asked for, and its build where one was started.
    async fn asked(&self, rules: &Rules, request: &Request, state: &State) -> Answer<Seen> {
        let build = match state {
            State::Started { build, .. } => self.builds.describe(build).await?,
            _ => None,
        };
        Ok(match &request.pull {
            Some(pull) => Seen::Review(self.pulls.pull_request(pull).await?, build),
            None if matches!(state, State::Started { .. }) => self.built(rules, build).await?,
            None => self.head(rules, &request.branch).await?,
        })
    }

    /// The watched branches' heads and what is proposed for them, and how far their builds are.
    async fn heads(&self, policy: &Policy, rules: &Rules) -> Answer<Vec<Head>> {
        let mut heads = Vec::new();
        for branch in &rules.branches {
            let commit = self.repositories.head(&rules.repository, branch).await?;
            let build = self.standing(policy, build_of(commit.as_ref())).await?;
            heads.push(Head { branch: branch.clone(), pull: None, commit, build });
        }
        if rules.pull_requests.is_none() {
            return Ok(heads);
        }
        for pull in self.pulls.open(&rules.repository).await? {
            let truth = self.pulls.pull_request(&pull).await?.filter(|truth| truth.open);
            let watched = |branch: &BranchName| rules.branches.contains(branch);
            let Some((branch, commit)) =
                truth.and_then(|truth| Some((truth.destination.filter(watched)?, truth.source)))
            else {
                continue;
            };
            let build = self.standing(policy, review::aggregate(&pull, commit.as_ref())).await?;
            heads.push(Head { branch, pull: Some(pull), commit, build });
        }
        Ok(heads)
    }

    async fn standing(&self, policy: &Policy, name: String) -> Answer<Standing> {
        let id = AggregateId { owner: policy.model.to_string(), name };
        let state = self.ledger.load(&id).await?.state.map(serde_json::from_value).transpose();
        let state: Option<State> = state.map_err(|error| Failure::retry("ledger:read", error.to_string()))?;
        Ok(match state {
            None | Some(State::Unknown) => Standing::Unknown,
            Some(State::Succeeded | State::Failed | State::Reviewed) => Standing::Done,
            Some(_) => Standing::Open,
        })
    }
}

impl<R, P, B, D, U, L> Act for Reaction<R, P, B, D, U, L>
where
    R: Repositories + Send + Sync,
    P: PullRequests + Send + Sync,
    B: Builds + Send + Sync,
    D: Definitions + Send + Sync,
    U: Bus + Send + Sync,
    L: Ledger + Send + Sync,
{
    type Decide = Integrate;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> Answer<Seen> {
        let Some(policy) = policy else { return Ok(Seen::Nothing) };
        let Some(rules) = &policy.integrate else { return Ok(Seen::Nothing) };
        Ok(match (&event.body, state) {
            (Body::PullRequest(pull), _) => Seen::Review(self.pulls.pull_request(&pull.id).await?, None),
            (Body::Build(build), _) => {
                let truth = self.builds.describe(&build.id).await?;
                match review::of(&build.variables) {
                    Some(pull) => Seen::Review(self.pulls.pull_request(&pull).await?, truth),
                    None => self.built(rules, truth).await?,
                }
            }
            (Body::Fact(_), _) if event.is_look() => Seen::Heads(self.heads(policy, rules).await?),
            (Body::Fact(fact), _) => match look::requested(fact) {
                Some(request) => self.asked(rules, &request, state).await?,
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
            Action::UpdatePipeline { request, .. } => self.define(request).await.map(|()| Done::Said),
            Action::PostCommentForPullRequest { request, .. } => self.pulls.comment(request).await.map(|()| Done::Said),
            Action::PutEvents { fact, .. } => self.bus.publish(fact).await.map(|()| Done::Said),
        }
    }
}
