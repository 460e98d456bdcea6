//! The state after an action, and the facts that its outcome leads to.

use jiff::Timestamp;
use trimtab_core::name::ModelName;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::port::DefinitionRequest;
use trimtab_core::reactor::ActionOutcome;

use crate::action::{Action, Done};
use crate::build::{BuildRef, BuilderRequest};
use crate::fact::AboutBuild;
use crate::reason::Code;
use crate::state::{BuildPhase, CommitBuild, PullRequestBuild, State};

pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    match action {
        Action::StartBuild { request, .. } => start(state, &BuilderRequest::Codebuild(request.clone()), outcome, now),
        Action::StartPipelineExecution { request, .. } => {
            start(state, &BuilderRequest::Codepipeline(request.clone()), outcome, now)
        }
        Action::UpdatePipeline { model, request, .. } => match outcome {
            Ok(_) => pipeline_updated(state, model, request, now),
            Err(cause) => definition_refused(state, model, request, &cause, now),
        },
        Action::PostCommentForPullRequest { .. } => match outcome {
            Ok(_) => commented(state),
            Err(cause) => refused(&cause),
        },
        Action::PutEvents { .. } => match outcome {
            Ok(_) => image_published(state),
            Err(cause) => refused(&cause),
        },
    }
}

/// The state stays: the action is pending, and the next event of the aggregate resumes it.
fn refused(cause: &str) -> ActionOutcome {
    failed(Reason::new(Code::Refused, cause))
}

fn failed(reason: Reason) -> ActionOutcome {
    ActionOutcome { reasons: vec![reason], decision: Some(Decision::Failed), ..ActionOutcome::default() }
}

/// The state is of another aggregate than the action: a defect, which must not pass for a success.
fn unexpected(state: &State) -> ActionOutcome {
    let text = format!("the outcome of the action does not fit {}: Trimtab has a defect", state.kind());
    failed(Reason::new(Code::UnexpectedState, text))
}

fn start(state: &mut State, request: &BuilderRequest, outcome: Result<Done, String>, now: Timestamp) -> ActionOutcome {
    match outcome {
        Ok(Done::Build(build)) => started(state, request, build, now),
        Ok(Done::Applied) => unexpected(state),
        Err(cause) => start_refused(state, request, &cause, now),
    }
}

fn started(state: &mut State, request: &BuilderRequest, build: BuildRef, now: Timestamp) -> ActionOutcome {
    match state {
        State::CommitBuild(CommitBuild { commit, phase, .. }) => {
            let BuildPhase::Starting { branch, .. } = &*phase else { return unexpected(state) };
            let model = request.model();
            let about = AboutBuild { model: model.as_ref(), commit, build: Some(&build), at: now };
            let facts = vec![about.started(branch)];
            *phase = BuildPhase::Running { build, started_at: Some(now), deadline_reported: false };
            ActionOutcome { facts, ..ActionOutcome::default() }
        }
        // The author reads the result on the pull request; the subscribers of the model get no message about it.
        State::PullRequestBuild(phase) => {
            *phase = PullRequestBuild::Running { build };
            ActionOutcome::default()
        }
        _ => unexpected(state),
    }
}

fn start_refused(state: &mut State, request: &BuilderRequest, cause: &str, now: Timestamp) -> ActionOutcome {
    match state {
        State::CommitBuild(build) => build.phase = BuildPhase::StartRefused,
        State::PullRequestBuild(phase) => *phase = PullRequestBuild::StartRefused,
        _ => return unexpected(state),
    }
    let commit = request.commit();
    let text = format!("{} refused to build {commit}: {cause}", request.builder());
    let reason = Reason::new(Code::StartRefused, text);
    let model = request.model();
    let about = AboutBuild { model: model.as_ref(), commit, build: None, at: now };
    ActionOutcome { facts: vec![about.start_refused(&reason.text)], ..failed(reason) }
}

/// The pipeline has the commit's definition: training is requested.
fn pipeline_updated(
    state: &mut State,
    model: &ModelName,
    request: &DefinitionRequest,
    now: Timestamp,
) -> ActionOutcome {
    let Some(build) = end_update(state, BuildPhase::Succeeded) else { return unexpected(state) };
    let about = AboutBuild { model: Some(model), commit: &request.commit, build: Some(&build), at: now };
    ActionOutcome { facts: vec![about.training_requested()], ..ActionOutcome::default() }
}

/// Training is not requested: it would use the definition of an older commit.
fn definition_refused(
    state: &mut State,
    model: &ModelName,
    request: &DefinitionRequest,
    cause: &str,
    now: Timestamp,
) -> ActionOutcome {
    let Some(build) = end_update(state, BuildPhase::Failed) else { return unexpected(state) };
    let DefinitionRequest { pipeline, commit, .. } = request;
    let text = format!("{pipeline} did not get the definition of {commit}, and training is not requested: {cause}");
    let reason = Reason::new(Code::DefinitionRefused, text);
    let about = AboutBuild { model: Some(model), commit, build: Some(&build), at: now };
    ActionOutcome { facts: vec![about.definition_refused(model, &reason.text)], ..failed(reason) }
}

/// Ends the update of the pipeline in this phase, and returns the build; `None` if no update was claimed.
fn end_update(state: &mut State, next: BuildPhase) -> Option<BuildRef> {
    let State::CommitBuild(CommitBuild { phase, .. }) = state else { return None };
    let BuildPhase::UpdatingPipeline { build } = &*phase else { return None };
    let build = build.clone();
    *phase = next;
    Some(build)
}

fn commented(state: &mut State) -> ActionOutcome {
    match state {
        State::CommitBuild(CommitBuild { merge: Some(merge), .. }) => merge.commented = true,
        State::PullRequestBuild(phase) => *phase = PullRequestBuild::Commented,
        _ => return unexpected(state),
    }
    ActionOutcome::default()
}

fn image_published(state: &mut State) -> ActionOutcome {
    let State::TrainingImage(image) = state else { return unexpected(state) };
    image.published = true;
    ActionOutcome::default()
}
