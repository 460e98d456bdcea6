//! Monitoring runs and new data, and the ports to both.

use jiff::Timestamp;
use trimtab_core::name::{ObjectUri, ResourceName, ScheduleName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{MonitoringRun, MonitoringRuns, Objects};
use trimtab_core::request::{Request, Retrain};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::services::{Function, Services, Sim};

/// The job of the run that finds violations.
pub(crate) const JOB: &str = "model-monitoring-197001010000-00000001";

/// The report of that run.
const REPORT: &str = r#"{"violations": [{"feature_name": "tenure", "constraint_check_type": "baseline_drift_check",
    "description": "Baseline drift distance: 0.31 exceeds threshold: 0.1"}]}"#;

impl Services {
    /// A monitoring run ends with violations.
    pub(crate) fn monitoring_violation(&mut self) {
        self.violated = Some(self.now);
        let event = events::monitored(JOB, self.now);
        self.emit(Function::Retrain, true, &event);
    }

    /// Creates an object below the configured prefix. S3's events are not best-effort.
    pub(crate) fn upload_object(&mut self, number: u32) {
        self.uploaded = Some(self.now);
        let event = events::object(number, self.now);
        self.emit(Function::Retrain, false, &event);
    }

    /// An operator requests a run.
    pub(crate) fn operator_requests_run(&mut self, over_budget: bool) {
        if over_budget {
            self.record(Happening::OverBudgetRequested);
        }
        let model = trimtab_core::name::ModelName::parse("churn");
        let Ok(model) = model else { return };
        let retrain = Retrain { by: "maya".to_owned(), reason: Some("new labels".to_owned()), id: None, over_budget };
        let fact = Request::Retrain(retrain).into_fact(&model, "requested by maya: new labels", self.now);
        let event = events::fact(&fact, self.now);
        self.emit(Function::Retrain, false, &event);
    }
}

fn run(at: Timestamp) -> Option<MonitoringRun> {
    Some(MonitoringRun {
        job: ResourceName::parse(JOB).ok()?,
        schedule: ScheduleName::parse("churn-prod-data-quality").ok()?,
        violated: true,
        ended: Some(at),
        report: ObjectUri::parse("s3://churn-123456789012/monitoring/constraint_violations.json").ok(),
    })
}

impl MonitoringRuns for Sim {
    async fn run(&self, _: &ResourceName) -> PortResult<Option<MonitoringRun>> {
        self.call(Site::MonitoringRunsRun, |services| Ok(services.violated.and_then(run))).await
    }

    async fn newest(&self, _: &ScheduleName) -> PortResult<Option<ResourceName>> {
        self.call(Site::MonitoringRunsNewest, |services| Ok(services.violated.and_then(run).map(|run| run.job))).await
    }
}

impl Objects for Sim {
    async fn read(&self, _: &ObjectUri, _: u32) -> PortResult<Option<Vec<u8>>> {
        self.call(Site::ObjectsRead, |_| Ok(Some(REPORT.as_bytes().to_vec()))).await
    }
}
