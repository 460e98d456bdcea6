//! The directory of policies: one file for each model, and `organization.toml` for all models.

use std::path::{Path, PathBuf};

use trimtab_core::policy::{OrganizationPolicy, Policy, check_all, organization};

use crate::fault::Fault;

/// The policies of a directory.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicySet {
    /// The models' policies, in the order of their files' names.
    pub policies: Vec<Policy>,
    /// The organization's policy, if the directory has one.
    pub organization: Option<OrganizationPolicy>,
}

/// Reads every `.toml` of a directory, and checks the models' policies for conflicts.
///
/// # Errors
/// The first fault.
pub fn read(folder: &Path) -> Result<PolicySet, Fault> {
    let fault = |path: &Path, cause| Fault::File { path: path.display().to_string(), cause };
    let (mut policies, mut whole) = (Vec::new(), None);
    for path in &files(folder)? {
        let text = std::fs::read_to_string(path).map_err(|cause| fault(path, cause))?;
        let label = path.display().to_string();
        if path.file_name().is_some_and(|name| name == organization::FILE) {
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
    Ok(PolicySet { policies: policies.into_iter().map(|(_, policy)| policy).collect(), organization: whole })
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
