//! Asks AWS what is true, and makes the calls.

use trimtab_core::event::{AlarmState, Body, CodePipelineState, Event};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::{EndpointTarget, Policy, Stage, Target};
use trimtab_core::port::PortResult;
use trimtab_core::port::Stacks;
use trimtab_core::port::{
    Alarms, CodePipelines, Endpoints, Invocations, Listed, ObservedAlarm, Registry, Scaling, StageAccounts, Transforms,
};
use trimtab_core::reactor::Act;

use crate::action::{Action, Done};
use crate::decide::{Deploy, Observed};
use crate::rollout::{Progress, Rollout, State};
use crate::{reconcile, smoke_test, stage_promotion, transform};

/// `deploy` over its ports.
#[derive(Debug)]
pub struct Reaction<R, P, D, F> {
    /// The Model Registry.
    pub registry: R,
    /// The accounts that stages are in, with what serves there.
    pub places: P,
    /// CodePipeline.
    pub deliveries: D,
    /// CloudFormation.
    pub stacks: F,
}

impl<R, P, D, F> Reaction<R, P, D, F>
where
    R: Registry + Sync,
    P: StageAccounts + Sync,
    D: CodePipelines,
    F: Stacks,
{
    /// What CodePipeline says of the rollout that it is at.
    async fn delivery(&self, stage: &Stage, state: &State) -> PortResult<Option<CodePipelineState>> {
        match (&stage.target, state.current.as_ref().map(|rollout| &rollout.progress)) {
            (Target::Pipeline(target), Some(Progress::Delivering { execution })) => {
                self.deliveries.state(&target.name, execution).await
            }
            _ => Ok(None),
        }
    }

    /// What the registry says of the version that a request is about.
    async fn asked_about(
        &self,
        observed: &mut Observed,
        fact: &Fact,
        policy: &Policy,
        state: &State,
    ) -> PortResult<()> {
        let package = match fact.kind {
            FactKind::ReconcileRequested => {
                return self.newest(observed, policy, |listed| reconcile::is_unanswered(state, listed)).await;
            }
            FactKind::RollbackRequested => {
                let named = stage_promotion::version(fact);
                return match named {
                    Some(version) => self.newest(observed, policy, |listed| listed.package.version() == version).await,
                    None => Ok(()),
                };
            }
            FactKind::PromotionRequested | FactKind::WithdrawalRequested => stage_promotion::package(fact, state),
            FactKind::StageReconcileRequested => reconcile::offer(state).cloned(),
            _ => None,
        };
        if let Some(package) = package {
            observed.package = self.registry.package(&package).await?;
        }
        Ok(())
    }

    /// The group's newest versions. A list may lag behind: of what dedup keys, the registry is asked itself.
    async fn newest(
        &self,
        observed: &mut Observed,
        policy: &Policy,
        dedup_keys: impl Fn(&Listed) -> bool + Send,
    ) -> PortResult<()> {
        observed.newest = self.registry.newest(&policy.package_group).await?;
        for listed in observed.newest.iter_mut().filter(|listed| dedup_keys(listed)) {
            if let Some(actual) = self.registry.package(&listed.package).await? {
                listed.actual = actual;
            }
        }
        Ok(())
    }

    /// What serves the stage.
    async fn serving(&self, observed: &mut Observed, stage: &Stage, state: &State) -> PortResult<()> {
        match &stage.target {
            Target::Endpoint(target) => self.endpoint(observed, stage, target, state).await?,
            Target::Stack(target) => observed.stack = self.stacks.describe(&target.name).await?,
            Target::Transform(_) => {
                if let Some(job) = state.current.as_ref().and_then(transform::of) {
                    let hands = self.places.at(stage.place.as_ref()).await?;
                    observed.transform = hands.transforms.find(job).await?;
                }
            }
            Target::Pipeline(_) => {}
        }
        Ok(())
    }

    /// The stage's endpoint, what the alarms that watch it say, and what it makes of the smoke test where one is due.
    async fn endpoint(
        &self,
        observed: &mut Observed,
        stage: &Stage,
        target: &EndpointTarget,
        state: &State,
    ) -> PortResult<()> {
        let hands = self.places.at(stage.place.as_ref()).await?;
        observed.endpoint = hands.endpoints.describe(&target.name).await?;
        let alarms = target.strategy.alarms();
        if !alarms.is_empty() {
            observed.alarms_without_data = silent(alarms, &hands.alarms.describe(alarms).await?);
        }
        let tried = |rollout: &Rollout| matches!(rollout.progress, Progress::Trying { .. });
        if let (Some(trial), true) = (&target.trial, state.current.as_ref().is_some_and(tried)) {
            let actuals = hands.alarms.describe(trial.alarms()).await?;
            observed.trial_alarms_without_data = silent(trial.alarms(), &actuals);
            let rings = |actual: &ObservedAlarm| actual.state == AlarmState::Alarm;
            observed.trial_alarms_firing = actuals.into_iter().filter(rings).map(|actual| actual.name).collect();
        }
        if let Some(smoke) = smoke_test::due(stage, state, observed.endpoint.as_ref()) {
            observed.smoked = Some(hands.invocations.invoke(&target.name, smoke).await?);
        }
        Ok(())
    }
}

