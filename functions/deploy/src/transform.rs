//! A version that batch transform jobs ask: each turn of a version is one job, and the version is live
//! when all answers are there. A job that fails takes nothing back: the answers before it stay.

use jiff::Timestamp;
use trimtab_core::event::Job;
use trimtab_core::fact::FactKind;
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Policy, Stage, Target, TransformTarget};
use trimtab_core::port::ml::{ModelRequest, TransformRequest, TransformTruth};
use trimtab_core::react::Case;
use trimtab_core::text::digest;

use crate::action::Action;
use crate::decide::{Answer, Seen};
use crate::endings;
use crate::rollout::{Rollout, State};

/// The job of a rollout that is decided now: no other turn of this version has it.
pub(crate) fn job(target: &TransformTarget, package: &PackageArn, now: Timestamp) -> String {
    target.name.job(package.version(), &digest(&[package.as_str(), &now.to_string()], 8))
}

/// The calls that start the job, in order.
pub(crate) fn steps(policy: &Policy, stage: &Stage, target: &TransformTarget, rollout: &Rollout) -> Vec<Action> {
    let (service, request) = ("sagemaker", request(policy, stage, target, rollout));
    let model = ModelRequest {
        model: request.model.clone(),
        package: rollout.package.clone(),
        role: target.role.clone(),
        place: stage.place.clone(),
    };
    vec![Action::CreateModel { service, request: model }, Action::CreateTransformJob { service, request }]
}

fn request(policy: &Policy, stage: &Stage, target: &TransformTarget, rollout: &Rollout) -> TransformRequest {
    let parts = [rollout.package.as_str(), target.name.as_str(), target.role.as_str()];
    TransformRequest {
        job: rollout.config.clone(),
        model: format!("{}-v{}-{}", policy.model, rollout.package.version(), digest(&parts, 8)),
        transform: target.clone(),
        place: stage.place.clone(),
    }
}

/// A job of this model's ended.
pub(crate) fn on_job(case: &Case<'_, State, Seen>, policy: &Policy, stage: &Stage, job: &Job) -> Answer {
    if case.state.current.as_ref().is_none_or(|rollout| rollout.config != job.name) {
        return Plan::skip("other_job", "this job does not belong to the rollout that is on");
    }
    if case.seen.transform.is_none() {
        return Plan::reject("no_such_job", "SageMaker knows no such job: the event is forged or the job is gone");
    }
    found(case, policy, stage)
        .unwrap_or_else(|| Plan::skip("still_running", "SageMaker says that the job has not ended"))
}

/// Closes the rollout if SageMaker says that its job has ended.
pub(crate) fn found(case: &Case<'_, State, Seen>, policy: &Policy, stage: &Stage) -> Option<Answer> {
    let Target::Transform(target) = &stage.target else { return None };
    let rollout = case.state.current.as_ref()?;
    let (version, input, job) = (rollout.package.version(), &target.input, &rollout.config);
    let (kind, reason) = match case.seen.transform.as_ref()? {
        TransformTruth::Running => return None,
        TransformTruth::Completed => {
            let output = request(policy, stage, target, rollout).output();
            let text =
                format!("version {version} has answered all of {input} in job {job}: its answers are in {output}");
            (FactKind::RolloutSucceeded, Reason::new("live", text))
        }
        TransformTruth::Ended(cause) => {
            let text = format!("version {version} did not come to the end of {input} in job {job}: {cause}");
            (FactKind::RolloutFailed, Reason::new("failed", text))
        }
    };
    Some(endings::end(case, policy, stage, rollout, kind, reason))
}

/// Whether the job has ended, whoever has heard of it.
pub(crate) fn has_ended(seen: &Seen) -> bool {
    matches!(seen.transform, Some(TransformTruth::Completed | TransformTruth::Ended(_)))
}
