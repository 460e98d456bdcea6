//! The build of a branch's commit: from the push to the request for training.

use trimtab_core::event::{BuildStatus, Reference, ReferenceKind};
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::ObservedBuild;

use super::{branch_not_configured, no_such_build};
use crate::action::{Action, Plan};
use crate::build::{BuildRef, Completion, MODEL_VARIABLE};
use crate::builders::{self, codebuild};
use crate::context::{CommitCtx, Ctx};
use crate::fact::{AboutBuild, CommitRequest};
use crate::observation::ObservedProgress;
use crate::reason::Code;
use crate::state::{BuildPhase, CommitBuild, Merge, State};
use crate::{definition, merge};

/// A branch or tag was created or moved.
pub(crate) fn on_push(ctx: CommitCtx<'_>, push: &Reference) -> Plan {
    let Some(branch) = push.branch.as_ref().filter(|branch| ctx.is_configured(branch)) else {
        return branch_not_configured(ctx.policy);
    };
    if !matches!(push.kind, ReferenceKind::Created | ReferenceKind::Updated) {
        return Plan::skip(Code::NotAPush, format!("branch {branch} changed without a push: nothing is built"));
    }
    let Some(commit) = &push.commit else {
        return Plan::fail(Code::NoCommit, "the push names no full commit ID: expected 40 hexadecimal digits");
    };
    let ObservedProgress::Head(head) = &ctx.observed.progress else {
        return not_a_head();
    };
    on_head(ctx, branch, commit, head.as_ref())
}

/// A reconcile, an execution's event or a merge requests that the commit's build is decided.
pub(crate) fn on_request(ctx: CommitCtx<'_>, request: &CommitRequest) -> Plan {
    if request.branch.as_ref().is_some_and(|branch| !ctx.is_configured(branch)) {
        return branch_not_configured(ctx.policy);
    }
    let Some(pull_request) = &request.merged else {
        return on_commit(ctx, request);
    };
    let Some(merge) = merge::of(pull_request, &request.commit, ctx.observed.merged.as_ref()) else {
        let text = format!("CodeCommit reports that the merge of pull request {pull_request} made another commit");
        return Plan::fail(Code::OtherMerge, text);
    };
    let recorded = ctx.state.and_then(|build| build.merge.as_ref());
    if recorded.is_some_and(|recorded| recorded.pull_request == merge.pull_request) {
        return on_commit(ctx, request);
    }
    on_new_merge(ctx, request, merge)
}

/// The build did not know the pull request. The state has it before the build is decided, so that a build that has just
/// ended leads to its comment.
fn on_new_merge(ctx: CommitCtx<'_>, request: &CommitRequest, merge: Merge) -> Plan {
    let build = ctx.state.map(|build| CommitBuild { merge: Some(merge.clone()), ..build.clone() });
    let mut plan = on_commit(Ctx { state: build.as_ref(), ..ctx }, request);
    // The end of this build was handled before the pull request was known: only the comment is left.
    let result = match build.as_ref().map(|build| &build.phase) {
        Some(BuildPhase::Succeeded) => Some(merge::SUCCEEDED),
        Some(BuildPhase::Failed | BuildPhase::StartRefused) => Some(merge::FAILED),
        _ => None,
    };
    let comment = result.and_then(|result| merge::comment(ctx.integrate, &request.commit, &merge, result));
    plan.actions.extend(comment.map(Action::comment));
    record_merge(plan, build, merge)
}

/// The plan with the pull request in its state.
fn record_merge(mut plan: Plan, before: Option<CommitBuild>, merge: Merge) -> Plan {
    let after = match plan.state.take() {
        Some(State::CommitBuild(build)) => Some(build),
        _ => before,
    };
    // Without a build there is nothing on which to comment: the commit is no head any more.
    let Some(mut after) = after else { return plan };
    after.merge.get_or_insert(merge);
    plan.state = Some(State::CommitBuild(after));
    if plan.decision == Decision::Skipped {
        plan.decision = Decision::Acted;
        let text = "the pull request of this merge commit gets a comment when the build ends";
        plan.reasons.insert(0, Reason::new(Code::Merged, text));
    }
    plan
}

fn on_commit(ctx: CommitCtx<'_>, request: &CommitRequest) -> Plan {
    let commit = &request.commit;
    let (id, build) = match (&ctx.observed.progress, &request.branch) {
        (ObservedProgress::Build { id, build, .. }, _) => (id, build.as_ref()),
        (ObservedProgress::Head(head), Some(branch)) => return on_head(ctx, branch, commit, head.as_ref()),
        (ObservedProgress::Head(_), None) => return not_a_head(),
    };
    if build.is_some_and(|build| build.commit.as_ref() != Some(commit)) {
        return Plan::fail(Code::OtherBuild, "the builder reports that this build is of another commit");
    }
    // An execution is named because it ended: its deadline is no question any more.
    if request.execution.is_none()
        && let Some(plan) = deadline(ctx, commit, build)
    {
        return plan;
    }
    on_completion(ctx, &Completion { build: id.clone(), commit: Some(commit), logs: None })
}

