//! Reads from AWS what a decision needs. Observing has no effects.

use trimtab_core::event::{BuildStatus, CodePipelineExecution, Event};
use trimtab_core::name::{BranchName, CommitId, ImageTag, PullRequestId};
use trimtab_core::policy::{Integrate, Policy};
use trimtab_core::port::{
    BuildPipelines, Builds, Images, Ledger, ObservedBuild, ObservedPullRequest, PortResult, PullRequests, Repositories,
};

use crate::build::BuildRef;
use crate::builders::{self, codepipeline};
use crate::fact::CommitRequest;
use crate::image;
use crate::incoming::{Aggregate, Incoming};
use crate::observation::{
    Head, MergedPullRequest, Observed, ObservedCommit, ObservedProgress, ObservedProposal, ObservedTag, Snapshot,
};
use crate::reaction::Reaction;
use crate::recorded::Recorded;
use crate::state::{BuildPhase, CommitBuild, PullRequestBuild, State};

impl<R, P, B, C, I, D, U, L> Reaction<R, P, B, C, I, D, U, L>
where
    R: Repositories,
    P: PullRequests,
    B: Builds,
    C: BuildPipelines,
    I: Images,
    L: Ledger,
{
    pub(crate) async fn observed(
        &self,
        event: &Event,
        policy: &Policy,
        integrate: &Integrate,
        state: &State,
    ) -> PortResult<Observed> {
        Ok(match Incoming::of(event) {
            Incoming::Push(push) => Observed::Commit(self.branch_head(integrate, push.branch.as_ref()).await?),
            Incoming::BranchDeleted(reference) => {
                Observed::Branch(self.head(integrate, reference.branch.as_ref()).await?)
            }
            Incoming::CommitBuild(completion) => {
                Observed::Commit(self.commit_build(integrate, completion.build).await?)
            }
            Incoming::CommitRequested(request) => {
                Observed::Commit(self.requested_commit(integrate, &request, state).await?)
            }
            Incoming::PullRequestChanged(event) => {
                Observed::PullRequest(self.proposal(integrate, &event.id, None).await?)
            }
            Incoming::PullRequestBuild(completion, id) => {
                Observed::PullRequest(self.proposal(integrate, &id, Some(&completion.build)).await?)
            }
            Incoming::ProposalRequested(proposal) => {
                Observed::PullRequest(self.proposal(integrate, &proposal.pull_request, running_build(state)).await?)
            }
            Incoming::PullRequestMerged(event) => Observed::Merge(self.pulls.pull_request(&event.id).await?),
            Incoming::Execution(event) => Observed::Execution(self.execution(integrate, event).await?),
            Incoming::ImagePushed(pushed) => {
                self.tagged(integrate, pushed.tag.as_ref().filter(|_| pushed.pushed)).await?
            }
            Incoming::ImageRequested(requested) => {
                self.tagged(integrate, requested.as_ref().map(|requested| &requested.tag)).await?
            }
            Incoming::Reconcile => Observed::Snapshot(self.snapshot(policy, integrate, state).await?),
            Incoming::MalformedRequest | Incoming::Unrelated => Observed::Nothing,
        })
    }

    async fn build(&self, integrate: &Integrate, build: &BuildRef) -> PortResult<Option<ObservedBuild>> {
        builders::describe(&self.builds, &self.pipelines, integrate, build).await
    }

    async fn execution(
        &self,
        integrate: &Integrate,
        event: &CodePipelineExecution,
    ) -> PortResult<Option<ObservedBuild>> {
        match codepipeline::completion(event) {
            Some(completion) => self.build(integrate, &completion.build).await,
            None => Ok(None),
        }
    }

    /// The head of a branch; `None` also if the policy does not have the branch.
    async fn head(&self, integrate: &Integrate, branch: Option<&BranchName>) -> PortResult<Option<CommitId>> {
        match branch.filter(|branch| integrate.branches.contains(branch)) {
            Some(branch) => self.repositories.head(&integrate.repository, branch).await,
            None => Ok(None),
        }
    }

    async fn branch_head(&self, integrate: &Integrate, branch: Option<&BranchName>) -> PortResult<ObservedCommit> {
        let head = self.head(integrate, branch).await?;
        Ok(ObservedCommit { progress: ObservedProgress::Head(head), merged: None })
    }

    /// A build, and the heads that may define the training pipeline if it succeeded.
    async fn commit_build(&self, integrate: &Integrate, id: BuildRef) -> PortResult<ObservedCommit> {
        let build = self.build(integrate, &id).await?;
        let mut heads = Vec::new();
        let succeeded = build.as_ref().is_some_and(|build| build.status == BuildStatus::Succeeded);
        if integrate.definition.is_some() && succeeded {
            for branch in &integrate.branches {
                heads.extend(self.repositories.head(&integrate.repository, branch).await?);
            }
        }
        Ok(ObservedCommit { progress: ObservedProgress::Build { id, build, heads }, merged: None })
    }

    /// A requested commit: its build if there is one to read, otherwise its branch; and its merged pull request.
    async fn requested_commit(
        &self,
        integrate: &Integrate,
        request: &CommitRequest,
        state: &State,
    ) -> PortResult<ObservedCommit> {
        let observed = match (&request.execution, state) {
            (Some(execution), _) => self.commit_build(integrate, BuildRef::Codepipeline(execution.clone())).await?,
            (
                None,
                State::CommitBuild(CommitBuild {
                    phase: BuildPhase::Running { build, .. } | BuildPhase::UpdatingPipeline { build },
                    ..
                }),
            ) => self.commit_build(integrate, build.clone()).await?,
            _ => self.branch_head(integrate, request.branch.as_ref()).await?,
        };
        let merged = match &request.merged {
            Some(pull_request) => self.pulls.pull_request(pull_request).await?,
            None => None,
        };
        Ok(ObservedCommit { merged, ..observed })
    }

    async fn proposal(
        &self,
        integrate: &Integrate,
        pull_request: &PullRequestId,
        build: Option<&BuildRef>,
    ) -> PortResult<ObservedProposal> {
        let build = match build {
            Some(build) => self.build(integrate, build).await?,
            None => None,
        };
        Ok(ObservedProposal { pull_request: self.pulls.pull_request(pull_request).await?, build })
    }

    /// The image under a tag; `None` also if the policy does not have the tag.
    async fn tagged(&self, integrate: &Integrate, tag: Option<&ImageTag>) -> PortResult<Observed> {
        let configured = integrate.image.as_ref().zip(tag).filter(|(image, tag)| image.tags.contains(*tag));
        Ok(Observed::Image(match configured {
            Some((image, tag)) => self.images.tagged(&image.repository, tag).await?,
            None => None,
        }))
    }

    async fn snapshot(&self, policy: &Policy, integrate: &Integrate, state: &State) -> PortResult<Snapshot> {
        let recorded = Recorded { ledger: &self.ledger, model: &policy.model };
        let mut heads = self.branches(integrate, &recorded).await?;
        let mut merged = Vec::new();
        if integrate.pull_requests.is_some() {
            let open = self.open_pull_requests(integrate, &recorded).await?;
            let closed = no_longer_open(state, integrate, &open);
            heads.extend(open);
            merged = self.merged(integrate, &recorded, closed).await?;
        }
        Ok(Snapshot { heads, merged, tags: self.tags(integrate, &recorded).await? })
    }

    async fn branches(&self, integrate: &Integrate, recorded: &Recorded<'_, L>) -> PortResult<Vec<Head>> {
        let mut heads = Vec::new();
        for branch in &integrate.branches {
            let commit = self.repositories.head(&integrate.repository, branch).await?;
            let build = recorded.build(&Aggregate::CommitBuild(commit.clone())).await?;
            heads.push(Head { branch: branch.clone(), pull_request: None, commit, build });
        }
        Ok(heads)
    }

    /// The open pull requests into the configured branches.
    async fn open_pull_requests(&self, integrate: &Integrate, recorded: &Recorded<'_, L>) -> PortResult<Vec<Head>> {
        let mut heads = Vec::new();
        for id in self.pulls.open(&integrate.repository).await? {
            let Some(observed) = self.pulls.pull_request(&id).await?.filter(|observed| observed.open) else {
                continue;
            };
            let ObservedPullRequest { source: commit, destination, .. } = observed;
            let Some(branch) = destination.filter(|branch| integrate.branches.contains(branch)) else { continue };
            let build = recorded.build(&Aggregate::PullRequestBuild(id.clone(), commit.clone())).await?;
            heads.push(Head { branch, pull_request: Some(id), commit, build });
        }
        Ok(heads)
    }

    /// The merged ones of these pull requests that their merge commit's build does not have.
    async fn merged(
        &self,
        integrate: &Integrate,
        recorded: &Recorded<'_, L>,
        closed: Vec<PullRequestId>,
    ) -> PortResult<Vec<MergedPullRequest>> {
        let mut merged = Vec::new();
        for pull_request in closed {
            let Some(observed) = self.pulls.pull_request(&pull_request).await? else { continue };
            let destination = observed.destination.filter(|branch| integrate.branches.contains(branch));
            let (Some(branch), Some(commit)) = (destination, observed.merged) else { continue };
            if !recorded.has_merge(&commit, &pull_request).await? {
                merged.push(MergedPullRequest { pull_request, branch, commit });
            }
        }
        Ok(merged)
    }

    async fn tags(&self, integrate: &Integrate, recorded: &Recorded<'_, L>) -> PortResult<Vec<ObservedTag>> {
        let Some(configured) = &integrate.image else { return Ok(Vec::new()) };
        let current = recorded.image().await?;
        let mut tags = Vec::new();
        for tag in &configured.tags {
            let uri = self.images.tagged(&configured.repository, tag).await?;
            tags.push(image::observed_tag(tag, uri.as_ref(), current.as_ref()));
        }
        Ok(tags)
    }
}

/// The build of a pull request that may have ended.
fn running_build(state: &State) -> Option<&BuildRef> {
    match state {
        State::PullRequestBuild(PullRequestBuild::Running { build }) => Some(build),
        _ => None,
    }
}

/// The pull requests that were open at the last reconcile, and are not any more.
fn no_longer_open(state: &State, integrate: &Integrate, open: &[Head]) -> Vec<PullRequestId> {
    let State::BranchSnapshot(snapshot) = state else { return Vec::new() };
    if !snapshot.is_of(integrate) {
        return Vec::new();
    }
    let is_open = |id: &&PullRequestId| open.iter().any(|head| head.pull_request.as_ref() == Some(*id));
    snapshot.pull_requests.iter().filter(|id| !is_open(id)).cloned().collect()
}
