//! Asks AWS what is true, and makes the calls.

use trimtab_core::event::{AlarmState, Body, DeliveryState, Event};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::{Policy, Target};
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{AlarmTruth, Alarms, Deliveries, Endpoints, Registry, Scaling};
use trimtab_core::react::Act;

use crate::decide::{Action, Deploy, Done, Seen};
use crate::look;
use crate::rollout::{Progress, State};

/// `deploy` over its ports.
#[derive(Debug)]
pub struct Reaction<R, E, S, D, A> {
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
}

impl<R, E, S, D: Deliveries, A> Reaction<R, E, S, D, A> {
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
}

impl<R, E, S, D, A> Act for Reaction<R, E, S, D, A>
where
    R: Registry + Send + Sync,
    E: Endpoints + Send + Sync,
    S: Scaling + Send + Sync,
    D: Deliveries + Send + Sync,
    A: Alarms + Send + Sync,
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
        if let Some(Target::Endpoint(target)) = target {
            seen.endpoint = self.endpoints.describe(&target.name).await?;
            if let Some(canary) = &target.canary {
                let truths = self.alarms.describe(&canary.alarms).await?;
                let speaks = |truth: &&AlarmTruth| matches!(truth.state, AlarmState::Ok | AlarmState::Alarm);
                let heard: Vec<&AlarmName> = truths.iter().filter(speaks).map(|truth| &truth.name).collect();
                seen.silent = canary.alarms.iter().filter(|alarm| !heard.contains(alarm)).cloned().collect();
            }
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
            Action::StartPipelineExecution { request, .. } => match self.deliveries.find(request).await? {
                Some(execution) => Ok(Done::Execution(execution)),
                None => self.deliveries.start(request).await.map(Done::Execution),
            },
        }
    }
}
