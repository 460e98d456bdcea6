//! Asks AWS what is true, and starts the run.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::{AlarmName, RunArn};
use trimtab_core::policy::Policy;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{Alarms, Runs};
use trimtab_core::react::Act;

use crate::decide::{Action, Retrain, Seen};
use crate::incident::State;

/// `retrain` over its ports.
#[derive(Debug)]
pub struct Reaction<R, A> {
    /// SageMaker Pipelines.
    pub runs: R,
    /// CloudWatch.
    pub alarms: A,
}

impl<R, A> Act for Reaction<R, A>
where
    R: Runs + Send + Sync,
    A: Alarms + Send + Sync,
{
    type Decide = Retrain;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> Answer<Seen> {
        let mut seen = Seen::default();
        if let Body::Run(run) = &event.body {
            seen.run = self.runs.status(&run.arn).await?;
            return Ok(seen);
        }
        if let Body::Alarm(alarm) = &event.body
            && let Ok(name) = AlarmName::parse(&alarm.name)
        {
            seen.alarm = self.alarms.describe(&[name]).await?.pop().map(|truth| truth.state);
        }
        if event.is_look()
            && let Some(policy) = policy.filter(|policy| policy.retrain.is_some())
        {
            let alarms: Vec<AlarmName> = policy.drift_alarms().into_iter().collect();
            seen.alarms = self.alarms.describe(&alarms).await?;
        }
        if let Some(run) = state.incident.as_ref().and_then(|incident| incident.run.as_ref()) {
            seen.open = self.runs.status(run).await?;
        }
        Ok(seen)
    }

    /// Looks for the run that carries the incident's name before starting one: SageMaker does not
    /// say how long it remembers a token, and an answer can be lost.
    async fn act(&self, action: &Action) -> Answer<RunArn> {
        let Action::StartPipelineExecution { request, .. } = action;
        match self.runs.find(request).await? {
            Some(run) => Ok(run),
            None => self.runs.start(request).await,
        }
    }
}
