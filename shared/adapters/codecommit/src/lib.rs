//! [`Repositories`] and [`PullRequests`] over CodeCommit. Reads code, and writes comments only.

use aws_config::SdkConfig;
use aws_sdk_codecommit::Client;
use aws_sdk_codecommit::types::PullRequestStatusEnum;
use trimtab_core::failure::Failure;
use trimtab_core::name::{BranchName, CommitId, FilePath, PullRequestId, RepositoryName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{CommentRequest, ObservedPullRequest, PullRequests, Repositories};
use trimtab_runtime::sdk;

const GET_BRANCH: &str = "codecommit:GetBranch";

/// A client of CodeCommit.
#[derive(Debug, Clone)]
pub struct CodeCommit {
    client: Client,
}

impl CodeCommit {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl Repositories for CodeCommit {
    async fn head(&self, repository: &RepositoryName, branch: &BranchName) -> PortResult<Option<CommitId>> {
        let call = self.client.get_branch().repository_name(repository.as_str()).branch_name(branch.as_str());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_absent(sdk::code(&error)) => return Ok(None),
            Err(error) => return Err(sdk::failure(GET_BRANCH, &error)),
        };
        let commit = answer.branch().and_then(|branch| branch.commit_id());
        commit.map(CommitId::parse).transpose().map_err(|error| Failure::permanent(GET_BRANCH, error.to_string()))
    }

    async fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> PortResult<Option<Vec<u8>>> {
        let call = self.client.get_file().repository_name(repository.as_str()).commit_specifier(commit.as_str());
        match call.file_path(path.as_str()).send().await {
            Ok(found) => Ok(Some(found.file_content.into_inner())),
            Err(error) if sdk::code(&error) == Some("FileDoesNotExistException") => Ok(None),
            Err(error) => Err(sdk::failure("codecommit:GetFile", &error)),
        }
    }
}

/// The largest number of open pull requests that are reconciled.
const OPEN: i32 = 25;

impl PullRequests for CodeCommit {
    async fn open(&self, repository: &RepositoryName) -> PortResult<Vec<PullRequestId>> {
        let call = self.client.list_pull_requests().repository_name(repository.as_str()).max_results(OPEN);
        let page = match call.pull_request_status(PullRequestStatusEnum::Open).send().await {
            Ok(page) => page,
            Err(error) if is_absent(sdk::code(&error)) => return Ok(Vec::new()),
            Err(error) => return Err(sdk::failure("codecommit:ListPullRequests", &error)),
        };
        Ok(page.pull_request_ids().iter().filter_map(|id| PullRequestId::parse(id).ok()).collect())
    }

    async fn pull_request(&self, id: &PullRequestId) -> PortResult<Option<ObservedPullRequest>> {
        let answer = match self.client.get_pull_request().pull_request_id(id.as_str()).send().await {
            Ok(answer) => answer,
            Err(error) if sdk::code(&error) == Some("PullRequestDoesNotExistException") => return Ok(None),
            Err(error) => return Err(sdk::failure("codecommit:GetPullRequest", &error)),
        };
        let commit = |text: Option<&str>| text.and_then(|id| CommitId::parse(id).ok());
        Ok(answer.pull_request().map(|found| {
            // A pull request has one target.
            let target = found.pull_request_targets().first();
            ObservedPullRequest {
                open: found.pull_request_status() == Some(&PullRequestStatusEnum::Open),
                merged: commit(
                    target
                        .and_then(|target| target.merge_metadata())
                        .filter(|merge| merge.is_merged())
                        .and_then(|merge| merge.merge_commit_id()),
                ),
                source: commit(target.and_then(|target| target.source_commit())),
                target: commit(target.and_then(|target| target.destination_commit())),
                destination: target.and_then(|target| branch(target.destination_reference()?)),
            }
        }))
    }

    async fn comment(&self, request: &CommentRequest) -> PortResult<()> {
        let call = self
            .client
            .post_comment_for_pull_request()
            .pull_request_id(request.pull_request.as_str())
            .repository_name(request.repository.as_str())
            .before_commit_id(request.before.as_str())
            .after_commit_id(request.after.as_str())
            .content(&request.content)
            .client_request_token(&request.token);
        let sent = call.send().await;
        sent.map(drop).map_err(|error| sdk::failure("codecommit:PostCommentForPullRequest", &error))
    }
}

fn branch(reference: &str) -> Option<BranchName> {
    BranchName::parse(reference.strip_prefix("refs/heads/").unwrap_or(reference)).ok()
}

fn is_absent(code: Option<&str>) -> bool {
    matches!(code, Some("BranchDoesNotExistException" | "RepositoryDoesNotExistException"))
}
