//! CodeCommit: repositories, branches, pull requests, and commits whose ids are hashes of their content.

mod files;
mod merge;
mod pulls;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::wire::{ApiError, ApiResult, Input, time};
use crate::world::{World, lock};

#[derive(Debug, Default)]
pub(crate) struct State {
    repositories: BTreeMap<String, Repository>,
    pulls: Vec<pulls::Pull>,
}

#[derive(Debug)]
struct Repository {
    id: String,
    created: Timestamp,
    description: Option<String>,
    /// The first branch, which is the default branch and cannot be deleted.
    default: Option<String>,
    branches: BTreeMap<String, String>,
    commits: BTreeMap<String, Value>,
    /// The files of each commit.
    trees: BTreeMap<String, files::Tree>,
}

pub(crate) async fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<ApiResult> {
    Some(match action {
        "CreateRepository" => create_repository(world, input),
        "GetRepository" => get_repository(world, input),
        "CreateCommit" => create_commit(world, input).await,
        "GetFile" => files::get(world, input),
        "GetCommit" => get_commit(world, input),
        "CreateBranch" => create_branch(world, input).await,
        "GetBranch" => get_branch(world, input),
        "DeleteBranch" => delete_branch(world, input).await,
        "CreatePullRequest" => pulls::create(world, input).await,
        "GetPullRequest" => pulls::get(world, input),
        "ListPullRequests" => pulls::list(world, input),
        "UpdatePullRequestStatus" => pulls::close(world, input).await,
        "MergePullRequestByFastForward" => merge::merge(world, input, merge::Option::FastForward).await,
        "MergePullRequestByThreeWay" => merge::merge(world, input, merge::Option::ThreeWay).await,
        "PostCommentForPullRequest" => pulls::comment(world, input),
        "GetCommentsForPullRequest" => pulls::comments(world, input),
        _ => return None,
    })
}

fn create_repository(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("repositoryName")?;
    let repository = Repository {
        id: uuid::Uuid::new_v4().to_string(),
        created: Timestamp::now(),
        description: input.text("repositoryDescription").map(str::to_owned),
        default: None,
        branches: BTreeMap::new(),
        commits: BTreeMap::new(),
        trees: BTreeMap::new(),
    };
    let metadata = metadata(world, name, &repository);
    let repositories = &mut lock(&world.codecommit).repositories;
    if repositories.contains_key(name) {
        return Err(ApiError::new("RepositoryNameExistsException", format!("Repository named {name} already exists")));
    }
    repositories.insert(name.to_owned(), repository);
    Ok(json!({"repositoryMetadata": metadata}))
}

fn metadata(world: &World, name: &str, repository: &Repository) -> Value {
    let region = &world.config.region;
    let mut metadata = json!({
        "accountId": world.config.account,
        "repositoryId": repository.id,
        "repositoryName": name,
        "creationDate": time(repository.created),
        "lastModifiedDate": time(repository.created),
        "cloneUrlHttp": format!("https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "cloneUrlSsh": format!("ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "Arn": world.arn("codecommit", name),
    });
    let optional = [("repositoryDescription", &repository.description), ("defaultBranch", &repository.default)];
    if let Some(fields) = metadata.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))));
    }
    metadata
}

fn get_repository(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("repositoryName")?;
    with(world, name, |repository| Ok(json!({"repositoryMetadata": metadata(world, name, repository)})))
}

async fn create_commit(world: &World, input: Input<'_>) -> ApiResult {
    let (name, branch) = (input.need("repositoryName")?, input.need("branchName")?);
    let (commit, tree, before) = with(world, name, |repository| {
        let head = repository.branches.get(branch).cloned();
        let parent = input.text("parentCommitId").map(str::to_owned);
        match (&head, &parent) {
            (Some(_), None) => {
                return Err(ApiError::new(
                    "ParentCommitIdRequiredException",
                    "A parent commit ID is required. To view the full commit ID of a branch in a repository, use GetBranch.",
                ));
            }
            (Some(head), Some(parent)) if head != parent => {
                return Err(ApiError::new(
                    "ParentCommitIdOutdatedException",
                    "The parent commit ID is not the current tip of the branch.",
                ));
            }
            (None, Some(parent)) if !repository.commits.contains_key(parent) => {
                return Err(ApiError::new("ParentCommitDoesNotExistException", "The parent commit ID does not exist."));
            }
            _ => {}
        }
        let tree = hash(&["tree", &input.0.to_string()]);
        let commit = hash(&["commit", parent.as_deref().unwrap_or_default(), &tree]);
        let author = json!({
            "name": input.text("authorName").unwrap_or("local"),
            "email": input.text("email").unwrap_or_default(),
            "date": format!("{} +0000", Timestamp::now().as_second()),
        });
        let described = json!({
            "commitId": commit,
            "treeId": tree,
            "parents": parent.iter().collect::<Vec<_>>(),
            "message": input.text("commitMessage").unwrap_or_default(),
            "author": author,
            "committer": author,
            "additionalData": "",
        });
        repository.commits.insert(commit.clone(), described);
        let holds = files::changed(parent.and_then(|parent| repository.trees.get(&parent)), input);
        repository.trees.insert(commit.clone(), holds);
        repository.default.get_or_insert_with(|| branch.to_owned());
        repository.branches.insert(branch.to_owned(), commit.clone());
        Ok((commit, tree, head))
    })?;
    send_event(world, name, branch, Some(&commit), before.as_deref()).await;
    pulls::pushed(world, name, branch).await;
    Ok(json!({"commitId": commit, "treeId": tree, "filesAdded": [], "filesUpdated": [], "filesDeleted": []}))
}

