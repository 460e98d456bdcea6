//! What somebody makes by hand, and the guard's port to it.

use jiff::{SignedDuration, Timestamp};
use trimtab_core::event::Resource;
use trimtab_core::port::Answer;
use trimtab_core::port::guard::{Activity, Halted, ResourceTruth, Resources};

use crate::Site;
use crate::events;
use crate::services::{Function, Item, Services, Sim};

/// The job that somebody makes.
pub(crate) const JOB: &str = "churn-by-hand";

/// How long a job goes on after it was told to stop.
const STOPPING: SignedDuration = SignedDuration::from_mins(2);

/// A job that breaks no rule but that on tags.
fn untagged(at: Timestamp) -> ResourceTruth {
    ResourceTruth {
        arn: events::job_arn(),
        created: at,
        activity: Activity::Running,
        tags: [].into(),
        keys: [("volume", true), ("output", true)].into(),
        vpc: Some(true),
        isolated: Some(true),
        instance_types: vec!["ml.m5.large".to_owned()],
        images: vec![],
    }
}

impl Services {
    /// Somebody makes a job without tags.
    pub(crate) fn make(&mut self) {
        self.job = Some(untagged(self.now));
        let event = events::call("CreateTrainingJob", "trainingJobName", JOB, self.now);
        self.emit(Function::Guard, true, &event);
    }

    /// Its owner gives it its tags.
    pub(crate) fn tag(&mut self) {
        let Some(job) = &mut self.job else { return };
        job.tags = [("owner", "maya"), ("model", "churn")].map(|(tag, value)| (tag.into(), value.into())).into();
        let event = events::call("AddTags", "resourceArn", &events::job_arn(), self.now);
        self.emit(Function::Guard, true, &event);
    }

    pub(crate) fn job_ends(&mut self) {
        self.note(|| "the job has stopped".to_owned());
    }
}

impl Resources for Sim {
    async fn describe(&self, _: &Resource) -> Answer<Option<ResourceTruth>> {
        self.call(Site::ResourcesDescribe, |services| Ok(services.job.clone())).await
    }

    async fn stop(&self, _: &Resource) -> Answer<Halted> {
        self.call(Site::ResourcesStop, |services| {
            let Some(job) = &mut services.job else { return Ok(Halted::Over) };
            if job.activity == Activity::Running {
                job.activity = Activity::Stopped;
                services.stops += 1;
                services.after(STOPPING, Item::JobEnds);
            }
            Ok(Halted::Stopped)
        })
        .await
    }
}
