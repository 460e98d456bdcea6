//! The words that STYLE.md replaces by the terms of the field.

use crate::exceptions::Exceptions;
use crate::lexer::{Kind, pieces};
use crate::tree::{File, Finding, files, is_test};

/// The words and phrases, each with its replacement. STYLE.md explains them.
const WORDS: [(&str, &str); 71] = [
    ("told", "published, sent, reported"),
    ("untold", "outbox"),
    ("tell", "report, send"),
    ("tells", "reports, sends"),
    ("unheard", "missed"),
    ("heard", "received"),
    ("hears", "receives"),
    ("whoever", "the actor's name"),
    ("somebody", "the actor's name"),
    ("nobody", "the actor's name"),
    ("nobody's", "unmanaged"),
    ("people", "operators, subscribers"),
    ("a person", "an operator, manual approval"),
    ("person's", "operator's"),
    ("anew", "again"),
    ("mend", "fix, repair"),
    ("mended", "fixed, repaired"),
    ("mends", "fixes, repairs"),
    ("put right", "fixed"),
    ("puts right", "fixes"),
    ("parked", "queued"),
    ("taken up", "resumed"),
    ("takes it up", "resumes it"),
    ("taking it up", "resuming it"),
    ("on record", "recorded"),
    ("stands in", "is stored in"),
    ("stands on", "is stored on"),
    ("by the clock", "on a schedule"),
    ("the clock asks", "a schedule requests"),
    ("of which", "a relative clause with its noun"),
    ("on its way", "in progress"),
    ("under way", "in progress"),
    ("comes to rest", "reaches a stable state"),
    ("at rest", "in a stable state"),
    ("had its answer", "was already processed"),
    ("the suite", "Trimtab"),
    ("the suite's", "Trimtab's"),
    ("on trial", "in a variant test"),
    ("challenger", "A/B test"),
    ("in vain", "without ending the drift"),
    ("ringing", "firing"),
    ("goes off", "fires"),
    ("went off", "fired"),
    ("strikes", "is injected"),
    ("struck", "injected"),
    ("gathering", "batch"),
    ("gathered", "batched"),
    ("mute", "without data"),
    ("falls silent", "loses its data"),
    ("looked at", "reconciled"),
    ("looked after", "reconciled"),
    ("looks after", "reconciles"),
    ("by looking", "by reconciling"),
    ("a look", "a reconcile"),
    ("each look", "each reconcile"),
    ("no look", "no reconcile"),
    ("the look", "the reconcile"),
    ("kept event", "dead-lettered event"),
    ("its turn", "its attempt"),
    ("watched", "monitored; configured"),
    ("for ever", "forever, indefinitely"),
    ("chapter", "section, step"),
    ("silent", "without data"),
    ("quiet", "debounce"),
    ("settle", "apply the outcome; finish"),
    ("settles", "applies the outcome; finishes"),
    ("settled", "applied; finished"),
    ("settling", "applying the outcome"),
    ("seen", "observed"),
    ("kept", "stored"),
    ("matter", "dedup key"),
];

/// All findings in Markdown, comments, messages, names of tests, TOML, Python, the sample facts, the template, the schemas
/// and the help of the Makefile.
#[must_use]
pub fn findings(exceptions: &Exceptions) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files(&[".md", ".rs", ".toml", ".py", "infra/template.yaml", ".json", "Makefile"]) {
        for (line, text) in prose(&file) {
            let words = WORDS.iter().filter(|(word, _)| contains(&text, word));
            let words = words.filter(|(word, _)| !exceptions.allow_word(word, &file.path));
            found.extend(words.map(|(word, instead)| Finding {
                path: file.path.clone(),
                line,
                what: format!("\"{word}\" (write: {instead}): {}", text.trim()),
            }));
        }
    }
    found
}

/// The lines of a file that are read by users or developers, with their numbers.
fn prose(file: &File) -> Vec<(usize, String)> {
    let lines = || file.text.lines().zip(1..).map(|(text, line)| (line, text.to_owned()));
    let path = file.path.as_str();
    if path.ends_with(".rs") {
        let messages = ["cli/src/", "functions/", "shared/"].iter().any(|folder| path.starts_with(folder));
        let messages = messages && !is_test(path);
        let pieces = pieces(&file.text).into_iter().filter(|piece| piece.kind == Kind::Comment || messages);
        let names = lines().filter_map(|(line, text)| Some((line, test_name(&text)?.to_owned())));
        return pieces.map(|piece| (piece.line, piece.text)).chain(names).collect();
    }
    if path == "Makefile" {
        return lines().filter(|(_, text)| text.contains("##")).collect();
    }
    if path.ends_with(".json") && !["infra/schemas/", "events/trimtab/"].iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    lines().collect()
}

/// The name of the test that starts on this line: only the name of a test is a sentence.
fn test_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.strip_suffix("() {")?;
    (name.matches('_').count() >= 2).then_some(name)
}

/// Whether a text contains the whole word or phrase, in any case. Between words is a space or an underscore.
fn contains(text: &str, word: &str) -> bool {
    let text = text.to_lowercase().replace('_', " ");
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        !before.ends_with(is_part) && !after.starts_with(is_part) && (word.ends_with("'s") || !after.starts_with("'s"))
    })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn only_whole_words_are_found() {
        assert!(contains("Told twice.", "told"));
        assert!(contains("it is on its way", "on its way"));
        assert!(!contains("untold", "told"));
        assert!(contains("`not_watched`", "watched"));
        assert!(contains("pushes_on_its_way_wait", "on its way"));
        assert!(!contains("`untold_facts`", "told"));
        assert!(!contains("the suite's bus", "the suite"));
    }
}
