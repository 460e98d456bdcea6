//! Observes AWS and carries out the calls. The decisions are in the planner.

use trimtab_core::event::{Body, CodePipelineState, Event};
use trimtab_core::fact::Fact;
use trimtab_core::policy::{EndpointTarget, Policy, Stage, Target};
use trimtab_core::port::{
    Alarms, CodePipelines, Endpoints, Invocations, ListedPackage, PortResult, Registry, Scaling, Stacks, StageAccounts,
    Transforms,
};
use trimtab_core::reactor::Act;
use trimtab_core::request::{Request, RollBack};

use crate::action::{Action, Done};
use crate::decide::Deploy;
use crate::observation::Observed;
use crate::rollout::{Progress, Rollout};
use crate::state::State;
use crate::{alarm_data, smoke_test, stage_promotion, verdicts};

/// `deploy` with its ports.
#[derive(Debug)]
pub struct Reaction<R, A, P, F> {
    /// The Model Registry.
    pub registry: R,
    /// The AWS clients of the stages' accounts.
    pub accounts: A,
    /// CodePipeline.
    pub pipelines: P,
    /// CloudFormation.
    pub stacks: F,
}

impl<R, A, P, F> Reaction<R, A, P, F>
where
    R: Registry + Sync,
    A: StageAccounts + Sync,
    P: CodePipelines,
    F: Stacks,
{
    /// The state of the rollout's execution in CodePipeline.
    async fn own_execution(&self, stage: &Stage, state: &State) -> PortResult<Option<CodePipelineState>> {
        match (&stage.target, state.current.as_ref().map(|rollout| &rollout.progress)) {
            (Target::Pipeline(target), Some(Progress::RunningPipeline { execution })) => {
                self.pipelines.state(&target.name, execution).await
            }
            _ => Ok(None),
        }
    }

    /// The packages that a request is about.
    async fn observe_request(
        &self,
        observed: &mut Observed,
        fact: &Fact,
        policy: &Policy,
        state: &State,
    ) -> PortResult<()> {
        let package = match Request::from_fact(fact) {
            Ok(Request::Reconcile) => {
                return self.observe_newest(observed, policy, |listed| verdicts::is_unprocessed(state, listed)).await;
            }
            Ok(Request::RollBack(RollBack { version: Some(version), .. })) => {
                return self.observe_newest(observed, policy, |listed| listed.package.version() == version).await;
            }
            Ok(Request::Promote(promote)) => stage_promotion::promoted_package(&promote, state),
            Ok(Request::Withdraw { package, .. }) => Some(package),
            Ok(Request::ReconcileStage { .. }) => stage_promotion::waiting_offer(state).cloned(),
            Ok(_) | Err(_) => None,
        };
        if let Some(package) = package {
            observed.package = self.registry.package(&package).await?;
        }
        Ok(())
    }

    /// The group's newest versions. `ListModelPackages` may lag behind, so relevant versions are described one by one.
    async fn observe_newest(
        &self,
        observed: &mut Observed,
        policy: &Policy,
        is_relevant: impl Fn(&ListedPackage) -> bool + Send,
    ) -> PortResult<()> {
        observed.newest = self.registry.newest(&policy.package_group).await?;
        for listed in observed.newest.iter_mut().filter(|listed| is_relevant(listed)) {
            if let Some(actual) = self.registry.package(&listed.package).await? {
                listed.actual = actual;
            }
        }
        Ok(())
    }

    /// The stage's target.
    async fn observe_target(&self, observed: &mut Observed, stage: &Stage, state: &State) -> PortResult<()> {
        match &stage.target {
            Target::Endpoint(target) => self.observe_endpoint(observed, stage, target, state).await?,
            Target::Stack(target) => observed.stack = self.stacks.describe(&target.name).await?,
            Target::Transform(_) => {
                // A rollout of another target has no job: the policy's target may have changed since it started.
                let job = state.current.as_ref().and_then(|rollout| rollout.resource.transform_job());
                if let Some(job) = job {
                    let clients = self.accounts.clients_for(stage.account.as_ref()).await?;
                    observed.transform = clients.transforms.find(job).await?;
                }
            }
            Target::Pipeline(_) => {}
        }
        Ok(())
    }

    /// The stage's endpoint, its alarms, and its response to the smoke test if one is due.
    async fn observe_endpoint(
        &self,
        observed: &mut Observed,
        stage: &Stage,
        target: &EndpointTarget,
        state: &State,
    ) -> PortResult<()> {
        let clients = self.accounts.clients_for(stage.account.as_ref()).await?;
        observed.endpoint = clients.endpoints.describe(&target.name).await?;
        let alarms = target.strategy.alarms();
        if !alarms.is_empty() {
            observed.alarms_without_data = alarm_data::without_data(alarms, &clients.alarms.describe(alarms).await?);
        }
        let is_testing = state.current.as_ref().is_some_and(Rollout::is_testing);
        if let Some(test) = target.variant_test.as_ref().filter(|_| is_testing) {
            let alarms = clients.alarms.describe(test.alarms()).await?;
            observed.test_alarms_without_data = alarm_data::without_data(test.alarms(), &alarms);
            observed.test_alarms_firing = alarm_data::firing(alarms);
        }
        if let Some(request) = smoke_test::due(stage, state, observed) {
            observed.smoke_test = Some(clients.invocations.invoke(&target.name, request).await?);
        }
        Ok(())
    }

    /// The packages that are queued, or to which a deferred rollback returns.
    async fn observe_waiting(&self, observed: &mut Observed, state: &State) -> PortResult<()> {
        if let Some(queued) = &state.queued {
            observed.queued = self.registry.package(&queued.package).await?;
        }
        if let Some(good) = state.last_good().filter(|_| state.rollback_pending) {
            observed.last_good = self.registry.package(&good.package).await?;
        }
        Ok(())
    }
}

