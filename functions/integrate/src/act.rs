//! Observes and acts for `integrate`, through its ports.

use trimtab_core::event::Event;
use trimtab_core::failure::Failure;
use trimtab_core::policy::Policy;
use trimtab_core::port::{
    BuildPipelines, Builds, Bus, DefinitionRequest, Definitions, Images, Ledger, PortResult, PullRequests, Repositories,
};
use trimtab_core::reactor::Act;

use crate::action::{Action, Done};
use crate::builders::{codebuild, codepipeline};
use crate::decide::Integrate;
use crate::definition;
use crate::observation::Observed;
use crate::reaction::Reaction;
use crate::state::State;

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
        match policy.and_then(|policy| Some((policy, policy.integrate.as_ref()?))) {
            Some((policy, integrate)) => self.observed(event, policy, integrate, state).await,
            None => Ok(Observed::Nothing),
        }
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::StartBuild { request, .. } => {
                codebuild::find_or_start(&self.builds, request).await.map(Done::Build)
            }
            Action::StartPipelineExecution { request, .. } => {
                codepipeline::find_or_start(&self.pipelines, request).await.map(Done::Build)
            }
            Action::UpdatePipeline { request, .. } => {
                update_pipeline(&self.definitions, &self.repositories, request).await.map(|()| Done::Applied)
            }
            Action::PostCommentForPullRequest { request, .. } => {
                self.pulls.comment(request).await.map(|()| Done::Applied)
            }
            Action::PutEvents { fact, .. } => self.bus.publish(fact).await.map(|()| Done::Applied),
        }
    }
}

/// Gives the pipeline the commit's definition, unless an earlier attempt did; creates it with the policy's role if it
/// does not exist.
async fn update_pipeline(
    definitions: &impl Definitions,
    repositories: &impl Repositories,
    request: &DefinitionRequest,
) -> PortResult<()> {
    let existing = definitions.describe(&request.pipeline).await?;
    if existing.as_ref().is_some_and(|existing| existing.commit.as_ref() == Some(&request.commit)) {
        return Ok(());
    }
    if existing.is_none() && request.role.is_none() {
        let cause = format!("pipeline {} does not exist, and no integrate.pipeline_role is set", request.pipeline);
        return Err(Failure::permanent("sagemaker:CreatePipeline", cause));
    }
    let content = repositories.file(&request.repository, &request.commit, &request.path).await?;
    let text = definition::text(request, content)?;
    match existing {
        Some(_) => definitions.update(request, &text).await,
        None => definitions.create(request, &text).await,
    }
}
