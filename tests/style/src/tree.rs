//! The tracked files of the repository, and the report of what is wrong in them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tracked file: its path from the root of the repository, and its text.
#[derive(Debug, Clone)]
pub struct File {
    /// The path from the root, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The path from the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule's objection.
    pub what: String,
}

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The tracked text files whose path ends with one of these endings.
///
/// # Panics
/// Git fails.
#[must_use]
pub fn files(endings: &[&str]) -> Vec<File> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let chosen = listed.split('\0').filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    chosen.filter_map(read).collect()
}

/// `None` for a file that is deleted in the work tree, or is no text.
fn read(path: &str) -> Option<File> {
    let text = std::fs::read_to_string(root().join(path)).ok()?;
    Some(File { path: path.to_owned(), text })
}

/// Whether the file holds only tests: an integration test, or a `tests` module.
#[must_use]
pub fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The findings as text, with their number in each tree; empty if there are none.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    let mut trees: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        *trees.entry(tree(&finding.path)).or_default() += 1;
    }
    let mut text = String::new();
    for Finding { path, line, what } in findings {
        let _ = writeln!(text, "{path}:{line}: {what}");
    }
    for (tree, count) in trees {
        let _ = writeln!(text, "{count:5} in {tree}");
    }
    text
}

/// The first two folders of a path, or its only one.
fn tree(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    parts.truncate(2);
    if parts.is_empty() { "the root".to_owned() } else { parts.join("/") }
}
