//! What commits hold: files at their paths, in base64 as they came.

use std::collections::BTreeMap;

use serde_json::json;

use crate::codecommit::{hash, with};
use crate::wire::{Answer, Input, Refusal};
use crate::world::World;

/// Contents by path.
pub(super) type Tree = BTreeMap<String, String>;

/// The parent's files, with what this commit puts and deletes.
pub(super) fn changed(parent: Option<&Tree>, input: Input<'_>) -> Tree {
    let mut tree = parent.cloned().unwrap_or_default();
    let put = |file: Input<'_>| Some((file.text("filePath")?.to_owned(), file.text("fileContent")?.to_owned()));
    tree.extend(input.list("putFiles").filter_map(put));
    for path in input.list("deleteFiles").filter_map(|file| file.text("filePath")) {
        tree.remove(path);
    }
    tree
}

/// A file at a commit, or at a branch's head.
pub(super) fn get(world: &World, input: Input<'_>) -> Answer {
    let (name, path) = (input.need("repositoryName")?, input.need("filePath")?);
    with(world, name, |repository| {
        let wanted = input.text("commitSpecifier").unwrap_or("main");
        let commit = repository.branches.get(wanted).map_or(wanted, String::as_str);
        let Some(tree) = repository.trees.get(commit) else {
            return Err(Refusal::new("CommitDoesNotExistException", format!("Commit {wanted} does not exist")));
        };
        let Some(content) = tree.get(path) else {
            return Err(Refusal::new("FileDoesNotExistException", format!("File {path} does not exist in {commit}")));
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
