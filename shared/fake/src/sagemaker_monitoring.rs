//! SageMaker Model Monitor and Clarify: baselines, schedules, and their runs.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_core::event::DriftKind;
use trimtab_core::name::{EndpointName, PackageArn, ResourceName, ScheduleName};
use trimtab_core::port::{
    Baseline, BaselineRequest, JobDefinition, Monitoring, MonitoringRun, MonitoringRuns, ObservedBaseline,
    ObservedSchedule, PortResult, ScheduleRequest, ScheduleStatus, Served, UpdateAccepted,
};

use crate::services::Services;

/// The monitoring of endpoints.
#[derive(Debug, Default)]
pub struct State {
    /// The `DriftCheckBaselines` of every version.
    pub baselines: BTreeMap<DriftKind, Baseline>,
    /// The baseline jobs, by name.
    pub jobs: BTreeMap<String, ObservedBaseline>,
    /// The names of the job definitions.
    pub definitions: BTreeSet<String>,
    /// The schedules, by name.
    pub schedules: BTreeMap<String, ObservedSchedule>,
    /// Whether schedules accept no change.
    pub busy: bool,
    /// The requested job definitions, in order.
    pub defined: Vec<JobDefinition>,
    /// The requested baseline jobs, in order.
    pub computed: Vec<BaselineRequest>,
    /// The deleted job definitions, in order.
    pub undefined: Vec<(DriftKind, String)>,
    /// The only run of a schedule.
    pub run: Option<MonitoringRun>,
    /// The newest run with violations, if it is another one.
    pub newest: Option<ResourceName>,
}

fn scheduled(request: &ScheduleRequest) -> ObservedSchedule {
    ObservedSchedule {
        status: ScheduleStatus::Scheduled,
        definition: Some(request.definition.clone()),
        expression: Some(request.expression.clone()),
        failure: None,
    }
}

impl Monitoring for Services {
    async fn served(&self, endpoint: &EndpointName) -> PortResult<Option<Served>> {
        let name = endpoint.as_str();
        self.query("monitoring.served", name, || self.endpoints().serving.get(name).cloned())
    }

    async fn baselines(&self, package: &PackageArn) -> PortResult<BTreeMap<DriftKind, Baseline>> {
        self.query("monitoring.baselines", package.as_str(), || {
            let live = self.endpoints().serving.values().any(|served| served.package.as_ref() == Some(package));
            assert!(live, "{package} is not live");
            self.monitoring().baselines.clone()
        })
    }

    async fn baseline_job(&self, name: &str) -> PortResult<Option<ObservedBaseline>> {
        self.query("monitoring.baseline_job", name, || self.monitoring().jobs.get(name).cloned())
    }

    async fn start_baseline(&self, request: &BaselineRequest) -> PortResult<()> {
        self.effect("monitoring.start_baseline", &request.name, || {
            let mut state = self.monitoring();
            state.computed.push(request.clone());
            let before = state.jobs.insert(request.name.clone(), ObservedBaseline::Running);
            assert!(before.is_none(), "job {} exists", request.name);
        })
    }

    async fn define(&self, definition: &JobDefinition) -> PortResult<()> {
        self.effect("monitoring.define", &definition.name, || {
            let mut state = self.monitoring();
            state.defined.push(definition.clone());
            state.definitions.insert(definition.name.clone());
        })
    }

    async fn undefine(&self, kind: DriftKind, name: &str) -> PortResult<()> {
        self.effect("monitoring.undefine", name, || {
            let mut state = self.monitoring();
            state.undefined.push((kind, name.to_owned()));
            let mut used = state.schedules.values();
            assert!(used.all(|schedule| schedule.definition.as_deref() != Some(name)), "{name} is in use");
            state.definitions.remove(name);
        })
    }

    async fn schedule(&self, name: &str) -> PortResult<Option<ObservedSchedule>> {
        self.query("monitoring.schedule", name, || self.monitoring().schedules.get(name).cloned())
    }

    async fn create_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        self.effect("monitoring.create_schedule", &request.name, || {
            let new = scheduled(request);
            // The adapter adopts a schedule that a call with a lost response created: it is the same one then.
            let before = self.monitoring().schedules.insert(request.name.clone(), new.clone());
            assert!(before.is_none_or(|before| before == new), "another schedule {} exists", request.name);
            UpdateAccepted::Started
        })
    }

    async fn update_schedule(&self, request: &ScheduleRequest) -> PortResult<UpdateAccepted> {
        self.effect("monitoring.update_schedule", &request.name, || {
            let mut state = self.monitoring();
            if state.busy {
                return UpdateAccepted::Busy;
            }
            let before = state.schedules.insert(request.name.clone(), scheduled(request));
            assert!(before.is_some(), "SageMaker has no schedule {}", request.name);
            UpdateAccepted::Started
        })
    }

    async fn delete_schedule(&self, name: &str) -> PortResult<UpdateAccepted> {
        self.effect("monitoring.delete_schedule", name, || {
            self.monitoring().schedules.remove(name);
            UpdateAccepted::Started
        })
    }
}

impl MonitoringRuns for Services {
    async fn run(&self, job: &ResourceName) -> PortResult<Option<MonitoringRun>> {
        self.query("monitoring_runs.run", job.as_str(), || self.monitoring().run.clone().filter(|run| run.job == *job))
    }

    async fn newest(&self, schedule: &ScheduleName) -> PortResult<Option<ResourceName>> {
        self.query("monitoring_runs.newest", schedule.as_str(), || {
            let state = self.monitoring();
            let violated = state.run.as_ref().filter(|run| run.violated);
            state.newest.clone().or_else(|| violated.map(|run| run.job.clone()))
        })
    }
}
