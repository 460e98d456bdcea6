//! Names and tokens, derived from the version alone: a repeated call finds its own earlier effect.

use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::port::ExecutionRequest;
use trimtab_core::text::digest;

/// Name of the execution that tests this version; at most 40 + 2 + 10 + 1 + 8 characters.
#[must_use]
pub fn execution_name(model: &ModelName, package: &PackageArn) -> String {
    format!("{model}-v{}-{}", package.version(), digest(&[package.as_str()], 8))
}

/// The version that an execution of this name tests; `None` if no version's execution has such a name.
#[must_use]
pub fn version_of(execution: &str) -> Option<u32> {
    let (rest, _) = execution.rsplit_once('-')?;
    rest.rsplit_once("-v")?.1.parse().ok()
}

/// Client token of the verdict, and the stamp by which a later attempt recognizes it; 36 characters.
pub(crate) fn verdict_token(execution: &ExecutionRequest, package: &PackageArn) -> String {
    format!("trimtab-{}", digest(&[&execution.name, package.as_str()], 28))
}
