//! Batch transform jobs, and the port to them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trimtab_core::port::PortResult;
use trimtab_core::port::{ObservedTransform, TransformRequest, Transforms};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::queued_item::Item;
use crate::rules::policy_text::slot;
use crate::services::{Function, Services, Sim};

/// The duration of a job.
const WORK: SignedDuration = SignedDuration::from_mins(40);

/// The state of the batch transform jobs.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchState {
    jobs: BTreeMap<String, (u32, ObservedTransform)>,
    /// The versions whose jobs were started, in order.
    pub(crate) started: Vec<u32>,
    /// The version whose output is the newest.
    pub(crate) newest_output: Option<u32>,
}

impl Services {
    pub(crate) fn transform_ends(&mut self, job: &str) {
        let bad = |version: &u32| self.bad.contains(version);
        let Some(version) = self.batch.jobs.get(job).map(|(version, _)| *version) else { return };
        let failed = bad(&version);
        let actual = match failed {
            true => ObservedTransform::Ended("AlgorithmError".to_owned()),
            false => ObservedTransform::Completed { output: format!("s3://leads-123456789012/scores/{job}/") },
        };
        self.batch.jobs.insert(job.to_owned(), (version, actual));
        let place = slot("transform", events::ACCOUNT, "leads");
        if failed {
            self.record(Happening::Failed { slot: place, version });
        } else {
            self.batch.newest_output = Some(version);
            self.record(Happening::Serves { slot: place, version });
        }
        self.note(|| format!("{job} has ended"));
        let event = events::transform(job, if failed { "Failed" } else { "Completed" }, self.now);
        self.emit(Function::Deploy, true, &event);
    }
}

impl Transforms for Sim {
    async fn find(&self, job: &str) -> PortResult<Option<ObservedTransform>> {
        let job = job.to_owned();
        self.call(Site::TransformsFind, move |services| {
            Ok(services.batch.jobs.get(&job).map(|(_, actual)| actual.clone()))
        })
        .await
    }

    /// Starts a job; a second start with the same name has no effect.
    async fn start(&self, request: &TransformRequest) -> PortResult<()> {
        let (job, model, account) = (request.job.clone(), request.model.clone(), self.account());
        self.call(Site::TransformsStart, move |services| {
            if services.batch.jobs.contains_key(&job) {
                return Ok(());
            }
            let version = services.models.get(&model).copied().unwrap_or_default();
            services.note(|| format!("{job} is started"));
            services.record(Happening::Sent { slot: slot("transform", account, "leads"), version });
            services.batch.started.push(version);
            services.batch.jobs.insert(job.clone(), (version, ObservedTransform::Running));
            services.after(WORK, Item::TransformEnds(job));
            Ok(())
        })
        .await
    }
}
