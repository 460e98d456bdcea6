//! The training pipeline's definition: it comes from the built commit, before training is asked for.
//!
//! The pipeline never goes back: only the head of a watched branch defines it. What was built and is
//! no head any more is left to the newer commit, whose own build defines and trains.
//!
//! The text is the repository's: it is held against what a definition must be, and never shown.

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::fact::FactKind;
use trimtab_core::failure::Failure;
use trimtab_core::name::{CommitId, ModelName};
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::{DefinitionRequest, MAX_DEFINITION_BYTES};
use trimtab_core::reactor::ActionOutcome;
use trimtab_core::text::digest;

use crate::build::{State, about};
use crate::decide::Observed;

/// What the pipeline is to be brought to, where the policy names a definition.
pub(crate) fn request(policy: &Policy, commit: &CommitId) -> Option<DefinitionRequest> {
    let rules = policy.integrate.as_ref()?;
    let (path, pipeline) = (rules.definition.clone()?, policy.retrain.as_ref()?.engine.pipeline()?.clone());
    Some(DefinitionRequest {
        token: digest(&["definition", policy.model.as_str(), pipeline.as_str(), commit.as_str()], 40),
        repository: rules.repository.clone(),
        role: rules.pipeline_role.clone(),
        commit: commit.clone(),
        pipeline,
        path,
    })
}

/// Whether this commit may define the pipeline: nobody has pushed over it.
pub(crate) fn is_head(observed: &Observed, commit: &CommitId) -> bool {
    match observed {
        Observed::Head(head) => head.as_ref() == Some(commit),
        Observed::Build(_, heads) => heads.contains(commit),
        _ => false,
    }
}

/// The pipeline would not have it: there is no training on what it had before.
pub(crate) fn refused(
    state: &mut State,
    model: &ModelName,
    request: &DefinitionRequest,
    cause: &str,
    now: Timestamp,
) -> ActionOutcome {
    let merged = state.take_merge();
    let build = match std::mem::replace(state, State::Failed { merged }) {
        State::Asking { build, .. } => Some(build),
        _ => None,
    };
    let DefinitionRequest { pipeline, commit, .. } = request;
    let text = format!("{pipeline} did not get the definition of {commit}, and is not trained: {cause}");
    let reason = Reason::new("definition_refused", text);
    let model = Some(model.clone());
    let told = about(FactKind::BuildFailed, model, commit, build.as_ref(), vec![reason.text.clone()], now);
    ActionOutcome { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Failed) }
}

/// The text, if it is a definition.
pub(crate) fn text(request: &DefinitionRequest, content: Option<Vec<u8>>) -> Result<String, Failure> {
    let refuse = |problem: &str| {
        Failure::permanent("codecommit:GetFile", format!("{} of {} {problem}", request.path, request.commit))
    };
    let Some(content) = content else {
        return Err(refuse("is not in the repository"));
    };
    if content.len() > MAX_DEFINITION_BYTES {
        return Err(refuse("is larger than the 1 MiB that SageMaker takes"));
    }
    let text = String::from_utf8(content).map_err(|_| refuse("is not UTF-8 text"))?;
    let read: Value = serde_json::from_str(&text).map_err(|_| refuse("is not JSON"))?;
    if read.get("Version").is_some_and(Value::is_string) && read.get("Steps").is_some_and(Value::is_array) {
        Ok(text)
    } else {
        Err(refuse("is no pipeline definition: expected an object with Version and Steps"))
    }
}
