//! Events of [CodeBuild](https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, lenient, read};
use crate::name::{BuildId, CommitId, ProjectName};

lenient::words! {
    /// The status of a build.
    BuildStatus {
        /// The build is running.
        InProgress = "IN_PROGRESS",
        /// The build succeeded.
        Succeeded = "SUCCEEDED",
        /// A command of the build failed.
        Failed = "FAILED",
        /// CodeBuild itself failed.
        Fault = "FAULT",
        /// A user stopped the build.
        Stopped = "STOPPED",
        /// The build exceeded its timeout.
        TimedOut = "TIMED_OUT",
    }
}

/// A status change of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The CodeBuild project.
    pub project: ProjectName,
    /// The build's ID.
    pub id: BuildId,
    /// The new status.
    pub status: BuildStatus,
    /// The commit, if the build was started for a full commit ID.
    pub commit: Option<CommitId>,
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
    /// The URL of the log.
    pub logs: Option<String>,
}

impl Build {
    #[allow(clippy::too_many_lines, reason = "the shapes of the event stand beside the code that reads them")]
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            build_status: BuildStatus,
            project_name: ProjectName,
            build_id: BuildId,
            #[serde(default, deserialize_with = "lenient::or_default")]
            additional_information: Information,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case")]
        struct Information {
            source_version: Option<String>,
            #[serde(default, deserialize_with = "lenient::or_default")]
            environment: Environment,
            #[serde(default, deserialize_with = "lenient::or_default")]
            logs: Logs,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case")]
        struct Environment {
            #[serde(default, deserialize_with = "lenient::or_default")]
            environment_variables: Vec<Variable>,
        }
        #[derive(Deserialize)]
        struct Variable {
            name: String,
            #[serde(default, deserialize_with = "lenient::or_default")]
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
