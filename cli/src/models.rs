//! The folder of policies.

use std::path::Path;

use trimtab_core::policy::{Policy, check_all};

use crate::fault::Fault;

/// Reads every `.toml` of a folder, in order of their names, and holds them against each other.
///
/// # Errors
/// The first fault.
pub fn read(folder: &Path) -> Result<Vec<Policy>, Fault> {
    let fault = |path: &Path, cause| Fault::File { path: path.display().to_string(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| fault(folder, cause))? {
        let path = entry.map_err(|cause| fault(folder, cause))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut policies = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).map_err(|cause| fault(path, cause))?;
        let label = path.display().to_string();
        let policy = Policy::parse(&label, &text)?;
        policies.push((label, policy));
    }
    if policies.is_empty() {
        return Err(Fault::NoPolicies(folder.display().to_string()));
    }
    check_all(&policies)?;
    Ok(policies.into_iter().map(|(_, policy)| policy).collect())
}