/// A hash of 40 hexadecimal digits.
fn hash(parts: &[&str]) -> String {
    let bytes = Sha256::digest(parts.join("\n"));
    bytes.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

fn get_commit(world: &World, input: Input<'_>) -> ApiResult {
    let (name, id) = (input.need("repositoryName")?, input.need("commitId")?);
    with(world, name, |repository| {
        let commit = repository.commits.get(id).cloned();
        commit
            .map(|commit| json!({"commit": commit}))
            .ok_or_else(|| ApiError::new("CommitIdDoesNotExistException", format!("Commit {id} does not exist")))
    })
}

async fn create_branch(world: &World, input: Input<'_>) -> ApiResult {
    let (name, branch, commit) = (input.need("repositoryName")?, input.need("branchName")?, input.need("commitId")?);
    with(world, name, |repository| {
        if !repository.commits.contains_key(commit) {
            return Err(ApiError::new("CommitDoesNotExistException", format!("Commit {commit} does not exist")));
        }
        if repository.branches.contains_key(branch) {
            return Err(ApiError::new("BranchNameExistsException", format!("Branch {branch} already exists")));
        }
        repository.branches.insert(branch.to_owned(), commit.to_owned());
        Ok(())
    })?;
    send_event(world, name, branch, Some(commit), None).await;
    Ok(json!({}))
}

fn get_branch(world: &World, input: Input<'_>) -> ApiResult {
    let (name, branch) = (input.need("repositoryName")?, input.need("branchName")?);
    with(world, name, |repository| {
        let head = repository.branches.get(branch);
        head.map(|head| json!({"branch": {"branchName": branch, "commitId": head}})).ok_or_else(|| no_branch(branch))
    })
}

async fn delete_branch(world: &World, input: Input<'_>) -> ApiResult {
    let (name, branch) = (input.need("repositoryName")?, input.need("branchName")?);
    let removed = with(world, name, |repository| match &repository.default {
        Some(default) if default == branch => Err(ApiError::new(
            "DefaultBranchCannotBeDeletedException",
            format!("Branch {branch} is the default branch of the repository and cannot be deleted"),
        )),
        _ => Ok(repository.branches.remove(branch)),
    })?;
    let Some(commit) = removed else { return Ok(json!({})) };
    send_event(world, name, branch, None, Some(&commit)).await;
    Ok(json!({"deletedBranch": {"branchName": branch, "commitId": commit}}))
}

fn no_branch(branch: &str) -> ApiError {
    ApiError::new("BranchDoesNotExistException", format!("Branch {branch} does not exist"))
}

fn with<T>(world: &World, name: &str, act: impl FnOnce(&mut Repository) -> Result<T, ApiError>) -> Result<T, ApiError> {
    let mut state = lock(&world.codecommit);
    match state.repositories.get_mut(name) {
        Some(repository) => act(repository),
        None => Err(ApiError::new("RepositoryDoesNotExistException", format!("{name} does not exist"))),
    }
}

async fn send_event(world: &World, name: &str, branch: &str, commit: Option<&str>, before: Option<&str>) {
    let Ok(id) = with(world, name, |repository| Ok(repository.id.clone())) else { return };
    let event = match (commit, before) {
        (Some(_), Some(_)) => "referenceUpdated",
        (Some(_), None) => "referenceCreated",
        _ => "referenceDeleted",
    };
    let mut detail = json!({
        "event": event,
        "callerUserArn": format!("arn:aws:iam::{}:user/local", world.config.account),
        "repositoryName": name,
        "repositoryId": id,
        "referenceType": "branch",
        "referenceName": branch,
        "referenceFullName": format!("refs/heads/{branch}"),
    });
    let commits = [("commitId", commit), ("oldCommitId", before)];
    if let Some(fields) = detail.as_object_mut() {
        fields.extend(commits.into_iter().filter_map(|(field, id)| Some((field.to_owned(), json!(id?)))));
    }
    let arn = world.arn("codecommit", name);
    world.emit("aws.codecommit", "CodeCommit Repository State Change", &[arn], detail).await;
}
