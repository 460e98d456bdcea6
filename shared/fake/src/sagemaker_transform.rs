//! SageMaker batch transform.

use std::collections::BTreeMap;

use trimtab_core::port::{ObservedTransform, PortResult, TransformRequest, Transforms};

use crate::services::Services;

/// The jobs.
#[derive(Debug, Default)]
pub struct State {
    /// In the order of their creation.
    pub requests: Vec<TransformRequest>,
    /// By name.
    pub jobs: BTreeMap<String, ObservedTransform>,
}

impl Transforms for Services {
    async fn find(&self, job: &str) -> PortResult<Option<ObservedTransform>> {
        self.query("transforms.find", job, || self.transform().jobs.get(job).cloned())
    }

    async fn start(&self, request: &TransformRequest) -> PortResult<()> {
        self.effect("transforms.start", &request.job, || {
            let mut state = self.transform();
            if state.jobs.insert(request.job.clone(), ObservedTransform::Running).is_none() {
                state.requests.push(request.clone());
            }
        })
    }
}
