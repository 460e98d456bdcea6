//! The files of commits, in base64 as received.

use std::collections::BTreeMap;

use serde_json::json;

use crate::codecommit::{hash, with};
use crate::wire::{ApiError, ApiResult, Input};
use crate::world::World;

/// File contents by path.
pub(super) type Tree = BTreeMap<String, String>;

/// The parent's files with the changes of this commit.
pub(super) fn changed(parent: Option<&Tree>, input: Input<'_>) -> Tree {
    let mut tree = parent.cloned().unwrap_or_default();
    let put = |file: Input<'_>| Some((file.text("filePath")?.to_owned(), file.text("fileContent")?.to_owned()));
    tree.extend(input.list("putFiles").filter_map(put));
    for path in input.list("deleteFiles").filter_map(|file| file.text("filePath")) {
        tree.remove(path);
    }
    tree
}

/// A file at a commit or at the head of a branch.
pub(super) fn get(world: &World, input: Input<'_>) -> ApiResult {
    let (name, path) = (input.need("repositoryName")?, input.need("filePath")?);
    with(world, name, |repository| {
        let wanted = input.text("commitSpecifier").unwrap_or("main");
        let commit = repository.branches.get(wanted).map_or(wanted, String::as_str);
        let Some(tree) = repository.trees.get(commit) else {
            return Err(ApiError::new("CommitDoesNotExistException", format!("Commit {wanted} does not exist")));
        };
        let Some(content) = tree.get(path) else {
            return Err(ApiError::new("FileDoesNotExistException", format!("File {path} does not exist in {commit}")));
        };
        Ok(json!({
            "commitId": commit,
            "blobId": hash(&["blob", content]),
            "filePath": path,
            "fileMode": "NORMAL",
            "fileSize": content.trim_end_matches('=').len() * 3 / 4,
            "fileContent": content,
        }))
    })
}
