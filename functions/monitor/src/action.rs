//! The calls that `monitor` makes, and their results.

use serde::Serialize;
use trimtab_core::event::DriftKind;
use trimtab_core::name::AlarmName;
use trimtab_core::port::{
    AlarmRequest, BaselineRequest, DefinitionRemoval, JobDefinition, ScheduleRequest, UpdateAccepted,
};

/// A call that changes something in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", remote = "Self")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    CreateProcessingJob(BaselineRequest),
    /// `CreateDataQualityJobDefinition`, or the call of another kind.
    CreateJobDefinition(JobDefinition),
    CreateMonitoringSchedule(ScheduleRequest),
    UpdateMonitoringSchedule(ScheduleRequest),
    DeleteMonitoringSchedule {
        name: String,
    },
    PutMetricAlarm(AlarmRequest),
    DeleteAlarms {
        name: AlarmName,
    },
    /// `DeleteDataQualityJobDefinition`, or the call of another kind; not while this schedule uses the definition.
    DeleteJobDefinition {
        kind: DriftKind,
        name: String,
        schedule: String,
    },
}

impl Action {
    /// The AWS service of the call.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::PutMetricAlarm(_) | Self::DeleteAlarms { .. } => "cloudwatch",
            Self::CreateProcessingJob(_)
            | Self::CreateJobDefinition(_)
            | Self::CreateMonitoringSchedule(_)
            | Self::UpdateMonitoringSchedule(_)
            | Self::DeleteMonitoringSchedule { .. }
            | Self::DeleteJobDefinition { .. } => "sagemaker",
        }
    }
}

trimtab_core::serialize_with_service!();

/// Result of a successful call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The call took effect.
    Completed,
    /// The schedule accepted the change, or is busy.
    Schedule(UpdateAccepted),
    /// The definition was deleted, or the schedule uses it.
    Definition(DefinitionRemoval),
}
