//! Observation and execution.

use trimtab_core::event::{DriftKind, Event};
use trimtab_core::name::AlarmName;
use trimtab_core::policy::Policy;
use trimtab_core::policy::monitor::{alarm_name, schedule_name};
use trimtab_core::port::{AlarmWrites, Alarms, Monitoring, PortResult};
use trimtab_core::reactor::Act;

use crate::action::{Action, Done};
use crate::decide::Monitor;
use crate::desired_state::DesiredState;
use crate::observation::Observed;
use crate::state::State;
use crate::subject;

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
        let Some(policy) = policy.filter(|policy| policy.monitor.is_some()) else { return Ok(observed) };
        let Some(target) = policy.endpoint() else { return Ok(observed) };
        let Some(kind) = subject::kind(event) else {
            observed.served = self.monitoring.served(&target.name).await?;
            return Ok(observed);
        };
        match DesiredState::of(policy, kind) {
            Some(desired) => self.observe_version(&mut observed, desired).await?,
            None if state.monitoring().is_none() => return Ok(observed),
            None => {}
        }
        self.observe_resources(&mut observed, policy, kind).await?;
        Ok(observed)
    }

    async fn act(&self, action: &Action) -> PortResult<Done> {
        let completed = |()| Done::Completed;
        match action {
            Action::CreateProcessingJob(request) => {
                if self.monitoring.baseline_job(&request.name).await?.is_none() {
                    self.monitoring.start_baseline(request).await?;
                }
                Ok(Done::Completed)
            }
            Action::CreateJobDefinition(definition) => self.monitoring.define(definition).await.map(completed),
            Action::CreateMonitoringSchedule(request) => {
                self.monitoring.create_schedule(request).await.map(Done::Schedule)
            }
            Action::UpdateMonitoringSchedule(request) => {
                self.monitoring.update_schedule(request).await.map(Done::Schedule)
            }
            Action::DeleteMonitoringSchedule { name } => {
                self.monitoring.delete_schedule(name).await.map(Done::Schedule)
            }
            Action::PutMetricAlarm(request) => self.alarms.put(request).await.map(completed),
            Action::DeleteAlarms { name } => self.alarms.delete(name).await.map(completed),
            Action::DeleteJobDefinition { kind, name, schedule } => {
                self.monitoring.delete_definition_if_unused(*kind, name, schedule).await.map(Done::Definition)
            }
        }
    }
}

impl<M, A> Reaction<M, A>
where
    M: Monitoring + Send + Sync,
    A: Alarms + AlarmWrites + Send + Sync,
{
    /// Observes the live version and its baseline.
    async fn observe_version(&self, observed: &mut Observed, desired: DesiredState<'_>) -> PortResult<()> {
        observed.served = self.monitoring.served(desired.endpoint).await?;
        let served = observed.served.as_ref().filter(|served| served.captures);
        let Some(package) = served.and_then(|served| served.package.as_ref()) else { return Ok(()) };
        observed.baseline = self.monitoring.baselines(package).await?.remove(&desired.kind);
        if let (None, Some(request)) = (&observed.baseline, desired.baseline_request(package)) {
            observed.job = self.monitoring.baseline_job(&request.name).await?;
        }
        Ok(())
    }

    /// Observes the schedule and the alarm.
    async fn observe_resources(&self, observed: &mut Observed, policy: &Policy, kind: DriftKind) -> PortResult<()> {
        observed.schedule = self.monitoring.schedule(&schedule_name(&policy.model, kind)).await?;
        let alarm = policy.endpoint().and_then(|target| AlarmName::parse(&alarm_name(&target.name, kind)).ok());
        if let Some(alarm) = alarm {
            observed.alarm = !self.alarms.describe(&[alarm]).await?.is_empty();
        }
        Ok(())
    }
}
