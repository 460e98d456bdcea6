//! `[integrate]`: which pushes are built, and by what.

use serde::{Deserialize, Serialize};

use super::check::Fault;
use crate::name::{BranchName, FilePath, ProjectName, RepositoryName, RoleArn};

/// Which pushes are built, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// The CodeCommit repository.
    pub repository: RepositoryName,
    /// The branches that are built.
    pub branches: Vec<BranchName>,
    /// The CodeBuild project.
    pub project: ProjectName,
    /// The CodeBuild project that builds pull requests to these branches; absent means none does. It
    /// runs code that nobody has reviewed: its role should be able to do less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_requests: Option<ProjectName>,
    /// The file in the repository that holds the definition of `retrain.pipeline`: when a commit's
    /// build has succeeded, the pipeline gets that commit's. Absent means that somebody else sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<FilePath>,
    /// The role of the pipeline's runs. Without it, a pipeline that is not there is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_role: Option<RoleArn>,
}

pub(super) fn limits(integrate: &Integrate, trains: bool) -> Option<Fault> {
    let rules = [
        (!integrate.branches.is_empty(), "integrate.branches", "expected at least one branch"),
        (
            integrate.definition.is_none() || trains,
            "integrate.definition",
            "expected a retrain.pipeline: it is what the definition is for",
        ),
    ];
    super::check::first(rules)
}
