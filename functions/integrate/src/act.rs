//! Asks AWS what is true, starts the build and asks for training.

use trimtab_core::event::{Body, BuildStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, CommitId, ImageTag, PipelineBuildId, PullRequestId};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::Images;
use trimtab_core::port::{AggregateId, Bus, Ledger, PortResult};
use trimtab_core::port::{BuildPipelines, ObservedPipelineBuild};
use trimtab_core::port::{Builds, ObservedBuild, PullRequests, Repositories};
use trimtab_core::port::{DefinitionRequest, Definitions};
use trimtab_core::reactor::Act;

use crate::branch_snapshot::Watching;
use crate::build::{Built, Head, Merged, Snapshot, Standing, State, Tagged, build_of};
use crate::decide::{Action, Done, Integrate, Observed};
use crate::reconcile::Wanted;
use crate::{codepipeline_build, definition, image, pull_request_build, reconcile};

/// `integrate` over its ports.
#[derive(Debug)]
pub struct Reaction<R, P, B, C, I, D, U, L> {
    /// CodeCommit.
    pub repositories: R,
    /// CodeCommit's pull requests.
    pub pulls: P,
    /// CodeBuild.
    pub builds: B,
    /// CodePipeline, as a builder.
    pub pipelines: C,
    /// ECR.
    pub images: I,
    /// SageMaker's pipelines.
    pub definitions: D,
    /// The suite's bus, on which training is asked for.
    pub bus: U,
    /// The ledger, in which each commit's build is an aggregate of its own.
    pub ledger: L,
}

