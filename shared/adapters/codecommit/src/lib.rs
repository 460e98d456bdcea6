//! [`Repositories`] over CodeCommit. Reads only.

use aws_config::SdkConfig;
use aws_sdk_codecommit::Client;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, CommitId, RepositoryName};
use trimtab_core::port::Answer;
use trimtab_core::port::ml::Repositories;
use trimtab_runtime::sdk;

const GET_BRANCH: &str = "codecommit:GetBranch";

/// CodeCommit's repositories.
#[derive(Debug, Clone)]
pub struct CodeCommit {
    client: Client,
}

impl CodeCommit {
    /// The repositories of the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Repositories for CodeCommit {
    async fn head(&self, repository: &RepositoryName, branch: &BranchName) -> Answer<Option<CommitId>> {
        let call = self.client.get_branch().repository_name(repository.as_str()).branch_name(branch.as_str());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_absent(sdk::code(&error)) => return Ok(None),
            Err(error) => return Err(sdk::failure(GET_BRANCH, &error)),
        };
        let commit = answer.branch().and_then(|branch| branch.commit_id());
        commit.map(CommitId::parse).transpose().map_err(|error| Failure::reject(GET_BRANCH, error.to_string()))
    }
}

fn is_absent(code: Option<&str>) -> bool {
    matches!(code, Some("BranchDoesNotExistException" | "RepositoryDoesNotExistException"))
}