fn not_a_head() -> Plan {
    Plan::fail(Code::UnexpectedState, "the event names a branch, and its head was not observed: Trimtab has a defect")
}

/// Builds the commit if it is still the branch's head, and has no build.
fn on_head(ctx: CommitCtx<'_>, branch: &BranchName, commit: &CommitId, head: Option<&CommitId>) -> Plan {
    match head {
        None => return Plan::skip(Code::BranchGone, format!("branch {branch} was deleted since: nothing is built")),
        // Each push has its own event. A commit that is not the head any more would delay the build of the newer one.
        Some(head) if head != commit => {
            let text = format!("branch {branch} has moved on to {head}, and the event of that push starts its build");
            return Plan::skip(Code::BranchMoved, text);
        }
        Some(_) => {}
    }
    let Some(request) = builders::request(ctx.policy, ctx.integrate, commit, ctx.now) else {
        let text = "the policy names neither integrate.project nor integrate.codepipeline: add one and apply it";
        return Plan::fail(Code::NoBuilder, text);
    };
    match ctx.state.map(|build| &build.phase) {
        // A refused start is dead-lettered: an operator corrects the cause, and redrives the event.
        None | Some(BuildPhase::StartRefused) => {}
        Some(BuildPhase::Starting { .. }) => {
            return Plan::skip(Code::StartPending, format!("the start of the build of {commit} is not confirmed"));
        }
        Some(_) => return Plan::skip(Code::AlreadyBuilt, format!("commit {commit} has a build")),
    }
    let reason = Reason::new(Code::Pushed, format!("commit {commit} was pushed to {branch}: it is built"));
    let phase = BuildPhase::Starting { request: request.clone(), branch: branch.clone() };
    let merge = ctx.state.and_then(|build| build.merge.clone());
    Plan::only(Decision::Acted, reason)
        .with_state(State::CommitBuild(CommitBuild { commit: commit.clone(), merge, phase }))
        .with_action(Action::start(request))
}

/// The plan for a build that runs longer than the policy allows; `None` for any other.
fn deadline(ctx: CommitCtx<'_>, commit: &CommitId, observed: Option<&ObservedBuild>) -> Option<Plan> {
    let state = ctx.state?;
    let BuildPhase::Running { build, started_at, deadline_reported } = &state.phase else { return None };
    if !observed.is_some_and(|observed| is_running(&observed.status)) {
        return None;
    }
    let (started_at, limit) = ((*started_at)?, ctx.policy.reconcile?.build);
    if ctx.now.duration_since(started_at) < limit {
        return None;
    }
    if *deadline_reported {
        let text = format!("the build of {commit} exceeds its deadline, which was reported: check the builder");
        return Some(Plan::skip(Code::DeadlineExceeded, text));
    }
    let text = format!("the build of {commit} has not ended since {started_at}; the policy allows {limit:#}");
    let fact = AboutBuild { model: Some(&ctx.policy.model), commit, build: Some(build), at: ctx.now };
    let phase = BuildPhase::Running { build: build.clone(), started_at: Some(started_at), deadline_reported: true };
    let plan = Plan::only(Decision::Acted, Reason::new(Code::DeadlineExceeded, &text));
    Some(plan.with_state(in_phase(ctx, commit, phase)).with_fact(fact.deadline_exceeded(&text)))
}

fn is_running(status: &BuildStatus) -> bool {
    // A status of a later API is not known to be an end.
    matches!(status, BuildStatus::InProgress | BuildStatus::Other(_))
}

/// A builder reported a status of the commit's build.
pub(crate) fn on_completion(ctx: CommitCtx<'_>, completion: &Completion<'_>) -> Plan {
    let ObservedProgress::Build { build: observed, .. } = &ctx.observed.progress else {
        return Plan::fail(
            Code::UnexpectedState,
            "the event names a build that was not observed: Trimtab has a defect",
        );
    };
    let Some(observed) = observed else { return no_such_build() };
    // The event does not show that the build is of a pull request; the builder does. Training on it would run
    // unreviewed code.
    if codebuild::pull_request(&observed.variables).is_some() {
        let text = "CodeBuild reports that this build is of a pull request: training is not requested";
        return Plan::fail(Code::OtherBuild, text);
    }
    let Some(commit) = &observed.commit else {
        return Plan::skip(Code::NoCommit, "this build is not of one exact commit: training is not requested");
    };
    if ctx.state.is_none() && !has_model(ctx.policy, observed) {
        return Plan::skip(Code::NotStartedByTrimtab, "Trimtab did not start this build: training is not requested");
    }
    let phase = ctx.state.map(|build| &build.phase);
    if matches!(phase, Some(BuildPhase::Running { build, .. }) if *build != completion.build) {
        let text = format!("Trimtab started another build of {commit}: training is not requested for this one");
        return Plan::skip(Code::OtherBuild, text);
    }
    if is_running(&observed.status) {
        return Plan::skip(Code::StillRunning, "the builder reports that the build has not ended");
    }
    match (&observed.status, phase) {
        (BuildStatus::Succeeded, Some(BuildPhase::Succeeded)) => {
            Plan::skip(Code::AlreadyRequested, format!("training on {commit} was requested before"))
        }
        (BuildStatus::Succeeded, _) => request_training(ctx, commit, &completion.build),
        (_, Some(BuildPhase::Failed | BuildPhase::Succeeded)) => {
            Plan::skip(Code::AlreadyHandled, format!("the end of the build of {commit} was handled before"))
        }
        (status, _) => on_failure(ctx, commit, completion, status),
    }
}

