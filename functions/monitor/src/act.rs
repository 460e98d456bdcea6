//! Asks AWS what is true, and makes the calls.

use trimtab_core::event::{DriftKind, Event};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::Policy;
use trimtab_core::policy::monitor::{alarm_name, schedule_name};
use trimtab_core::port::Alarms;
use trimtab_core::port::PortResult;
use trimtab_core::port::{AlarmWrites, Monitoring};
use trimtab_core::reactor::Act;

use crate::decide::{Action, Done, Monitor, Observed, kind_in};
use crate::desired_state::Goal;
use crate::state::State;

/// `monitor` over its ports.
#[derive(Debug)]
pub struct Reaction<M, A> {
    /// Model Monitor and Clarify.
    pub monitoring: M,
    /// CloudWatch alarms.
    pub alarms: A,
}

impl<M, A> Act for Reaction<M, A>
where
    M: Monitoring + Send + Sync,
    A: Alarms + AlarmWrites + Send + Sync,
{
    type Decide = Monitor;

    async fn observe(&self, event: &Event, policy: Option<&Policy>, state: &State) -> PortResult<Observed> {
        let mut observed = Observed::default();
        let watched = policy.filter(|policy| policy.monitor.is_some());
        let Some((policy, target)) = watched.and_then(|policy| Some((policy, policy.endpoint()?))) else {
            return Ok(observed);
        };
        let Some(kind) = kind_in(event) else {
            observed.served = self.monitoring.served(&target.name).await?;
            return Ok(observed);
        };
        match Goal::of(policy, kind) {
            Some(goal) => self.look(&mut observed, goal).await?,
            None if state.watch.is_none() => return Ok(observed),
            None => {}
        }
        self.placed(&mut observed, policy, kind).await?;
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        let made = |()| Done::Made;
        match action {
            Action::CreateProcessingJob { request, .. } => {
                if self.monitoring.baseline_job(&request.name).await?.is_none() {
                    self.monitoring.start_baseline(request).await?;
                }
                Ok(Done::Made)
            }
            Action::CreateJobDefinition { definition, .. } => self.monitoring.define(definition).await.map(made),
            Action::CreateMonitoringSchedule { request, .. } => {
                self.monitoring.create_schedule(request).await.map(Done::Schedule)
            }
            Action::UpdateMonitoringSchedule { request, .. } => {
                self.monitoring.update_schedule(request).await.map(Done::Schedule)
            }
            Action::DeleteMonitoringSchedule { name, .. } => {
                self.monitoring.delete_schedule(name).await.map(Done::Schedule)
            }
            Action::PutMetricAlarm { request, .. } => self.alarms.put(request).await.map(made),
            Action::DeleteAlarms { name, .. } => self.alarms.delete(name).await.map(made),
            Action::DeleteJobDefinition { kind, name, schedule, .. } => {
                let there = self.monitoring.schedule(schedule).await?;
                if there.is_some_and(|actual| actual.definition.as_ref() == Some(name)) {
                    return Ok(Done::InUse);
                }
                self.monitoring.undefine(*kind, name).await.map(made)
            }
        }
    }
}

impl<M, A> Reaction<M, A>
where
    M: Monitoring + Send + Sync,
    A: Alarms + AlarmWrites + Send + Sync,
{
    /// What the endpoint serves, and what that is held against.
    async fn look(&self, observed: &mut Observed, goal: Goal<'_>) -> PortResult<()> {
        observed.served = self.monitoring.served(goal.endpoint).await?;
        let served = observed.served.as_ref().filter(|served| served.captures);
        let Some(package) = served.and_then(|served| served.package.as_ref()) else { return Ok(()) };
        observed.baseline = self.monitoring.baselines(package).await?.remove(&goal.kind);
        if let (None, Some(request)) = (&observed.baseline, goal.baseline_request(package)) {
            observed.job = self.monitoring.baseline_job(&request.name).await?;
        }
        Ok(())
    }

    /// What is in place.
    async fn placed(&self, observed: &mut Observed, policy: &Policy, kind: DriftKind) -> PortResult<()> {
        observed.schedule = self.monitoring.schedule(&schedule_name(&policy.model, kind)).await?;
        let alarm = policy.endpoint().and_then(|target| AlarmName::parse(&alarm_name(&target.name, kind)).ok());
        if let Some(alarm) = alarm {
            observed.alarm = !self.alarms.describe(&[alarm]).await?.is_empty();
        }
        Ok(())
    }
}
