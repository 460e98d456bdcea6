//! Asks AWS what is true, and starts the run.

use std::collections::BTreeSet;

use trimtab_core::event::{AlarmState, Body, Event};
use trimtab_core::failure::Failure;
use trimtab_core::name::{AlarmName, ResourceName, RunId};
use trimtab_core::policy::{Key, Policy};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Alarms, ObservedAlarm, Runs};
use trimtab_core::port::{MonitoringRuns, Objects};
use trimtab_core::reactor::Act;

use crate::completion::Ended;
use crate::decide::{Action, Observed, Retrain};
use crate::incident::State;
use crate::violations::{MOST, Monitored, Report};

/// `retrain` over its ports.
#[derive(Debug)]
pub struct Reaction<R, A, M, O> {
    /// What trains.
    pub runs: R,
    /// CloudWatch.
    pub alarms: A,
    /// Model Monitor's runs.
    pub monitors: M,
    /// S3, for their reports.
    pub objects: O,
}

impl<R, A, M, O> Act for Reaction<R, A, M, O>
where
    R: Runs + Send + Sync,
    A: Alarms + Send + Sync,
    M: MonitoringRuns + Send + Sync,
    O: Objects + Send + Sync,
{
    type Decide = Retrain;

    /// Which schedule a monitoring run is of, SageMaker says; the event may not.
    async fn trace(&self, event: &Event) -> PortResult<Option<Key>> {
        let Body::ProcessingJob(job) = &event.body else { return Ok(None) };
        let Ok(name) = ResourceName::parse(&job.name) else { return Ok(None) };
        Ok(self.monitors.run(&name).await?.map(|run| Key::schedule(&run.schedule)))
    }

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let open = state.incident.as_ref();
        if let Some(ended) = Ended::of(event) {
            // Of a run that no open incident is answered with, nothing needs to be known.
            if let Some(incident) = open.filter(|incident| ended.is_of(incident)) {
                observed.run = self.runs.status(&incident.request.engine, &ended.run).await?;
            }
            return Ok(observed);
        }
        // A thousand objects come at once: nothing is asked for one of them.
        if let Body::Object(_) = &event.body {
            return Ok(observed);
        }
        if let Body::Alarm(alarm) = &event.body
            && let Ok(name) = AlarmName::parse(&alarm.name)
        {
            observed.alarm = self.alarms.describe(&[name]).await?.pop();
            observed.children = self.children(observed.alarm.as_slice()).await?;
        }
        if let Body::ProcessingJob(job) = &event.body
            && let Ok(name) = ResourceName::parse(&job.name)
        {
            observed.monitored.extend(self.monitored(&name).await?);
        }
        if event.is_reconcile_request()
            && let Some(policy) = policy.filter(|policy| policy.retrain.is_some())
        {
            self.look(policy, state, &mut observed).await?;
        }
        if let Some((incident, run)) = open.and_then(|incident| Some((incident, incident.run.as_ref()?))) {
            observed.open = self.runs.status(&incident.request.engine, run).await?;
        }
        Ok(observed)
    }

    /// Looks for the run that carries the incident's name before starting one: no engine says how long
    /// it remembers a token, some take none, and an answer can be lost.
    async fn act(&self, action: &Action) -> PortResult<RunId> {
        match self.runs.find(&action.request).await? {
            Some(run) => Ok(run),
            None => self.runs.start(&action.request).await,
        }
    }
}

impl<R, A, M, O> Reaction<R, A, M, O>
where
    A: Alarms + Send + Sync,
    M: MonitoringRuns + Send + Sync,
    O: Objects + Send + Sync,
{
    /// What the model's alarms and monitoring schedules say by themselves.
    async fn look(&self, policy: &Policy, state: &State, observed: &mut Observed) -> PortResult<()> {
        let alarms: Vec<AlarmName> = policy.drift_alarms().into_iter().collect();
        if !alarms.is_empty() {
            observed.alarms = self.alarms.describe(&alarms).await?;
        }
        observed.children = self.children(&observed.alarms).await?;
        for schedule in policy.retrain.iter().flat_map(|retrain| &retrain.monitors) {
            let newest = self.monitors.newest(schedule).await?;
            if let Some(job) = newest.filter(|job| !state.has_answered_run(job)) {
                observed.monitored.extend(self.monitored(&job).await?);
            }
        }
        Ok(())
    }

    /// What the composite alarms among these that are on watch.
    async fn children(&self, alarms: &[ObservedAlarm]) -> PortResult<Vec<ObservedAlarm>> {
        let on = alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
        let names: BTreeSet<AlarmName> = on.flat_map(|alarm| alarm.children.clone()).collect();
        let mut found = Vec::new();
        for some in names.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            found.extend(self.alarms.describe(some).await?);
        }
        Ok(found)
    }

    /// The monitoring run with its report. That a report may not be read, or is none, stands in the
    /// reason; the drift is answered all the same.
    async fn monitored(&self, job: &ResourceName) -> PortResult<Option<Monitored>> {
        let Some(run) = self.monitors.run(job).await? else { return Ok(None) };
        let report = match run.report.as_ref().filter(|_| run.violated) {
            None => Err("the run names no output".to_owned()),
            Some(object) => match self.objects.read(object, MOST).await {
                Ok(Some(bytes)) => Report::parse(&bytes),
                Ok(None) => Err("it is not there".to_owned()),
                Err(Failure::Permanent { cause, .. }) => Err(cause),
                Err(retry) => return Err(retry),
            },
        };
        Ok(Some(Monitored { run, report }))
    }
}

/// How many alarms CloudWatch describes at once.
const AT_ONCE: usize = 100;
