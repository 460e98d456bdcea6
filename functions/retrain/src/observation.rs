//! The observed state: what AWS reports at the time of the decision.

use std::collections::BTreeSet;

use trimtab_core::event::{DriftKind, RunStatus};
use trimtab_core::port::{MonitoringRun, ObservedAlarm};

/// What AWS reports about the subject of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The event's alarm; `None` if CloudWatch has no such alarm.
    pub alarm: Option<ObservedAlarm>,
    /// The children of the composite alarms that are in ALARM.
    pub children: Vec<ObservedAlarm>,
    /// The event's monitoring run. For a reconcile: the newest run with violations of each schedule, unless it was
    /// handled.
    pub monitoring_runs: Vec<ObservedMonitoringRun>,
    /// The status of the event's training run; `None` if its engine has no such run.
    pub run: Option<RunStatus>,
    /// The status of the open incident's run, if the event is about something else.
    pub open_run: Option<RunStatus>,
    /// The model's alarms, for a reconcile.
    pub alarms: Vec<ObservedAlarm>,
}

/// A monitoring run with its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedMonitoringRun {
    /// The run.
    pub run: MonitoringRun,
    /// Its report, or the cause for which it could not be read.
    pub report: Result<Report, String>,
}

/// A report of violations, as far as Trimtab reads it; `violations.rs` parses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The kind of drift, if the checks imply one.
    pub drift: Option<DriftKind>,
    /// The features. Untrusted.
    pub features: BTreeSet<String>,
    /// Descriptions of the first violations; safe to display.
    pub described: Vec<String>,
    /// The number of violations.
    pub count: usize,
}
