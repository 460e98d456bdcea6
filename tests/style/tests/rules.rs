//! The rules over the whole repository. A failure lists each place, and the number of places in each tree.

use std::collections::BTreeMap;

use trimtab_style::tree::{File, Finding, files, report};
use trimtab_style::{cycles, exceptions, functions, words};

/// The longest name of a test.
const NAME: usize = 60;

/// The largest number of lines of a Rust file.
const FILE: usize = 400;

/// Fails with all findings.
#[track_caller]
fn assert_none(rule: &str, mut findings: Vec<Finding>) {
    findings.sort();
    assert!(findings.is_empty(), "{rule}:\n{}{} in all", report(&findings), findings.len());
}

#[test]
fn test_name_has_at_most_60_characters() {
    let mut found = Vec::new();
    for File { path, text } in files(&[".rs"]) {
        let source = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let long = |function: &functions::Function| function.is_test && function.name.len() > NAME;
        let long = functions::functions(&source).into_iter().filter(long);
        found.extend(long.map(|function| Finding {
            path: path.clone(),
            line: line_of(&text, &function.name),
            what: format!("{} characters: {}", function.name.len(), function.name),
        }));
    }
    assert_none("a test's name has at most 60 characters", found);
}

/// The line where a function of this name is declared.
fn line_of(text: &str, name: &str) -> usize {
    let declaration = format!("fn {name}(");
    text.lines().position(|line| line.contains(&declaration)).map_or(0, |at| at + 1)
}

#[test]
fn rust_file_has_at_most_400_lines() {
    let exceptions = exceptions::read();
    let long = files(&[".rs"]).into_iter().filter(|file| !exceptions.allow_length(&file.path));
    let lengths = long.map(|file| (file.text.lines().count(), file.path)).filter(|(lines, _)| *lines > FILE);
    let found = lengths.map(|(line, path)| Finding { path, line, what: "split this file".to_owned() });
    assert_none("a Rust file has at most 400 lines", found.collect());
}

#[test]
fn modules_import_in_one_direction() {
    let exceptions = exceptions::read();
    let files = files(&[".rs"]);
    let mut crates: BTreeMap<&str, Vec<(&str, &File)>> = BTreeMap::new();
    for file in &files {
        if let Some((folder, path)) = file.path.split_once("/src/") {
            crates.entry(folder).or_default().push((path, file));
        }
    }
    let mut found = Vec::new();
    for (folder, files) in crates.into_iter().filter(|(folder, _)| !exceptions.allow_cycle(folder)) {
        let cycles = cycles::Graph::of(&files).cycles();
        found.extend(cycles.into_iter().map(|what| Finding { path: format!("{folder}/src/lib.rs"), line: 1, what }));
    }
    assert_none("the modules of a crate do not import each other in a cycle", found);
}

#[test]
fn prose_uses_the_terms_of_the_field() {
    assert_none("STYLE.md lists words to avoid", words::findings(&exceptions::read()));
}
