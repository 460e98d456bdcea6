//! [`Builds`] over CodeBuild. A build is started with a commit, a token and plain variables only: buildspec, image,
//! role and privileges are those of the project.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{Build, EnvironmentVariable, EnvironmentVariableType};
use trimtab_core::event::BuildStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BuildId, CommitId};
use trimtab_core::port::PortResult;
use trimtab_core::port::{BuildRequest, Builds, ObservedBuild};
use trimtab_runtime::sdk;

const START: &str = "codebuild:StartBuild";
const LIST: &str = "codebuild:ListBuildsForProject";
const GET: &str = "codebuild:BatchGetBuilds";

/// The prefix of Trimtab's variables.
const OURS: &str = "TRIMTAB_";

/// The number of a project's newest builds that are searched for an earlier start. A lost response leads to a retry
/// within minutes.
const NEWEST: usize = 50;

/// A client of CodeBuild.
#[derive(Debug, Clone)]
pub struct CodeBuild {
    client: Client,
}

impl CodeBuild {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn get(&self, ids: Vec<String>) -> PortResult<Vec<Build>> {
        let answer = self.client.batch_get_builds().set_ids(Some(ids)).send().await;
        Ok(answer.map_err(|error| sdk::failure(GET, &error))?.builds.unwrap_or_default())
    }
}

impl Builds for CodeBuild {
    async fn find(&self, request: &BuildRequest) -> PortResult<Option<BuildId>> {
        let page = self.client.list_builds_for_project().project_name(request.project.as_str()).send().await;
        let mut ids = page.map_err(|error| sdk::failure(LIST, &error))?.ids.unwrap_or_default();
        ids.truncate(NEWEST);
        if ids.is_empty() {
            return Ok(None);
        }
        let mut builds = self.get(ids).await?;
        builds.retain(|build| carries(build, request));
        // BatchGetBuilds guarantees no order.
        builds.sort_by_key(|build| build.start_time().map(|at| at.as_nanos()));
        builds.last().map(|build| id(GET, build)).transpose()
    }

    async fn start(&self, request: &BuildRequest) -> PortResult<BuildId> {
        let mut call = self
            .client
            .start_build()
            .project_name(request.project.as_str())
            .source_version(request.commit.as_str())
            .idempotency_token(&request.token);
        for (name, value) in &request.variables {
            let variable = EnvironmentVariable::builder()
                .name(name)
                .value(value)
                .r#type(EnvironmentVariableType::Plaintext)
                .build()
                .map_err(|error| Failure::permanent(START, error.to_string()))?;
            call = call.environment_variables_override(variable);
        }
        let answer = call.send().await.map_err(|error| sdk::failure(START, &error))?;
        id(START, answer.build_value().ok_or_else(|| Failure::transient(START, "the response has no build"))?)
    }

    async fn describe(&self, build: &BuildId) -> PortResult<Option<ObservedBuild>> {
        let builds = self.get(vec![build.short().to_owned()]).await?;
        Ok(builds.first().map(|build| ObservedBuild {
            status: BuildStatus::parse(build.build_status().map_or("UNKNOWN", |status| status.as_str())),
            commit: build.source_version().and_then(|version| CommitId::parse(version).ok()),
            variables: variables(build),
        }))
    }
}

fn id(operation: &'static str, build: &Build) -> PortResult<BuildId> {
    BuildId::parse(build.arn().unwrap_or_default()).map_err(|error| Failure::transient(operation, error.to_string()))
}

/// Whether a build has exactly the request's variables with Trimtab's prefix. The project may add others. A pull
/// request's build of a commit is not the branch's build of it.
fn carries(build: &Build, request: &BuildRequest) -> bool {
    let mut known = variables(build);
    known.retain(|name, _| name.starts_with(OURS) || request.variables.contains_key(name));
    build.source_version() == Some(request.commit.as_str()) && known == request.variables
}

fn variables(build: &Build) -> BTreeMap<String, String> {
    let all = build.environment().map(|environment| environment.environment_variables()).unwrap_or_default();
    all.iter().map(|variable| (variable.name().to_owned(), variable.value().to_owned())).collect()
}
