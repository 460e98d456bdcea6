//! The monitoring of the live version, and the ports to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use trimtab_core::event::DriftKind;
use trimtab_core::name::{AlarmName, EndpointName, PackageArn, S3Uri};
use trimtab_core::port::PortResult;
use trimtab_core::port::UpdateAccepted;
use trimtab_core::port::{
    AlarmRequest, AlarmWrites, Baseline, BaselineRequest, JobDefinition, Monitoring, ObservedBaseline,
    ObservedSchedule, ScheduleRequest, ScheduleStatus, Served,
};

use crate::Site;
use crate::events;
use crate::services::{Function, Item, Services, Sim};

/// The duration of a baseline job.
const COMPUTING: SignedDuration = SignedDuration::from_mins(15);

/// The time during which a schedule is pending and accepts no update.
const PENDING: SignedDuration = SignedDuration::from_secs(20);

/// The first version with baselines in the registry.
const REGISTERED: u32 = 2;

/// The state of the monitoring.
#[derive(Debug, Clone, Default)]
pub(crate) struct MonitoringState {
    /// The baseline jobs by name, and whether each has ended.
    jobs: BTreeMap<String, bool>,
    /// The constraints of each definition.
    definitions: BTreeMap<String, String>,
    schedules: BTreeMap<String, ObservedSchedule>,
    pub(crate) alarms: BTreeSet<String>,
    /// The number of creations and deletions.
    pub(crate) changes: usize,
}

impl Services {
    pub(crate) fn baseline_ends(&mut self, name: &str) {
        let Some(monitoring) = &mut self.monitoring else { return };
        monitoring.jobs.insert(name.to_owned(), true);
        let event = events::job_ended(name, self.now);
        self.emit(Function::Monitor, true, &event);
    }

    pub(crate) fn schedule_is_ready(&mut self, name: &str) {
        let schedule = self.monitoring.as_mut().and_then(|monitoring| monitoring.schedules.get_mut(name));
        if let Some(schedule) = schedule {
            schedule.status = ScheduleStatus::Scheduled;
        }
    }

    /// The differences from the final policy, which monitors data quality only.
    pub(crate) fn unmonitored(&self, live: Option<u32>) -> Vec<String> {
        let Some(monitoring) = &self.monitoring else { return vec!["nothing is monitoring".to_owned()] };
        let mut found = Vec::new();
        let schedules: Vec<&String> = monitoring.schedules.keys().collect();
        if schedules != ["churn-data-quality"] {
            found.push(format!("there are the schedules {schedules:?}"));
        }
        let used: Vec<&String> =
            monitoring.schedules.values().filter_map(|actual| actual.definition.as_ref()).collect();
        if monitoring.definitions.keys().collect::<Vec<_>>() != used {
            found.push(format!("there are the definitions {:?}, and {used:?} are used", monitoring.definitions));
        }
        if !monitoring.alarms.iter().eq(["churn-prod-data-quality-drift"]) {
            found.push(format!("there are the alarms {:?}", monitoring.alarms));
        }
        let old = monitoring.definitions.values().any(|constraints| !constraints.contains("/v2/"));
        if live == Some(REGISTERED) && old {
            found.push(format!("version 2 is held against {:?}", monitoring.definitions));
        }
        found
    }

    fn change_monitoring(&mut self) -> &mut MonitoringState {
        let monitoring = self.monitoring.get_or_insert_default();
        monitoring.changes += 1;
        monitoring
    }
}

impl Monitoring for Sim {
    async fn served(&self, _: &EndpointName) -> PortResult<Option<Served>> {
        self.call(Site::MonitoringServed, |services| {
            let Some(endpoint) = services.endpoint.clone() else { return Ok(None) };
            let config = endpoint.config.unwrap_or_default();
            let version = services.configs.get(&config);
            let package = version.and_then(|version| PackageArn::parse(&events::package_arn(*version)).ok());
            Ok(Some(Served { status: endpoint.status, config, package, captures: true }))
        })
        .await
    }

