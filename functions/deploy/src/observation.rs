//! The observed state: the responses of AWS that a decision needs.

use trimtab_core::event::{CodePipelineState, EndpointStatus};
use trimtab_core::name::AlarmName;
use trimtab_core::port::{
    ListedPackage, ObservedEndpoint, ObservedPackage, ObservedStack, ObservedTransform, SmokeTestResult,
};

use crate::rollout::Resource;

/// The observed state of a stage, and of the versions that the event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The package that the event is about.
    pub package: Option<ObservedPackage>,
    /// The queued version's package.
    pub queued: Option<ObservedPackage>,
    /// The package that a pending rollback returns to.
    pub last_good: Option<ObservedPackage>,
    /// The stage's endpoint.
    pub endpoint: Option<ObservedEndpoint>,
    /// The strategy's alarms that do not exist or have no data.
    pub alarms_without_data: Vec<AlarmName>,
    /// The variant test's alarms that do not exist or have no data.
    pub test_alarms_without_data: Vec<AlarmName>,
    /// The variant test's alarms that are firing.
    pub test_alarms_firing: Vec<AlarmName>,
    /// The stage's stack.
    pub stack: Option<ObservedStack>,
    /// The rollout's batch transform job.
    pub transform: Option<ObservedTransform>,
    /// The pipeline execution that the event is about; during a reconcile, the rollout's.
    pub pipeline: Option<CodePipelineState>,
    /// The group's newest versions, during a reconcile or an operator's rollback.
    pub newest: Vec<ListedPackage>,
    /// The result of the smoke test, if one was due.
    pub smoke_test: Option<SmokeTestResult>,
}

impl Observed {
    /// Whether the endpoint is in service with this configuration.
    #[must_use]
    pub fn serves(&self, resource: &Resource) -> bool {
        let config = resource.endpoint_config();
        self.endpoint.as_ref().is_some_and(|endpoint| {
            endpoint.status == EndpointStatus::InService && config.is_some() && endpoint.config.as_deref() == config
        })
    }
}
