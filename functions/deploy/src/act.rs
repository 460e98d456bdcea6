//! Asks AWS what is true, and makes the calls.

use trimtab_core::event::{AlarmState, Body, DeliveryState, Event};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::{EndpointTarget, Policy, Stage, Target};
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{
    AlarmTruth, Alarms, Deliveries, Endpoints, Invocations, Listed, Places, Registry, Scaling, Transforms,
};
use trimtab_core::port::stack::Stacks;
use trimtab_core::react::Act;

use crate::action::{Action, Done};
use crate::decide::{Deploy, Seen};
use crate::rollout::{Progress, Rollout, State};
use crate::{look, smoke, stages, transform};

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
    P: Places + Sync,
    D: Deliveries,
    F: Stacks,
{
    /// What CodePipeline says of the rollout that it is at.
    async fn delivery(&self, stage: &Stage, state: &State) -> Answer<Option<DeliveryState>> {
        match (&stage.target, state.current.as_ref().map(|rollout| &rollout.progress)) {
            (Target::Pipeline(target), Some(Progress::Delivering { execution })) => {
                self.deliveries.state(&target.name, execution).await
            }
            _ => Ok(None),
        }
    }

    /// What the registry says of the version that a request is about.
    async fn asked_about(&self, seen: &mut Seen, fact: &Fact, policy: &Policy, state: &State) -> Answer<()> {
        let package = match fact.kind {
            FactKind::LookRequested => {
                return self.newest(seen, policy, |listed| look::is_unanswered(state, listed)).await;
            }
            FactKind::RollbackRequested => {
                let named = stages::version(fact);
                return match named {
                    Some(version) => self.newest(seen, policy, |listed| listed.package.version() == version).await,
                    None => Ok(()),
                };
            }
            FactKind::PromotionRequested | FactKind::WithdrawalRequested => stages::package(fact, state),
            FactKind::StageLookRequested => look::offer(state).cloned(),
            _ => None,
        };
        if let Some(package) = package {
            seen.package = self.registry.package(&package).await?;
        }
        Ok(())
    }

    /// The group's newest versions. A list may lag behind: of what matters, the registry is asked itself.
    async fn newest(&self, seen: &mut Seen, policy: &Policy, matters: impl Fn(&Listed) -> bool + Send) -> Answer<()> {
        seen.newest = self.registry.newest(&policy.package_group).await?;
        for listed in seen.newest.iter_mut().filter(|listed| matters(listed)) {
            if let Some(truth) = self.registry.package(&listed.package).await? {
                listed.truth = truth;
            }
        }
        Ok(())
    }

    /// What serves the stage.
    async fn serving(&self, seen: &mut Seen, stage: &Stage, state: &State) -> Answer<()> {
        match &stage.target {
            Target::Endpoint(target) => self.endpoint(seen, stage, target, state).await?,
            Target::Stack(target) => seen.stack = self.stacks.describe(&target.name).await?,
            Target::Transform(_) => {
                if let Some(job) = state.current.as_ref().and_then(transform::of) {
                    let hands = self.places.at(stage.place.as_ref()).await?;
                    seen.transform = hands.transforms.find(job).await?;
                }
            }
            Target::Pipeline(_) => {}
        }
        Ok(())
    }

    /// The stage's endpoint, what the alarms that watch it say, and what it makes of the smoke test where one is due.
    async fn endpoint(&self, seen: &mut Seen, stage: &Stage, target: &EndpointTarget, state: &State) -> Answer<()> {
        let hands = self.places.at(stage.place.as_ref()).await?;
        seen.endpoint = hands.endpoints.describe(&target.name).await?;
        let alarms = target.strategy.alarms();
        if !alarms.is_empty() {
            seen.silent = silent(alarms, &hands.alarms.describe(alarms).await?);
        }
        let tried = |rollout: &Rollout| matches!(rollout.progress, Progress::Trying { .. });
        if let (Some(trial), true) = (&target.trial, state.current.as_ref().is_some_and(tried)) {
            let truths = hands.alarms.describe(trial.alarms()).await?;
            seen.mute = silent(trial.alarms(), &truths);
            let rings = |truth: &AlarmTruth| truth.state == AlarmState::Alarm;
            seen.ringing = truths.into_iter().filter(rings).map(|truth| truth.name).collect();
        }
        if let Some(smoke) = smoke::due(stage, state, seen.endpoint.as_ref()) {
            seen.smoked = Some(hands.invocations.invoke(&target.name, smoke).await?);
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

impl<R, P, D, F> Act for Reaction<R, P, D, F>
where
    R: Registry + Send + Sync,
    P: Places + Send + Sync,
    D: Deliveries + Send + Sync,
    F: Stacks + Send + Sync,
{
    type Decide = Deploy;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> Answer<Seen> {
        let mut seen = Seen::default();
        let deploy = policy.and_then(|policy| policy.deploy.as_ref());
        let stage = deploy.and_then(|deploy| stages::of(event, deploy));
        // What is of no stage is refused, whatever else is so.
        let (Some(policy), Some(stage)) = (policy, stage) else { return Ok(seen) };
        match &event.body {
            Body::Package(package) => seen.package = self.registry.package(&package.arn).await?,
            Body::Delivery(delivery) => {
                seen.delivery = self.deliveries.state(&delivery.pipeline, &delivery.execution).await?;
            }
            Body::Fact(fact) => self.asked_about(&mut seen, fact, policy, state).await?,
            _ => {}
        }
        if event.is_look() {
            seen.delivery = self.delivery(stage, state).await?;
        }
        if let Some(parked) = &state.parked {
            seen.parked = self.registry.package(&parked.package).await?;
        }
        if let (true, Some(good)) = (state.goes_back, state.good()) {
            seen.back = self.registry.package(&good.package).await?;
        }
        self.serving(&mut seen, stage, state).await?;
        Ok(seen)
    }

    async fn act(&self, action: &Action) -> Answer<Done> {
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
