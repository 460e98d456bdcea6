//! The definition of the training pipeline. It comes from the built commit, before training is requested.
//!
//! An older commit never overwrites the definition of a newer one: only the head of a configured branch defines the
//! pipeline. For another commit, the newer commit's own build updates the pipeline and requests training.
//!
//! The text comes from the repository. It is validated, and never shown.

use serde_json::Value;
use trimtab_core::failure::Failure;
use trimtab_core::name::CommitId;
use trimtab_core::policy::{Integrate, Policy};
use trimtab_core::port::{DefinitionRequest, MAX_DEFINITION_BYTES};
use trimtab_core::text::digest;

/// The update of the pipeline; `None` if the policy names no definition.
pub(crate) fn request(policy: &Policy, integrate: &Integrate, commit: &CommitId) -> Option<DefinitionRequest> {
    let path = integrate.definition.clone()?;
    let pipeline = policy.retrain.as_ref()?.engine.pipeline()?.clone();
    Some(DefinitionRequest {
        token: digest(&["definition", policy.model.as_str(), pipeline.as_str(), commit.as_str()], 40),
        repository: integrate.repository.clone(),
        role: integrate.pipeline_role.clone(),
        commit: commit.clone(),
        pipeline,
        path,
    })
}

/// The file's content as the text of a definition, or a permanent failure with the problem.
pub(crate) fn text(request: &DefinitionRequest, content: Option<Vec<u8>>) -> Result<String, Failure> {
    let refuse = |problem: &str| {
        Failure::permanent("codecommit:GetFile", format!("{} of {} {problem}", request.path, request.commit))
    };
    let Some(content) = content else {
        return Err(refuse("is not in the repository"));
    };
    if content.len() > MAX_DEFINITION_BYTES {
        return Err(refuse("is larger than the 1 MiB that SageMaker accepts"));
    }
    let text = String::from_utf8(content).map_err(|_| refuse("is not UTF-8 text"))?;
    let read: Value = serde_json::from_str(&text).map_err(|_| refuse("is not JSON"))?;
    if read.get("Version").is_some_and(Value::is_string) && read.get("Steps").is_some_and(Value::is_array) {
        Ok(text)
    } else {
        Err(refuse("is not a pipeline definition: expected an object with Version and Steps"))
    }
}
