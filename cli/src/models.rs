//! The folder of policies: one file a model, and `suite.toml` for what holds for all.

use std::path::{Path, PathBuf};

use trimtab_core::policy::{OrganizationPolicy, Policy, check_all, suite};

use crate::fault::Fault;

/// All that a folder says.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    /// The models' policies, in the order of their files' names.
    pub policies: Vec<Policy>,
    /// What holds for the whole suite, where the folder says so.
    pub suite: Option<OrganizationPolicy>,
}

/// Reads every `.toml` of a folder, and holds the models' policies against each other.
///
/// # Errors
/// The first fault.
pub fn read(folder: &Path) -> Result<Models, Fault> {
    let fault = |path: &Path, cause| Fault::File { path: path.display().to_string(), cause };
    let (mut policies, mut whole) = (Vec::new(), None);
    for path in &files(folder)? {
        let text = std::fs::read_to_string(path).map_err(|cause| fault(path, cause))?;
        let label = path.display().to_string();
        if path.file_name().is_some_and(|name| name == suite::FILE) {
            whole = Some(OrganizationPolicy::parse(&label, &text)?);
        } else {
            let policy = Policy::parse(&label, &text)?;
            policies.push((label, policy));
        }
    }
    if policies.is_empty() {
        return Err(Fault::NoPolicies(folder.display().to_string()));
    }
    check_all(&policies)?;
    Ok(Models { policies: policies.into_iter().map(|(_, policy)| policy).collect(), suite: whole })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let fault = |cause| Fault::File { path: folder.display().to_string(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