/// Whether the build carries this model's name: such a build is Trimtab's, also without a record.
fn has_model(policy: &Policy, observed: &ObservedBuild) -> bool {
    observed.variables.get(MODEL_VARIABLE).is_some_and(|model| model == policy.model.as_str())
}

fn on_failure(ctx: CommitCtx<'_>, commit: &CommitId, completion: &Completion<'_>, status: &BuildStatus) -> Plan {
    let reason = Reason::new(Code::BuildFailed, format!("the build of {commit} ended as {status}"));
    let about = AboutBuild { model: Some(&ctx.policy.model), commit, build: Some(&completion.build), at: ctx.now };
    let fact = about.failed(&reason.text, completion.logs);
    let plan =
        Plan::only(Decision::Acted, reason).with_state(in_phase(ctx, commit, BuildPhase::Failed)).with_fact(fact);
    with_comment(ctx, plan, commit, &format!("ended as {status}"))
}

/// Requests training on the commit, once the training pipeline has the commit's definition.
fn request_training(ctx: CommitCtx<'_>, commit: &CommitId, build: &BuildRef) -> Plan {
    let reason = Reason::new(Code::Built, format!("the build of {commit} succeeded: training on it is requested"));
    let Some(request) = definition::request(ctx.policy, ctx.integrate, commit) else {
        let about = AboutBuild { model: Some(&ctx.policy.model), commit, build: Some(build), at: ctx.now };
        let plan = Plan::only(Decision::Acted, reason)
            .with_state(in_phase(ctx, commit, BuildPhase::Succeeded))
            .with_fact(about.training_requested());
        return with_comment(ctx, plan, commit, merge::SUCCEEDED);
    };
    if !ctx.observed.progress.is_head(commit) {
        let text = format!("no branch has {commit} as its head any more: training waits for the newer commit's build");
        let plan = Plan::update(in_phase(ctx, commit, BuildPhase::Succeeded), Code::BranchMoved, text);
        return with_comment(ctx, plan, commit, merge::SUCCEEDED);
    }
    // The request for training follows the update (see `apply_outcome`): in the plan's facts it would be published also
    // if the invocation dies before the update, and training would use the definition of another commit.
    let plan = Plan::only(Decision::Acted, reason)
        .with_state(in_phase(ctx, commit, BuildPhase::UpdatingPipeline { build: build.clone() }))
        .with_action(Action::update_pipeline(&ctx.policy.model, request));
    with_comment(ctx, plan, commit, merge::SUCCEEDED)
}

/// The build in another phase.
fn in_phase(ctx: CommitCtx<'_>, commit: &CommitId, phase: BuildPhase) -> State {
    let merge = ctx.state.and_then(|build| build.merge.clone());
    State::CommitBuild(CommitBuild { commit: commit.clone(), merge, phase })
}

/// The plan with the comment on the merged pull request, if one is due. The comment is the last action: if CodeCommit
/// refuses it, training is requested nevertheless.
fn with_comment(ctx: CommitCtx<'_>, plan: Plan, commit: &CommitId, result: &str) -> Plan {
    let merge = ctx.state.and_then(|build| build.merge.as_ref());
    match merge.and_then(|merge| merge::comment(ctx.integrate, commit, merge, result)) {
        Some(comment) => plan.with_action(Action::comment(comment)),
        None => plan,
    }
}

/// The actions of an earlier attempt that may not have completed; `ctx` is `None` if the policy has no `[integrate]`.
pub(crate) fn pending_actions(ctx: Option<CommitCtx<'_>>, state: &CommitBuild) -> Vec<Action> {
    let result = match &state.phase {
        // A claimed start is resumed also if the policy changed since: the builder may have it already.
        BuildPhase::Starting { request, .. } => return vec![Action::start(request.clone())],
        BuildPhase::Running { .. } => return Vec::new(),
        BuildPhase::UpdatingPipeline { build } => {
            return ctx.map(|ctx| pending_update(ctx, state, build)).unwrap_or_default();
        }
        BuildPhase::Succeeded => merge::SUCCEEDED,
        BuildPhase::Failed | BuildPhase::StartRefused => merge::FAILED,
    };
    let (Some(ctx), Some(merge)) = (ctx, &state.merge) else { return Vec::new() };
    merge::comment(ctx.integrate, &state.commit, merge, result).map(Action::comment).into_iter().collect()
}

fn pending_update(ctx: CommitCtx<'_>, state: &CommitBuild, build: &BuildRef) -> Vec<Action> {
    // The policy lost its definition since. The next event of the build requests training without an update.
    if definition::request(ctx.policy, ctx.integrate, &state.commit).is_none() {
        return Vec::new();
    }
    request_training(Ctx { state: Some(state), ..ctx }, &state.commit, build).actions
}
