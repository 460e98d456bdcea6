//! Batch transform jobs: each attempt of a version is one job, and the version is live when the job has completed. A
//! failed job leaves the earlier results in place.

use trimtab_core::event::{Body, Event};
use trimtab_core::name::TransformName;
use trimtab_core::plan::Reason;
use trimtab_core::policy::{Stage, TransformTarget};
use trimtab_core::port::{ModelRequest, ObservedTransform, TransformRequest};
use trimtab_core::text::digest;

use super::{DeploymentTarget, Ending, EventMeaning, Finding, RolloutOutcome};
use crate::action::Action;
use crate::context::Ctx;
use crate::fact::TransformDetails;
use crate::observation::Observed;
use crate::reason::Code;
use crate::rollout::{Phase, Progress, Resource, Rollout};
use crate::state::Queued;

impl DeploymentTarget for TransformTarget {
    fn is_named_by(&self, stage: &Stage, event: &Event) -> bool {
        let Body::TransformJob(job) = &event.body else { return false };
        // Two accounts may each have a transform of this name.
        let same_account = stage.account_id() == Some(event.envelope.account.as_str());
        TransformName::of_job(&job.name).as_ref() == Some(&self.name) && same_account
    }

    /// The job's name contains the time of the decision: no other attempt of the version has it.
    fn resource(&self, ctx: Ctx<'_>, wanted: &Queued, _: &Phase) -> Resource {
        let attempt = digest(&[wanted.package.as_str(), &ctx.now.to_string()], 8);
        Resource::TransformJob(self.name.job(wanted.package.version(), &attempt))
    }

    fn steps(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        let Some(job) = rollout.resource.transform_job() else { return Vec::new() };
        let content = [rollout.package.as_str(), self.name.as_str(), self.role.as_str()];
        let model = format!("{}-v{}-{}", ctx.policy.model, rollout.version(), digest(&content, 8));
        let account = &ctx.stage.account;
        let create_model = ModelRequest {
            model: model.clone(),
            package: rollout.package.clone(),
            role: self.role.clone(),
            account: account.clone(),
        };
        let create_job =
            TransformRequest { job: job.to_owned(), model, transform: self.clone(), account: account.clone() };
        vec![Action::CreateModel { request: create_model }, Action::CreateTransformJob { request: create_job }]
    }

    fn pending_actions(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        // A job that has ended was created, although the response to its creation was lost.
        if rollout.progress != Progress::Intended || has_ended(ctx.observed) {
            return Vec::new();
        }
        self.steps(ctx, rollout)
    }

    fn can_end(&self, progress: &Progress) -> bool {
        matches!(progress, Progress::Intended | Progress::Transforming)
    }

    fn find_outcome(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Option<Finding> {
        let (version, job) = (rollout.version(), rollout.resource.transform_job()?);
        let (outcome, reason, output) = match ctx.observed.transform.as_ref()? {
            ObservedTransform::Running => return None,
            ObservedTransform::Completed { output } => {
                let text = format!("job {job} completed with version {version}; its results are in {output}");
                (RolloutOutcome::Live, Reason::new(Code::Live, text), Some(output.clone()))
            }
            ObservedTransform::Ended(cause) => {
                let text = format!("job {job} failed with version {version}; earlier results are unchanged: {cause}");
                (RolloutOutcome::Failed, Reason::new(Code::Failed, text), None)
            }
        };
        let transform = Some(TransformDetails { job: job.to_owned(), output });
        Some(Finding::Ended(Ending { outcome, reason, transform }))
    }

    fn on_event(&self, ctx: Ctx<'_>) -> EventMeaning {
        let Body::TransformJob(job) = &ctx.event.body else {
            return EventMeaning::Ignore(Reason::new(Code::NotConcerned, "this is no event of a batch transform job"));
        };
        let own = |rollout: &&Rollout| rollout.resource.transform_job() == Some(job.name.as_str());
        let Some(rollout) = ctx.state.current.as_ref().filter(own) else {
            return EventMeaning::Ignore(Reason::new(
                Code::OtherJob,
                "this job does not belong to the rollout in progress",
            ));
        };
        if ctx.observed.transform.is_none() {
            return EventMeaning::Refuse(Reason::new(
                Code::NoSuchJob,
                "SageMaker has no such job: the event is forged or the job is gone",
            ));
        }
        match self.find_outcome(ctx, rollout) {
            Some(finding) => EventMeaning::Found(finding),
            None => {
                EventMeaning::Ignore(Reason::new(Code::StillRunning, "SageMaker reports that the job has not ended"))
            }
        }
    }

    fn takes_update_after_failure(&self) -> bool {
        true
    }

    fn failure_leaves_live_version(&self) -> bool {
        true
    }
}

fn has_ended(observed: &Observed) -> bool {
    matches!(observed.transform, Some(ObservedTransform::Completed { .. } | ObservedTransform::Ended(_)))
}
