//! Asks AWS what is true, and makes the calls.

use trimtab_core::event::{AlarmState, Body, DeliveryState, Event};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{AlarmTruth, Alarms, Deliveries, Endpoints, Registry, Scaling};
use trimtab_core::port::stack::Stacks;
use trimtab_core::react::Act;

use crate::decide::{Action, Deploy, Done, Seen};
use crate::look;
use crate::rollout::{Progress, Rollout, State};

/// `deploy` over its ports.
#[derive(Debug)]
pub struct Reaction<R, E, S, D, A, F> {
    /// The Model Registry.
    pub registry: R,
    /// SageMaker endpoints.
    pub endpoints: E,
    /// Application Auto Scaling.
    pub scaling: S,
    /// CodePipeline.
    pub deliveries: D,
    /// CloudWatch alarms.
    pub alarms: A,
    /// CloudFormation.
    pub stacks: F,
}

impl<R, E, S, D, A, F> Reaction<R, E, S, D, A, F>
where
    E: Endpoints,
    D: Deliveries,
    A: Alarms,
    F: Stacks,
{
    /// What CodePipeline says of the rollout that it is at.
    async fn delivery(&self, policy: &Policy, state: &State) -> Answer<Option<DeliveryState>> {
        let target = policy.deploy.as_ref().map(|deploy| &deploy.target);
        match (target, state.current.as_ref().map(|rollout| &rollout.progress)) {
            (Some(Target::Pipeline(target)), Some(Progress::Delivering { execution })) => {
                self.deliveries.state(&target.name, execution).await
            }
            _ => Ok(None),
        }
    }

    /// What serves, and what the alarms that watch it say.
    async fn target(&self, target: &Target, state: &State, seen: &mut Seen) -> Answer<()> {
        match target {
            Target::Endpoint(target) => {
                seen.endpoint = self.endpoints.describe(&target.name).await?;
                let alarms = target.strategy.alarms();
                if !alarms.is_empty() {
                    seen.silent = silent(alarms, &self.alarms.describe(alarms).await?);
                }
                let tried = |rollout: &Rollout| matches!(rollout.progress, Progress::Trying { .. });
                if let (Some(trial), true) = (&target.trial, state.current.as_ref().is_some_and(tried)) {
                    let truths = self.alarms.describe(trial.alarms()).await?;
                    seen.mute = silent(trial.alarms(), &truths);
                    let rings = |truth: &AlarmTruth| truth.state == AlarmState::Alarm;
                    seen.ringing = truths.into_iter().filter(rings).map(|truth| truth.name).collect();
                }
            }
            Target::Stack(target) => seen.stack = self.stacks.describe(&target.name).await?,
            Target::Pipeline(_) => {}
        }
        Ok(())
    }
}

/// The alarms that have nothing to say.
fn silent(alarms: &[AlarmName], truths: &[AlarmTruth]) -> Vec<AlarmName> {
    let speaks = |truth: &&AlarmTruth| matches!(truth.state, AlarmState::Ok | AlarmState::Alarm);
    let heard: Vec<&AlarmName> = truths.iter().filter(speaks).map(|truth| &truth.name).collect();
    alarms.iter().filter(|alarm| !heard.contains(alarm)).cloned().collect()
}

impl<R, E, S, D, A, F> Act for Reaction<R, E, S, D, A, F>
where
    R: Registry + Send + Sync,
    E: Endpoints + Send + Sync,
    S: Scaling + Send + Sync,
    D: Deliveries + Send + Sync,
    A: Alarms + Send + Sync,
    F: Stacks + Send + Sync,
{
    type Decide = Deploy;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> Answer<Seen> {
        let mut seen = Seen::default();
        match &event.body {
            Body::Package(package) => seen.package = self.registry.package(&package.arn).await?,
            Body::Delivery(delivery) => {
                seen.delivery = self.deliveries.state(&delivery.pipeline, &delivery.execution).await?;
            }
            _ => {}
        }
        if let (true, Some(policy)) = (event.is_look(), policy) {
            seen.newest = self.registry.newest(&policy.package_group).await?;
            // A list may lag behind: what it says anew is looked up.
            for listed in seen.newest.iter_mut().filter(|listed| look::is_unanswered(state, listed)) {
                if let Some(truth) = self.registry.package(&listed.package).await? {
                    listed.truth = truth;
                }
            }
            seen.delivery = self.delivery(policy, state).await?;
        }
        if let Some(parked) = &state.parked {
            seen.parked = self.registry.package(&parked.package).await?;
        }
        let target = policy.and_then(|policy| policy.deploy.as_ref()).map(|deploy| &deploy.target);
        if let Some(target) = target {
            self.target(target, state, &mut seen).await?;
        }
        Ok(seen)
    }

    async fn act(&self, action: &Action) -> Answer<Done> {
        match action {
            Action::CreateModel { request, .. } => self.endpoints.create_model(request).await.map(|()| Done::Made),
            Action::CreateEndpointConfig { request, .. } => {
                self.endpoints.create_config(request).await.map(|()| Done::Made)
            }
            Action::CreateEndpoint { request, .. } => self.endpoints.create(request).await.map(Done::Endpoint),
            Action::UpdateEndpoint { request, .. } => self.endpoints.update(request).await.map(Done::Endpoint),
            Action::PutScalingPolicy { endpoint, limits, .. } => {
                self.scaling.scale(endpoint, limits).await.map(|()| Done::Made)
            }
            Action::PutScheduledActions { endpoint, limits, .. } => {
                self.scaling.schedule(endpoint, limits).await.map(|()| Done::Made)
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