    async fn baselines(&self, package: &PackageArn) -> PortResult<BTreeMap<DriftKind, Baseline>> {
        let version = package.version();
        self.call(Site::MonitoringBaselines, move |_| {
            let place = S3Uri::parse(&format!("s3://churn/v{version}/constraints.json")).ok();
            let constraints = place.filter(|_| version >= REGISTERED);
            let baseline = constraints.map(|constraints| Baseline { statistics: None, constraints, config: None });
            let kinds = [DriftKind::DataQuality, DriftKind::Bias];
            Ok(kinds.into_iter().filter_map(|kind| Some((kind, baseline.clone()?))).collect())
        })
        .await
    }

    async fn baseline_job(&self, name: &str) -> PortResult<Option<ObservedBaseline>> {
        let name = name.to_owned();
        self.call(Site::MonitoringBaselineJob, move |services| {
            let ended = services.monitoring.as_ref().and_then(|monitoring| monitoring.jobs.get(&name));
            Ok(ended.map(|ended| if *ended { ObservedBaseline::Completed } else { ObservedBaseline::Running }))
        })
        .await
    }

    async fn start_baseline(&self, request: &BaselineRequest) -> PortResult<()> {
        let name = request.name.clone();
        self.call(Site::MonitoringStartBaseline, move |services| {
            if services.monitoring.as_ref().is_some_and(|monitoring| monitoring.jobs.contains_key(&name)) {
                return Ok(());
            }
            services.change_monitoring().jobs.insert(name.clone(), false);
            services.after(COMPUTING, Item::BaselineEnds(name));
            Ok(())
        })
        .await
    }

    async fn define(&self, definition: &JobDefinition) -> PortResult<()> {
        let (name, constraints) = (definition.name.clone(), definition.baseline.constraints.to_string());
        self.call(Site::MonitoringDefine, move |services| {
            services.change_monitoring().definitions.insert(name, constraints);
            Ok(())
        })
        .await
    }

    async fn undefine(&self, _: DriftKind, name: &str) -> PortResult<()> {
        let name = name.to_owned();
        self.call(Site::MonitoringUndefine, move |services| {
            services.change_monitoring().definitions.remove(&name);
            Ok(())
        })
        .await
    }

    async fn schedule(&self, name: &str) -> PortResult<Option<ObservedSchedule>> {
        let name = name.to_owned();
        self.call(Site::MonitoringSchedule, move |services| {
            Ok(services.monitoring.as_ref().and_then(|monitoring| monitoring.schedules.get(&name)).cloned())
        })
        .await
    }

    async fn create_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        let request = request.clone();
        self.call(Site::MonitoringCreateSchedule, move |services| Ok(take(services, request))).await
    }

    async fn update_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        let request = request.clone();
        self.call(Site::MonitoringUpdateSchedule, move |services| Ok(take(services, request))).await
    }

    async fn delete_schedule(&self, name: &str) -> PortResult<UpdateAccepted> {
        let name = name.to_owned();
        self.call(Site::MonitoringDeleteSchedule, move |services| {
            services.change_monitoring().schedules.remove(&name);
            Ok(UpdateAccepted::Started)
        })
        .await
    }
}

/// Puts a schedule. A pending one accepts no update; like the adapter, this then checks whether it already has the
/// definition.
fn take(services: &mut Services, request: ScheduleRequest) -> UpdateAccepted {
    let there = services.monitoring.as_ref().and_then(|monitoring| monitoring.schedules.get(&request.name));
    if let Some(there) = there.filter(|there| there.status == ScheduleStatus::Pending) {
        let at_it = there.definition.as_ref() == Some(&request.definition);
        return if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy };
    }
    let name = request.name.clone();
    let actual = ObservedSchedule {
        status: ScheduleStatus::Pending,
        definition: Some(request.definition),
        expression: Some(request.expression),
        failure: None,
    };
    services.change_monitoring().schedules.insert(request.name, actual);
    services.after(PENDING, Item::ScheduleReady(name));
    UpdateAccepted::Started
}

impl AlarmWrites for Sim {
    async fn put(&self, request: &AlarmRequest) -> PortResult<()> {
        let name = request.name.to_string();
        self.call(Site::AlarmWritesPut, move |services| {
            services.change_monitoring().alarms.insert(name);
            Ok(())
        })
        .await
    }

    async fn delete(&self, name: &AlarmName) -> PortResult<()> {
        let name = name.to_string();
        self.call(Site::AlarmWritesDelete, move |services| {
            services.change_monitoring().alarms.remove(&name);
            Ok(())
        })
        .await
    }
}
