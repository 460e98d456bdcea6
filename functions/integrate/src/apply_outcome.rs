//! What an action gave, or why it was refused, taken into the commit's build.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::name::{CommitId, ModelName};
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::reactor::ActionOutcome;

use crate::build::{Built, State, about, model_of, with};
use crate::decide::{Action, Done};
use crate::{definition, pull_request_build};

pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    match (action, outcome) {
        (Action::StartBuild { request, .. }, Ok(Done::Build(build))) => {
            // Whoever proposed it reads of it on the pull request, when it has ended.
            let told = pull_request_build::of(&request.variables).is_none();
            started(state, model_of(request), &request.commit, build, told, now)
        }
        (Action::StartPipelineExecution { request, .. }, Ok(Done::Build(build))) => {
            started(state, Some(request.model.clone()), &request.commit, build, true, now)
        }
        (Action::StartBuild { request, .. }, Err(cause)) => {
            refused(state, model_of(request), request.project.as_str(), &request.commit, &cause, now)
        }
        (Action::StartPipelineExecution { request, .. }, Err(cause)) => {
            refused(state, Some(request.model.clone()), request.pipeline.as_str(), &request.commit, &cause, now)
        }
        (Action::UpdatePipeline { model, request, .. }, Err(cause)) => {
            definition::refused(state, model, request, &cause, now)
        }
        (Action::PostCommentForPullRequest { .. }, Ok(_)) => {
            match state.merge() {
                Some(Some(merge)) => merge.told = true,
                _ => *state = State::Reviewed,
            }
            ActionOutcome::default()
        }
        (Action::PutEvents { fact, .. }, Ok(_)) => {
            handed_on(state, fact.kind);
            ActionOutcome::default()
        }
        (_, outcome) => {
            let cause = outcome.err().unwrap_or_else(|| "the answer does not fit the call".to_owned());
            ActionOutcome { reasons: vec![Reason::new("refused", cause)], ..ActionOutcome::default() }
        }
    }
}

/// Training was asked for, or the image handed on.
fn handed_on(state: &mut State, kind: FactKind) {
    match (kind, &mut *state) {
        (FactKind::TrainingRequested | FactKind::ImageAdopted, State::Image { told, .. }) => *told = true,
        (FactKind::TrainingRequested, _) => *state = State::Succeeded { merged: state.take_merge() },
        _ => {}
    }
}

fn started(
    state: &mut State,
    model: Option<ModelName>,
    commit: &CommitId,
    build: Built,
    told: bool,
    now: Timestamp,
) -> ActionOutcome {
    let branch = match state {
        State::Intended { branch, .. } => Some(branch.to_string()),
        _ => None,
    };
    let reasons = vec![format!("commit {commit} is being built")];
    let fact = with(about(FactKind::BuildStarted, model, commit, Some(&build), reasons, now), "branch", branch);
    *state = State::Started { build, since: Some(now), late: false, merged: state.take_merge() };
    ActionOutcome { facts: told.then_some(fact).into_iter().collect(), ..ActionOutcome::default() }
}

fn refused(
    state: &mut State,
    model: Option<ModelName>,
    builder: &str,
    commit: &CommitId,
    cause: &str,
    now: Timestamp,
) -> ActionOutcome {
    *state = State::Failed { merged: state.take_merge() };
    let reason = Reason::new("start_refused", format!("{builder} would not build {commit}: {cause}"));
    let told = about(FactKind::BuildFailed, model, commit, None, vec![reason.text.clone()], now);
    ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
}
