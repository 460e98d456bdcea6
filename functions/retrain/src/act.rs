//! The acting half of `retrain`: reads what a decision needs from AWS, and starts the run.

use std::collections::BTreeSet;

use trimtab_core::event::{AlarmState, Body, Event};
use trimtab_core::failure::Failure;
use trimtab_core::name::{AlarmName, ResourceName, RunId};
use trimtab_core::policy::{Key, Policy};
use trimtab_core::port::{Alarms, MonitoringRun, MonitoringRuns, Objects, ObservedAlarm, PortResult, Runs};
use trimtab_core::reactor::Act;

use crate::action::Action;
use crate::completion::RunStatusChange;
use crate::decide::Retrain;
use crate::engines;
use crate::observation::{Observed, ObservedMonitoringRun, Report};
use crate::state::State;
use crate::trigger::TriggerSubject;
use crate::violations::MAX_REPORT;

/// The number of alarms that CloudWatch describes in one call.
const MAX_ALARMS: usize = 100;

/// `retrain` over its ports.
#[derive(Debug)]
pub struct Reaction<R, A, M, O> {
    /// The training engines.
    pub runs: R,
    /// CloudWatch alarms.
    pub alarms: A,
    /// Runs of SageMaker's monitoring schedules.
    pub monitors: M,
    /// S3, for the reports of these runs.
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

    /// Finds the schedule of a monitoring run. The event need not contain it.
    async fn look_up(&self, event: &Event) -> PortResult<Option<Key>> {
        let Body::ProcessingJob(job) = &event.body else { return Ok(None) };
        let Ok(name) = ResourceName::parse(&job.name) else { return Ok(None) };
        Ok(self.monitors.run(&name).await?.map(|run| Key::schedule(&run.schedule)))
    }

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        if let Some(change) = engines::status_change(event) {
            return self.observe_run(&change, state).await;
        }
        let mut observed = match &event.body {
            // Thousands of objects arrive together: a call for each would exhaust the quota of the calls.
            Body::Object(_) => return Ok(Observed::default()),
            Body::Alarm(alarm) => self.observe_alarm(&alarm.name).await?,
            Body::ProcessingJob(job) => self.observe_monitoring_run(&job.name).await?,
            _ => match policy {
                Some(policy) if event.is_reconcile_request() => self.observe_model(policy, state).await?,
                _ => Observed::default(),
            },
        };
        if let Some(incident) = &state.incident
            && let Some(run) = &incident.run
        {
            observed.open_run = self.runs.status(&incident.request.engine, run).await?;
        }
        Ok(observed)
    }

    /// Starts the run, or adopts the one that has its name. The response of an earlier start may have been lost, some
    /// engines take no token, and none says how long it remembers one.
    async fn act(&self, action: &Action) -> PortResult<RunId> {
        match self.runs.find(&action.request).await? {
            Some(run) => Ok(run),
            None => self.runs.start(&action.request).await,
        }
    }
}

impl<R, A, M, O> Reaction<R, A, M, O>
where
    R: Runs + Send + Sync,
    A: Alarms + Send + Sync,
    M: MonitoringRuns + Send + Sync,
    O: Objects + Send + Sync,
{
    /// The status of the event's run, if it is the open incident's: no other run is decided on.
    async fn observe_run(&self, change: &RunStatusChange, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        if let Some(incident) = &state.incident
            && change.is_of(incident)
        {
            observed.run = self.runs.status(&incident.request.engine, &change.run).await?;
        }
        Ok(observed)
    }

    /// The event's alarm, and its children if it is composite.
    async fn observe_alarm(&self, name: &str) -> PortResult<Observed> {
        let Ok(name) = AlarmName::parse(name) else { return Ok(Observed::default()) };
        let alarm = self.alarms.describe(&[name]).await?.pop();
        let children = self.children(alarm.as_slice()).await?;
        Ok(Observed { alarm, children, ..Observed::default() })
    }

    /// The event's monitoring run with its report.
    async fn observe_monitoring_run(&self, job: &str) -> PortResult<Observed> {
        let Ok(job) = ResourceName::parse(job) else { return Ok(Observed::default()) };
        let monitoring_runs = self.monitoring_run(&job).await?.into_iter().collect();
        Ok(Observed { monitoring_runs, ..Observed::default() })
    }

    /// The model's alarms, and the newest runs of its monitoring schedules, for a reconcile.
    async fn observe_model(&self, policy: &Policy, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let Some(retrain) = &policy.retrain else { return Ok(observed) };
        let alarms: Vec<AlarmName> = policy.drift_alarms().into_iter().collect();
        // Without names, CloudWatch describes every alarm of the account.
        if !alarms.is_empty() {
            observed.alarms = self.alarms.describe(&alarms).await?;
        }
        observed.children = self.children(&observed.alarms).await?;
        for schedule in &retrain.monitors {
            let Some(job) = self.monitors.newest(schedule).await? else { continue };
            // Otherwise each reconcile would read the report of every handled run again.
            if state.handled(&TriggerSubject::MonitoringRun(job.clone())).is_none() {
                observed.monitoring_runs.extend(self.monitoring_run(&job).await?);
            }
        }
        Ok(observed)
    }

    /// The children of those alarms that are in ALARM.
    async fn children(&self, alarms: &[ObservedAlarm]) -> PortResult<Vec<ObservedAlarm>> {
        let firing = alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
        let names: BTreeSet<AlarmName> = firing.flat_map(|alarm| alarm.children.clone()).collect();
        let mut children = Vec::new();
        for names in names.into_iter().collect::<Vec<_>>().chunks(MAX_ALARMS) {
            children.extend(self.alarms.describe(names).await?);
        }
        Ok(children)
    }

    async fn monitoring_run(&self, job: &ResourceName) -> PortResult<Option<ObservedMonitoringRun>> {
        let Some(run) = self.monitors.run(job).await? else { return Ok(None) };
        let report = self.report(&run).await?;
        Ok(Some(ObservedMonitoringRun { run, report }))
    }

    /// The run's report, or the cause for which it cannot be read. The drift leads to a run in either case.
    async fn report(&self, run: &MonitoringRun) -> PortResult<Result<Report, String>> {
        let Some(object) = run.report.as_ref().filter(|_| run.violated) else {
            return Ok(Err("the run names no output".to_owned()));
        };
        match self.objects.read(object, MAX_REPORT).await {
            Ok(Some(bytes)) => Ok(Report::parse(&bytes)),
            Ok(None) => Ok(Err("it does not exist".to_owned())),
            Err(Failure::Permanent { cause, .. }) => Ok(Err(cause)),
            Err(transient) => Err(transient),
        }
    }
}
