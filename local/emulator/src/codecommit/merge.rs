//! Merges: the destination moves to the source commit or to a merge commit, and the pull request is closed. In a
//! conflict, the source wins.

use jiff::Timestamp;
use serde_json::json;

use super::pulls::{self, Merged};
use super::{hash, send_event};
use crate::wire::{ApiError, ApiResult, Input};
use crate::world::{World, lock};

/// The merge strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Option {
    FastForward,
    ThreeWay,
}

impl Option {
    fn as_str(self) -> &'static str {
        match self {
            Self::FastForward => "FAST_FORWARD_MERGE",
            Self::ThreeWay => "THREE_WAY_MERGE",
        }
    }
}

pub(super) async fn merge(world: &World, input: Input<'_>, option: Option) -> ApiResult {
    let (id, name) = (input.need("pullRequestId")?, input.need("repositoryName")?);
    let (branch, commit, before, described) = {
        let mut state = lock(&world.codecommit);
        let (repository, source, destination) = state.open(id)?;
        if repository != name {
            return Err(ApiError::new(
                "RepositoryNotAssociatedWithPullRequestException",
                "It is of another repository.",
            ));
        }
        let found = state.repositories.get_mut(name);
        let heads = found.and_then(|found| {
            let (source, target) = (found.branches.get(&source)?.clone(), found.branches.get(&destination)?.clone());
            Some((found, source, target))
        });
        let Some((found, source, target)) = heads else {
            return Err(ApiError::new("ReferenceDoesNotExistException", "The specified reference does not exist."));
        };
        let commit = match option {
            Option::FastForward => source.clone(),
            Option::ThreeWay => {
                let mut tree = found.trees.get(&target).cloned().unwrap_or_default();
                tree.extend(found.trees.get(&source).cloned().unwrap_or_default());
                let commit = hash(&["merge", &source, &target]);
                let author =
                    json!({"name": "local", "email": "", "date": format!("{} +0000", Timestamp::now().as_second())});
                let described = json!({"commitId": commit, "treeId": hash(&["tree", &commit]), "parents": [target, source],
                    "message": input.text("commitMessage").unwrap_or_default(), "author": author, "committer": author,
                    "additionalData": ""});
                found.commits.insert(commit.clone(), described);
                found.trees.insert(commit.clone(), tree);
                commit
            }
        };
        found.branches.insert(destination.clone(), commit.clone());
        let merged = Merged { source, target: target.clone(), commit: commit.clone(), option: option.as_str() };
        state.close(id, merged);
        (destination, commit, target, state.described(world, id)?)
    };
    send_event(world, name, &branch, Some(&commit), Some(&before)).await;
    pulls::send_event(world, id, "pullRequestMergeStatusUpdated").await;
    Ok(json!({"pullRequest": described}))
}