impl<R, P, B, C, I, D, U, L> Reaction<R, P, B, C, I, D, U, L>
where
    R: Repositories,
    P: PullRequests,
    B: Builds,
    C: BuildPipelines,
    I: Images,
    D: Definitions,
    L: Ledger,
{
    /// What the builder says of a build.
    async fn actual(&self, rules: &Rules, built: &Built) -> PortResult<Option<ObservedBuild>> {
        match built {
            Built::Project(build) => self.builds.describe(build).await,
            Built::Pipeline(execution) => Ok(self.execution(rules, execution).await?.map(codepipeline_build::as_build)),
        }
    }

    async fn execution(&self, rules: &Rules, execution: &PipelineBuildId) -> PortResult<Option<ObservedPipelineBuild>> {
        match &rules.codepipeline {
            Some(delivery) => self.pipelines.describe(&delivery.name, &delivery.variable, execution).await,
            None => Ok(None),
        }
    }

    /// What a tag points at, if the policy watches it.
    async fn tagged(&self, rules: &Rules, tag: Option<&ImageTag>) -> PortResult<Observed> {
        let watched = rules.image.as_ref().zip(tag).filter(|(image, tag)| image.tags.contains(*tag));
        Ok(Observed::Image(match watched {
            Some((image, tag)) => self.images.tagged(&image.repository, tag).await?,
            None => None,
        }))
    }

    /// The tags of the training image, and whether what they point at has had its answer.
    async fn tags(&self, policy: &Policy, rules: &Rules) -> PortResult<Vec<Tagged>> {
        let Some(image) = &rules.image else { return Ok(Vec::new()) };
        let state = self.state(policy, image::AGGREGATE.to_owned()).await?;
        let mut tags = Vec::new();
        for tag in &image.tags {
            let uri = self.images.tagged(&image.repository, tag).await?;
            let digest = uri.and_then(|uri| trimtab_core::name::ImageDigest::parse(uri.digest()).ok());
            let answered = match &state {
                Some(State::Image { observed, told: true, .. }) => observed.get(tag) == digest.as_ref(),
                _ => false,
            };
            tags.push(Tagged { tag: tag.clone(), digest, answered });
        }
        Ok(tags)
    }

    /// The head of a branch, if the policy watches it.
    async fn head(&self, rules: &Rules, branch: &BranchName) -> PortResult<Observed> {
        if !rules.branches.contains(branch) {
            return Ok(Observed::Head(None));
        }
        self.repositories.head(&rules.repository, branch).await.map(Observed::Head)
    }

    /// A build; and where the policy names a definition, the heads that may bring it.
    async fn built(&self, rules: &Rules, build: Option<ObservedBuild>) -> PortResult<Observed> {
        let mut heads = Vec::new();
        if rules.definition.is_some() && build.as_ref().is_some_and(|build| build.status == BuildStatus::Succeeded) {
            for branch in &rules.branches {
                heads.extend(self.repositories.head(&rules.repository, branch).await?);
            }
        }
        Ok(Observed::Build(build, heads))
    }

    /// Looks which commit's definition the pipeline has, before it gives it another.
    async fn define(&self, request: &DefinitionRequest) -> PortResult<()> {
        let there = self.definitions.describe(&request.pipeline).await?;
        if there.as_ref().is_some_and(|there| there.commit.as_ref() == Some(&request.commit)) {
            return Ok(());
        }
        if there.is_none() && request.role.is_none() {
            let cause =
                format!("there is no pipeline {}, and no integrate.pipeline_role to make it with", request.pipeline);
            return Err(Failure::permanent("sagemaker:CreatePipeline", cause));
        }
        let content = self.repositories.file(&request.repository, &request.commit, &request.path).await?;
        let text = definition::text(request, content)?;
        match there {
            Some(_) => self.definitions.update(request, &text).await,
            None => self.definitions.create(request, &text).await,
        }
    }

    /// What is asked for, and its build where one was started.
    async fn asked(&self, rules: &Rules, wanted: &Wanted, state: &State) -> PortResult<Observed> {
        let on = match (&wanted.execution, state) {
            (Some(execution), _) => Some(Built::Pipeline(execution.clone())),
            (None, State::Started { build, .. } | State::Asking { build, .. }) => Some(build.clone()),
            _ => None,
        };
        let build = match &on {
            Some(build) => self.actual(rules, build).await?,
            None => None,
        };
        let observed = match (&wanted.pull, &wanted.branch) {
            (Some(pull), _) => return Ok(Observed::Review(self.pulls.pull_request(pull).await?, build)),
            _ if on.is_some() => self.built(rules, build).await?,
            (_, Some(branch)) => self.head(rules, branch).await?,
            _ => Observed::Nothing,
        };
        Ok(match &wanted.merged {
            Some(pull) => Observed::Merged(self.pulls.pull_request(pull).await?, Box::new(observed)),
            None => observed,
        })
    }

    /// What there is to see, now that so much is known.
    async fn looked(&self, policy: &Policy, rules: &Rules, state: &State) -> PortResult<Snapshot> {
        let mut heads = self.heads(policy, rules).await?;
        let mut merged = Vec::new();
        if rules.pull_requests.is_some() {
            let open = self.proposed(policy, rules).await?;
            let mut observed = Watching::of(state, rules).map(|known| known.pulls.clone()).unwrap_or_default();
            observed.retain(|pull| !open.iter().any(|head| head.pull.as_ref() == Some(pull)));
            heads.extend(open);
            merged = self.merged(policy, rules, observed).await?;
        }
        Ok(Snapshot { heads, merged, tags: self.tags(policy, rules).await? })
    }

    /// The watched branches' heads, and how far their builds are.
    async fn heads(&self, policy: &Policy, rules: &Rules) -> PortResult<Vec<Head>> {
        let mut heads = Vec::new();
        for branch in &rules.branches {
            let commit = self.repositories.head(&rules.repository, branch).await?;
            let build = self.standing(policy, build_of(commit.as_ref())).await?;
            heads.push(Head { branch: branch.clone(), pull: None, commit, build });
        }
        Ok(heads)
    }

    /// What is proposed for the watched branches, and how far its builds are.
    async fn proposed(&self, policy: &Policy, rules: &Rules) -> PortResult<Vec<Head>> {
        let mut heads = Vec::new();
        for pull in self.pulls.open(&rules.repository).await? {
            let actual = self.pulls.pull_request(&pull).await?.filter(|actual| actual.open);
            let watched = |branch: &BranchName| rules.branches.contains(branch);
            let Some((branch, commit)) =
                actual.and_then(|actual| Some((actual.destination.filter(watched)?, actual.source)))
            else {
                continue;
            };
            let build = self.standing(policy, pull_request_build::aggregate(&pull, commit.as_ref())).await?;
            heads.push(Head { branch, pull: Some(pull), commit, build });
        }
        Ok(heads)
    }

    /// Those of the pull requests that were merged, where the merge's build does not know of them.
    async fn merged(
        &self,
        policy: &Policy,
        rules: &Rules,
        pulls: impl IntoIterator<Item = PullRequestId> + Send,
    ) -> PortResult<Vec<Merged>> {
        let mut merged = Vec::new();
        for pull in pulls {
            let actual = self.pulls.pull_request(&pull).await?;
            let watched = |branch: &BranchName| rules.branches.contains(branch);
            let Some((branch, commit)) =
                actual.and_then(|actual| Some((actual.destination.filter(watched)?, actual.merged?)))
            else {
                continue;
            };
            if !self.is_known(policy, &pull, &commit).await? {
                merged.push(Merged { pull, branch, commit });
            }
        }
        Ok(merged)
    }

    /// Whether the commit's build knows that this pull request waits to read of it.
    async fn is_known(&self, policy: &Policy, pull: &PullRequestId, commit: &CommitId) -> PortResult<bool> {
        let state = self.state(policy, build_of(Some(commit))).await?;
        let merge = state.and_then(|mut state| state.take_merge());
        Ok(merge.is_some_and(|merge| merge.pull == *pull))
    }

    async fn state(&self, policy: &Policy, name: String) -> PortResult<Option<State>> {
        let id = AggregateId { owner: policy.model.to_string(), name };
        let state = self.ledger.load(&id).await?.state.map(serde_json::from_value).transpose();
        state.map_err(|error| Failure::transient("ledger:read", error.to_string()))
    }

    async fn standing(&self, policy: &Policy, name: String) -> PortResult<Standing> {
        Ok(match self.state(policy, name).await? {
            None | Some(State::Unknown) => Standing::Unknown,
            // A pull request waits to read of it.
            Some(State::Succeeded { merged: Some(merge) } | State::Failed { merged: Some(merge) }) if !merge.told => {
                Standing::Open
            }
            Some(State::Succeeded { .. } | State::Failed { .. } | State::Reviewed | State::Closed) => Standing::Done,
            Some(_) => Standing::Open,
        })
    }
}

