//! CodeCommit, CodeBuild and CodePipeline.
//!
//! [CodeCommit](https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html),
//! [CodeBuild](https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html),
//! [CodePipeline](https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, loose, name, read};
use crate::name::{BranchName, BuildId, CodePipelineName, CommitId, ProjectName, PullRequestId, RepositoryName};

loose::words! {
    /// What happened to a reference.
    ReferenceKind {
        /// It is new.
        Created = "referenceCreated",
        /// It was pushed to.
        Updated = "referenceUpdated",
        /// It is gone.
        Deleted = "referenceDeleted",
    }
}

loose::words! {
    /// A build's status.
    BuildStatus {
        /// It runs.
        InProgress = "IN_PROGRESS",
        /// It ended well.
        Succeeded = "SUCCEEDED",
        /// A command of it failed.
        Failed = "FAILED",
        /// CodeBuild failed it.
        Fault = "FAULT",
        /// Somebody stopped it.
        Stopped = "STOPPED",
        /// It took too long.
        TimedOut = "TIMED_OUT",
    }
}

loose::words! {
    /// The state of a CodePipeline execution.
    CodePipelineState {
        /// It runs.
        Started = "STARTED",
        /// It runs again.
        Resumed = "RESUMED",
        /// It ended well.
        Succeeded = "SUCCEEDED",
        /// It failed.
        Failed = "FAILED",
        /// It is being stopped.
        Stopping = "STOPPING",
        /// Somebody stopped it.
        Stopped = "STOPPED",
        /// A newer one took its place.
        Superseded = "SUPERSEDED",
        /// It was cancelled.
        Canceled = "CANCELED",
    }
}

/// A branch or tag was created, moved or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The repository.
    pub repository: RepositoryName,
    /// What happened.
    pub kind: ReferenceKind,
    /// The branch; `None` for a tag, and for a branch whose name Trimtab takes nowhere.
    pub branch: Option<BranchName>,
    /// The commit it points to now; `None` when it is gone or not a full id.
    pub commit: Option<CommitId>,
    /// The commit it pointed to before.
    pub before: Option<CommitId>,
}

impl Reference {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            event: ReferenceKind,
            repository_name: RepositoryName,
            #[serde(default, deserialize_with = "loose::or_default")]
            reference_type: String,
            #[serde(default, deserialize_with = "loose::or_default")]
            reference_name: String,
            commit_id: Option<String>,
            old_commit_id: Option<String>,
        }
        let detail: Detail = read(what, detail)?;
        let is_branch = detail.reference_type == "branch";
        Ok(Self {
            repository: detail.repository_name,
            kind: detail.event,
            branch: is_branch.then(|| BranchName::parse(&detail.reference_name).ok()).flatten(),
            commit: detail.commit_id.and_then(|id| CommitId::parse(&id).ok()),
            before: detail.old_commit_id.and_then(|id| CommitId::parse(&id).ok()),
        })
    }
}

/// A pull request was opened, changed or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The repository.
    pub repository: RepositoryName,
    /// Its number.
    pub id: PullRequestId,
    /// What happened, such as `pullRequestCreated`.
    pub event: String,
    /// `Open` or `Closed`.
    pub status: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The commit that is proposed.
    pub source_commit: Option<CommitId>,
    /// The branch it is proposed for.
    pub destination: Option<BranchName>,
}

impl PullRequest {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Detail {
            repository_names: [RepositoryName; 1],
            pull_request_id: PullRequestId,
            #[serde(default, deserialize_with = "loose::or_default")]
            event: String,
            #[serde(default, deserialize_with = "loose::or_default")]
            pull_request_status: String,
            // `True` or `False`, as text.
            #[serde(default, deserialize_with = "loose::or_default")]
            is_merged: String,
            source_commit: Option<String>,
            destination_reference: Option<String>,
        }
        let detail: Detail = read(what, detail)?;
        let [repository] = detail.repository_names;
        let branch = |name: String| BranchName::parse(name.strip_prefix("refs/heads/").unwrap_or(&name)).ok();
        Ok(Self {
            repository,
            id: detail.pull_request_id,
            event: detail.event,
            status: detail.pull_request_status,
            merged: detail.is_merged.eq_ignore_ascii_case("true"),
            source_commit: detail.source_commit.and_then(|id| CommitId::parse(&id).ok()),
            destination: detail.destination_reference.and_then(branch),
        })
    }
}

/// A build changed its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The project.
    pub project: ProjectName,
    /// The build.
    pub id: BuildId,
    /// Its status.
    pub status: BuildStatus,
    /// The commit, where the build was started for a full commit id.
    pub commit: Option<CommitId>,
    /// Its environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where its log can be read.
    pub logs: Option<String>,
}

impl Build {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            build_status: BuildStatus,
            project_name: ProjectName,
            build_id: BuildId,
            #[serde(default, deserialize_with = "loose::or_default")]
            additional_information: Information,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case")]
        struct Information {
            source_version: Option<String>,
            #[serde(default, deserialize_with = "loose::or_default")]
            environment: Environment,
            #[serde(default, deserialize_with = "loose::or_default")]
            logs: Logs,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case")]
        struct Environment {
            #[serde(default, deserialize_with = "loose::or_default")]
            environment_variables: Vec<Variable>,
        }
        #[derive(Deserialize)]
        struct Variable {
            name: String,
            #[serde(default, deserialize_with = "loose::or_default")]
            value: String,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case")]
        struct Logs {
            deep_link: Option<String>,
        }
        let Detail { build_status: status, project_name: project, build_id: id, additional_information: more } =
            read(what, detail)?;
        Ok(Self {
            project,
            id,
            status,
            commit: more.source_version.and_then(|id| CommitId::parse(&id).ok()),
            variables: more
                .environment
                .environment_variables
                .into_iter()
                .map(|variable| (variable.name, variable.value))
                .collect(),
            logs: more.logs.deep_link,
        })
    }
}

/// A CodePipeline execution changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePipelineExecution {
    /// The pipeline.
    pub pipeline: CodePipelineName,
    /// The execution's id.
    pub execution: String,
    /// Its state.
    pub state: CodePipelineState,
}

impl CodePipelineExecution {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            pipeline: String,
            execution_id: String,
            state: CodePipelineState,
        }
        let detail: Detail = read(what, detail)?;
        Ok(Self {
            pipeline: name(what, "detail.pipeline", &detail.pipeline, CodePipelineName::parse)?,
            execution: crate::text::one_line(&detail.execution_id, 64),
            state: detail.state,
        })
    }
}

/// An action of a CodePipeline execution changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeliveryAction {
    /// The pipeline.
    pub pipeline: CodePipelineName,
    /// The execution's id.
    pub execution_id: String,
    /// The action.
    pub action: String,
    /// Its state.
    pub state: CodePipelineState,
}
