//! The exceptions from the rules, in `exceptions.toml`.

use serde::Deserialize;

/// All exceptions.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Words that a file may use.
    #[serde(default)]
    pub word: Vec<Word>,
    /// Files that may be longer than the rule.
    #[serde(default)]
    pub long_file: Vec<LongFile>,
    /// Crates whose modules may import each other.
    #[serde(default)]
    pub cycle: Vec<Cycle>,
}

/// A word that the files of a glob may use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The word as in the list; `*` for each word.
    pub word: String,
    /// A path from the root, in which `*` matches any text.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// A file that may be longer than the rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongFile {
    /// The path from the root.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// A crate whose modules may import each other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// The crate's folder.
    pub folder: String,
    /// Why.
    pub reason: String,
}

/// Reads `exceptions.toml`.
///
/// # Panics
/// The file is not valid.
#[must_use]
pub fn read() -> Exceptions {
    toml::from_str(include_str!("../exceptions.toml")).unwrap_or_else(|error| panic!("exceptions.toml: {error}"))
}

impl Exceptions {
    /// Whether the file may use the word.
    #[must_use]
    pub fn allow_word(&self, word: &str, path: &str) -> bool {
        self.word.iter().any(|known| (known.word == "*" || known.word == word) && matches(&known.file, path))
    }

    /// Whether the file may be longer.
    #[must_use]
    pub fn allow_length(&self, path: &str) -> bool {
        self.long_file.iter().any(|known| known.file == path)
    }

    /// Whether the crate may have cycles.
    #[must_use]
    pub fn allow_cycle(&self, folder: &str) -> bool {
        self.cycle.iter().any(|known| known.folder == folder)
    }
}

/// Whether a path matches a glob in which `*` stands for any text.
fn matches(glob: &str, path: &str) -> bool {
    match glob.split_once('*') {
        None => glob == path,
        Some((start, rest)) => path
            .strip_prefix(start)
            .is_some_and(|path| (0..=path.len()).any(|at| path.get(at..).is_some_and(|end| matches(rest, end)))),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn glob_matches_any_text_at_its_stars() {
        assert!(matches("docs/*.md", "docs/a/b.md"));
        assert!(matches("STYLE.md", "STYLE.md"));
        assert!(!matches("docs/*.md", "docs/a.rs"));
        assert!(!matches("docs", "docs/a.md"));
    }
}