impl<R, P, B, C, I, D, U, L> Act for Reaction<R, P, B, C, I, D, U, L>
where
    R: Repositories + Send + Sync,
    P: PullRequests + Send + Sync,
    B: Builds + Send + Sync,
    C: BuildPipelines + Send + Sync,
    I: Images + Send + Sync,
    D: Definitions + Send + Sync,
    U: Bus + Send + Sync,
    L: Ledger + Send + Sync,
{
    type Decide = Integrate;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let Some(policy) = policy else { return Ok(Observed::Nothing) };
        let Some(rules) = &policy.integrate else { return Ok(Observed::Nothing) };
        Ok(match (&event.body, state) {
            (Body::PullRequest(pull), _) => Observed::Review(self.pulls.pull_request(&pull.id).await?, None),
            (Body::Build(build), _) => {
                let actual = self.builds.describe(&build.id).await?;
                match pull_request_build::of(&build.variables) {
                    Some(pull) => Observed::Review(self.pulls.pull_request(&pull).await?, actual),
                    None => self.built(rules, actual).await?,
                }
            }
            (Body::CodePipelineExecution(delivery), _) => match PipelineBuildId::parse(&delivery.execution) {
                Ok(execution) => Observed::Execution(self.execution(rules, &execution).await?),
                Err(_) => Observed::Execution(None),
            },
            (Body::Image(image), _) => self.tagged(rules, image.tag.as_ref().filter(|_| image.pushed)).await?,
            (Body::Fact(fact), _) if fact.kind == FactKind::ImageRequested => {
                self.tagged(rules, image::requested(fact).map(|(tag, _)| tag).as_ref()).await?
            }
            (Body::Fact(_), _) if event.is_reconcile_request() => {
                Observed::Snapshot(self.looked(policy, rules, state).await?)
            }
            (Body::Fact(fact), _) => match reconcile::requested(fact) {
                Some(wanted) => self.asked(rules, &wanted, state).await?,
                None => Observed::Nothing,
            },
            (Body::Reference(push), _) => match &push.branch {
                Some(branch) => self.head(rules, branch).await?,
                None => Observed::Head(None),
            },
            _ => Observed::Nothing,
        })
    }

    /// Looks for the build before starting one: CodeBuild forgets a token after five minutes, and
    /// CodePipeline's is not to be relied upon.
    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::StartBuild { request, .. } => match self.builds.find(request).await? {
                Some(build) => Ok(Done::Build(Built::Project(build))),
                None => self.builds.start(request).await.map(|build| Done::Build(Built::Project(build))),
            },
            Action::StartPipelineExecution { request, .. } => match self.pipelines.find(request).await? {
                Some(execution) => Ok(Done::Build(Built::Pipeline(execution))),
                None => self.pipelines.start(request).await.map(|id| Done::Build(Built::Pipeline(id))),
            },
            Action::UpdatePipeline { request, .. } => self.define(request).await.map(|()| Done::Said),
            Action::PostCommentForPullRequest { request, .. } => self.pulls.comment(request).await.map(|()| Done::Said),
            Action::PutEvents { fact, .. } => self.bus.publish(fact).await.map(|()| Done::Said),
        }
    }
}
