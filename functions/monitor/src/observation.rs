//! The observed state: what SageMaker and CloudWatch report.

use trimtab_core::port::{Baseline, ObservedBaseline, ObservedSchedule, Served};

/// What AWS reports about an endpoint and the monitoring of one kind of drift.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// What the endpoint serves; `None` if there is no endpoint.
    pub served: Option<Served>,
    /// The version's baseline of this kind in the Model Registry.
    pub baseline: Option<Baseline>,
    /// The job that computes the baseline; observed only if the registry has none.
    pub job: Option<ObservedBaseline>,
    /// The kind's schedule.
    pub schedule: Option<ObservedSchedule>,
    /// Whether the kind's alarm exists.
    pub alarm: bool,
}
