//! Asks AWS what is true, and starts the run.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::{AlarmName, RunId};
use trimtab_core::policy::Policy;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{Alarms, Runs};
use trimtab_core::react::Act;

use crate::decide::{Action, Retrain, Seen};
use crate::endings::Ended;
use crate::incident::State;

/// `retrain` over its ports.
#[derive(Debug)]
pub struct Reaction<R, A> {
    /// What trains.
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
        let open = state.incident.as_ref();
        if let Some(ended) = Ended::of(event) {
            // Of a run that no open incident is answered with, nothing needs to be known.
            if let Some(incident) = open.filter(|incident| ended.is_of(incident)) {
                seen.run = self.runs.status(&incident.request.engine, &ended.run).await?;
            }
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
            if !alarms.is_empty() {
                seen.alarms = self.alarms.describe(&alarms).await?;
            }
        }
        if let Some((incident, run)) = open.and_then(|incident| Some((incident, incident.run.as_ref()?))) {
            seen.open = self.runs.status(&incident.request.engine, run).await?;
        }
        Ok(seen)
    }

    /// Looks for the run that carries the incident's name before starting one: no engine says how long
    /// it remembers a token, some take none, and an answer can be lost.
    async fn act(&self, action: &Action) -> Answer<RunId> {
        match self.runs.find(&action.request).await? {
            Some(run) => Ok(run),
            None => self.runs.start(&action.request).await,
        }
    }
}