/// The alarms that have nothing to say.
fn silent(alarms: &[AlarmName], actuals: &[ObservedAlarm]) -> Vec<AlarmName> {
    let speaks = |actual: &&ObservedAlarm| matches!(actual.state, AlarmState::Ok | AlarmState::Alarm);
    let heard: Vec<&AlarmName> = actuals.iter().filter(speaks).map(|actual| &actual.name).collect();
    alarms.iter().filter(|alarm| !heard.contains(alarm)).cloned().collect()
}

impl<R, P, D, F> Act for Reaction<R, P, D, F>
where
    R: Registry + Send + Sync,
    P: StageAccounts + Send + Sync,
    D: CodePipelines + Send + Sync,
    F: Stacks + Send + Sync,
{
    type Decide = Deploy;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let deploy = policy.and_then(|policy| policy.deploy.as_ref());
        let stage = deploy.and_then(|deploy| stage_promotion::of(event, deploy));
        // What is of no stage is refused, whatever else is so.
        let (Some(policy), Some(stage)) = (policy, stage) else { return Ok(observed) };
        match &event.body {
            Body::Package(package) => observed.package = self.registry.package(&package.arn).await?,
            Body::CodePipelineExecution(delivery) => {
                observed.delivery = self.deliveries.state(&delivery.pipeline, &delivery.execution).await?;
            }
            Body::Fact(fact) => self.asked_about(&mut observed, fact, policy, state).await?,
            _ => {}
        }
        if event.is_reconcile_request() {
            observed.delivery = self.delivery(stage, state).await?;
        }
        if let Some(queued) = &state.queued {
            observed.queued = self.registry.package(&queued.package).await?;
        }
        if let (true, Some(good)) = (state.rollback_pending, state.last_good()) {
            observed.back = self.registry.package(&good.package).await?;
        }
        self.serving(&mut observed, stage, state).await?;
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        match action {
            Action::CreateModel { request, .. } => {
                let hands = self.places.at(request.place.as_ref()).await?;
                hands.endpoints.create_model(request).await.map(|()| Done::Made)
            }
            Action::CreateEndpointConfig { request, .. } => {
                let hands = self.places.at(request.place.as_ref()).await?;
                hands.endpoints.create_config(request).await.map(|()| Done::Made)
            }
            Action::CreateEndpoint { request, .. } => {
                let hands = self.places.at(request.place.as_ref()).await?;
                hands.endpoints.create(request).await.map(Done::Endpoint)
            }
            Action::UpdateEndpoint { request, .. } => {
                let hands = self.places.at(request.place.as_ref()).await?;
                hands.endpoints.update(request).await.map(Done::Endpoint)
            }
            Action::DeleteEndpoint { endpoint, place, .. } => {
                let hands = self.places.at(place.as_ref()).await?;
                hands.endpoints.delete(endpoint).await.map(|()| Done::Made)
            }
            Action::PutScalingPolicy { endpoint, limits, place, .. } => {
                let hands = self.places.at(place.as_ref()).await?;
                hands.scaling.scale(endpoint, limits).await.map(|()| Done::Made)
            }
            Action::PutScheduledActions { endpoint, limits, place, .. } => {
                let hands = self.places.at(place.as_ref()).await?;
                hands.scaling.schedule(endpoint, limits).await.map(|()| Done::Made)
            }
            Action::CreateTransformJob { request, .. } => {
                let hands = self.places.at(request.place.as_ref()).await?;
                hands.transforms.start(request).await.map(|()| Done::Made)
            }
            Action::CreateStack { request, .. } => self.stacks.create(request).await.map(Done::Stack),
            Action::UpdateStack { request, .. } => self.stacks.update(request).await.map(Done::Stack),
            Action::ContinueUpdateRollback { call, .. } => self.stacks.proceed(call).await.map(|()| Done::Made),
            Action::DeleteStack { call, .. } => self.stacks.delete(call).await.map(|()| Done::Made),
            Action::StartPipelineExecution { request, .. } => match self.deliveries.find(request).await? {
                Some(execution) => Ok(Done::Execution(execution)),
                None => self.deliveries.start(request).await.map(Done::Execution),
            },
        }
    }
}