impl<R, A, P, F> Act for Reaction<R, A, P, F>
where
    R: Registry + Send + Sync,
    A: StageAccounts + Send + Sync,
    P: CodePipelines + Send + Sync,
    F: Stacks + Send + Sync,
{
    type Decide = Deploy;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let deploy = policy.and_then(|policy| policy.deploy.as_ref());
        let stage = deploy.and_then(|deploy| stage_promotion::stage_of(event, deploy));
        // An event about no stage is refused without any observation.
        let (Some(policy), Some(stage)) = (policy, stage) else { return Ok(observed) };
        match &event.body {
            Body::Package(package) => observed.package = self.registry.package(&package.arn).await?,
            Body::CodePipelineExecution(execution) => {
                observed.pipeline = self.pipelines.state(&execution.pipeline, &execution.execution).await?;
            }
            Body::Fact(fact) => self.observe_request(&mut observed, fact, policy, state).await?,
            _ => {}
        }
        if event.is_reconcile_request() {
            observed.pipeline = self.own_execution(stage, state).await?;
        }
        self.observe_waiting(&mut observed, state).await?;
        self.observe_target(&mut observed, stage, state).await?;
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::CreateModel { request } => {
                let clients = self.accounts.clients_for(request.account.as_ref()).await?;
                clients.endpoints.create_model(request).await.map(|()| Done::Accepted)
            }
            Action::CreateEndpointConfig { request } => {
                let clients = self.accounts.clients_for(request.account.as_ref()).await?;
                clients.endpoints.create_config(request).await.map(|()| Done::Accepted)
            }
            Action::CreateEndpoint { request } => {
                let clients = self.accounts.clients_for(request.account.as_ref()).await?;
                clients.endpoints.create(request).await.map(Done::Endpoint)
            }
            Action::UpdateEndpoint { request } => {
                let clients = self.accounts.clients_for(request.account.as_ref()).await?;
                clients.endpoints.update(request).await.map(Done::Endpoint)
            }
            Action::DeleteEndpoint { endpoint, account } => {
                let clients = self.accounts.clients_for(account.as_ref()).await?;
                clients.endpoints.delete(endpoint).await.map(|()| Done::Accepted)
            }
            Action::PutScalingPolicy { endpoint, limits, account } => {
                let clients = self.accounts.clients_for(account.as_ref()).await?;
                clients.scaling.scale(endpoint, limits).await.map(|()| Done::Accepted)
            }
            Action::PutScheduledActions { endpoint, limits, account } => {
                let clients = self.accounts.clients_for(account.as_ref()).await?;
                clients.scaling.schedule(endpoint, limits).await.map(|()| Done::Accepted)
            }
            Action::CreateTransformJob { request } => {
                let clients = self.accounts.clients_for(request.account.as_ref()).await?;
                clients.transforms.start(request).await.map(|()| Done::Accepted)
            }
            Action::CreateStack { request } => self.stacks.create(request).await.map(Done::Stack),
            Action::UpdateStack { request } => self.stacks.update(request).await.map(Done::Stack),
            Action::ContinueUpdateRollback { call } => self.stacks.proceed(call).await.map(|()| Done::Accepted),
            Action::DeleteStack { call } => self.stacks.delete(call).await.map(|()| Done::Accepted),
            // The token alone does not prevent a second execution: that of an earlier attempt is adopted.
            Action::StartPipelineExecution { request } => match self.pipelines.find(request).await? {
                Some(execution) => Ok(Done::Execution(execution)),
                None => self.pipelines.start(request).await.map(Done::Execution),
            },
        }
    }
}
