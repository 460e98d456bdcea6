//! A version that batch transform jobs ask: each turn of a version is one job, and the version is live
//! when all answers are there. A job that fails takes nothing back: the answers before it stay.

use jiff::Timestamp;
use trimtab_core::event::Job;
use trimtab_core::fact::FactKind;
use trimtab_core::name::{PackageArn, TransformName};
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Policy, Stage, TransformTarget};
use trimtab_core::port::{ModelRequest, ObservedTransform, TransformRequest};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::action::Action;
use crate::completion;
use crate::decide::{Answer, Observed};
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
pub(crate) fn on_job(ctx: &Context<'_, State, Observed>, policy: &Policy, stage: &Stage, job: &Job) -> Answer {
    if ctx.state.current.as_ref().is_none_or(|rollout| rollout.config != job.name) {
        return Plan::skip("other_job", "this job does not belong to the rollout that is on");
    }
    if ctx.observed.transform.is_none() {
        return Plan::fail("no_such_job", "SageMaker knows no such job: the event is forged or the job is gone");
    }
    found(ctx, policy, stage)
        .unwrap_or_else(|| Plan::skip("still_running", "SageMaker says that the job has not ended"))
}

/// Closes the rollout if SageMaker says that its job has ended.
pub(crate) fn found(ctx: &Context<'_, State, Observed>, policy: &Policy, stage: &Stage) -> Option<Answer> {
    let rollout = ctx.state.current.as_ref()?;
    let (version, job) = (rollout.package.version(), &rollout.config);
    let (kind, reason, output) = match ctx.observed.transform.as_ref()? {
        ObservedTransform::Running => return None,
        ObservedTransform::Completed { output } => {
            let text = format!("version {version} has answered all that job {job} asked: its answers are in {output}");
            (FactKind::RolloutSucceeded, Reason::new("live", text), Some(output))
        }
        ObservedTransform::Ended(cause) => {
            let text = format!(
                "version {version} did not answer all that job {job} asked, and the answers before it stay: {cause}"
            );
            (FactKind::RolloutFailed, Reason::new("failed", text), None)
        }
    };
    let mut plan = completion::end(ctx, policy, stage, rollout, kind, reason);
    if let Some(told) = plan.facts.iter_mut().find(|fact| fact.kind == kind) {
        told.details.insert("job".to_owned(), job.clone());
        told.details.extend(output.map(|output| ("output".to_owned(), output.clone())));
    }
    Some(plan)
}

/// A job that failed took nothing back: where the version before waits to be asked again, it need not.
pub(crate) fn stay(state: &mut State) {
    let live = state.live_now().map(|live| live.package.clone());
    state.queued.take_if(|queued| Some(&queued.package) == live.as_ref());
    state.rollback_pending &= state.last_good().map(|live| &live.package) != live.as_ref();
}

/// What SageMaker may be asked about a rollout's job; `None` where the policy had another target when the
/// rollout began.
pub(crate) fn of(rollout: &Rollout) -> Option<&str> {
    TransformName::of_job(&rollout.config).map(|_| rollout.config.as_str())
}

/// Whether the job has ended, whoever has heard of it.
pub(crate) fn has_ended(observed: &Observed) -> bool {
    matches!(observed.transform, Some(ObservedTransform::Completed { .. } | ObservedTransform::Ended(_)))
}
