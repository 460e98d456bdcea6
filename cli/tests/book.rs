//! The documents agree with the code: each policy and command in them parses, and each link leads somewhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use clap::error::ErrorKind;

/// The longest README, in words.
const README_WORDS: usize = 900;

/// Keys that a policy needs; a fragment in the book has only the tables that it is about.
const HEADER: &str = "version = 1\nmodel = \"churn\"\nowner = \"churn-team@example.com\"\npackage_group = \"churn\"\n";

/// First line of a block that is the organization's policy.
const ORGANIZATION: &str = "# organization.toml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every document, by its path from the root of the repository.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "STYLE.md",
        "events/README.md",
        "infra/guardrails/README.md",
        "infra/schemas/README.md",
        "tests/README.md",
        "tests/sabotage/README.md",
    ]
    .map(PathBuf::from)
    .into();
    add_markdown(&root().join("docs"), &mut paths);
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(root().join(path)).unwrap())).collect()
}

fn add_markdown(folder: &Path, paths: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            add_markdown(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
}

/// A fenced block: the line that it begins on, its language and its text.
struct Block {
    line: usize,
    language: String,
    text: String,
}

/// The fenced blocks, and the text around them line by line; a line of a block is empty there.
fn parse(document: &str) -> (Vec<Block>, Vec<String>) {
    let (mut blocks, mut prose): (Vec<Block>, Vec<String>) = Default::default();
    let (mut open, mut indent) = (false, "");
    for (number, line) in (1..).zip(document.lines()) {
        let fence = line.trim_start().strip_prefix("```");
        prose.push(if open || fence.is_some() { String::new() } else { line.to_owned() });
        match fence {
            Some(language) if !open => {
                // A block within a list is as far in as its fence.
                indent = line.split('`').next().unwrap_or_default();
                blocks.push(Block { line: number, language: language.trim().to_owned(), text: String::new() });
            }
            None if open => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line.strip_prefix(indent).unwrap_or(line));
                block.text.push('\n');
            }
            _ => {}
        }
        open ^= fence.is_some();
    }
    assert!(!open, "a fenced block has no end");
    (blocks, prose)
}

/// What a document has between single backticks.
fn code_spans(prose: &[String]) -> Vec<String> {
    let text = prose.join("\n");
    text.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

#[test]
fn readme_has_at_most_900_words() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words <= README_WORDS, "README.md has {words} words");
}

#[test]
fn every_policy_in_the_documents_parses() {
    let mut count = 0;
    for (path, document) in documents() {
        for block in parse(&document).0.iter().filter(|block| block.language == "toml") {
            let place = format!("{}:{}", path.display(), block.line);
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("book-{count}"));
            std::fs::create_dir_all(&folder).unwrap();
            let (model, organization) = match block.text.starts_with(ORGANIZATION) {
                true => (HEADER.to_owned(), Some(&block.text)),
                false if block.text.contains("version = 1") => (block.text.clone(), None),
                false => (format!("{HEADER}{}", block.text), None),
            };
            std::fs::write(folder.join("churn.toml"), model).unwrap();
            let _ = std::fs::remove_file(folder.join("organization.toml"));
            if let Some(text) = organization {
                std::fs::write(folder.join("organization.toml"), text).unwrap();
            }
            if let Err(fault) = trimtab_cli::policies::read(&folder) {
                panic!("{place}: {fault}");
            }
            count += 1;
        }
    }
    assert!(count >= 15, "{count} policies");
}

/// The command lines of a document, without comments; a line that ends with a backslash goes on in the next.
fn command_lines(document: &str) -> Vec<(usize, String)> {
    let shell = |block: &&Block| matches!(block.language.as_str(), "" | "sh" | "console");
    let blocks = parse(document).0;
    let blocks: Vec<(usize, String)> =
        blocks.iter().filter(shell).map(|block| (block.line, block.text.replace("\\\n", " "))).collect();
    let lines = blocks.iter().flat_map(|(at, text)| text.lines().map(|line| (*at, line)));
    lines.map(|(at, line)| (at, line.split(" #").next().unwrap_or_default().trim().to_owned())).collect()
}

/// Splits a command line at spaces; double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (quoted, part) in line.split('"').enumerate().map(|(at, part)| (at % 2 == 1, part)) {
        if quoted {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (at, piece) in part.split(' ').enumerate() {
            if at > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(piece);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_trimtab_command_in_the_documents_parses() {
    let mut count = 0;
    for (path, document) in documents() {
        for (at, line) in command_lines(&document) {
            let bare = line.strip_prefix("cargo run -p trimtab-cli -- ").map(|rest| format!("trimtab {rest}"));
            let line = bare.unwrap_or(line);
            if !line.starts_with("trimtab ") {
                continue;
            }
            count += 1;
            let shown = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
            match trimtab_cli::command().try_get_matches_from(words(&line)) {
                Err(error) if !shown.contains(&error.kind()) => panic!("{}:{at}: {line}\n{error}", path.display()),
                _ => {}
            }
        }
    }
    assert!(count >= 30, "{count} commands");
}

#[test]
fn plan_output_in_the_documents_is_current() {
    let mut count = 0;
    for (path, document) in documents() {
        let blocks = parse(&document).0;
        for (command, shown) in blocks.iter().zip(blocks.iter().skip(1)) {
            let Some(line) = command.text.trim().strip_prefix("cargo run -p trimtab-cli -- plan ") else { continue };
            let mut trimtab = std::process::Command::new(env!("CARGO_BIN_EXE_trimtab"));
            let output = trimtab.current_dir(root()).arg("plan").args(words(line)).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), shown.text, "{}: {line}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 2, "README.md and the first page of the book show a plan");
}

#[test]
fn every_command_named_in_prose_exists() {
    let cli = trimtab_cli::command();
    for (path, document) in documents() {
        for span in code_spans(&parse(&document).1) {
            let Some(name) = span.strip_prefix("trimtab ").and_then(|rest| rest.split(' ').next()) else { continue };
            let known = name.starts_with('-') || name == "COMMAND" || cli.find_subcommand(name).is_some();
            assert!(known, "{}: `{span}`: no such command", path.display());
        }
    }
}

#[test]
fn every_make_target_in_the_documents_exists() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    for (path, document) in documents() {
        let spans = code_spans(&parse(&document).1);
        let lines = command_lines(&document).into_iter().map(|(_, line)| line);
        for line in spans.into_iter().chain(lines) {
            let Some(target) = line.strip_prefix("make ").and_then(|rest| rest.split(' ').next()) else { continue };
            assert!(targets.contains(target), "{}: `{line}`: no such target", path.display());
        }
    }
}

#[test]
fn every_event_and_policy_file_in_commands_exists() {
    for (path, document) in documents() {
        let lines = command_lines(&document).into_iter();
        for word in lines.flat_map(|(_, line)| words(&line)) {
            let is_file = ["events/", "policies/"].iter().any(|folder| word.starts_with(folder)) && !word.contains(':');
            assert!(!is_file || root().join(&word).exists(), "{}: {word} does not exist", path.display());
        }
    }
}

/// The text of every Rust file below a folder.
fn sources(folder: &Path, text: &mut String) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_named_in_the_documents_exists() {
    let mut text = String::new();
    ["cli", "functions", "shared", "tests"].iter().for_each(|folder| sources(&root().join(folder), &mut text));
    for (path, document) in documents() {
        for span in code_spans(&parse(&document).1) {
            let name = span.rsplit("::").next().unwrap_or_default();
            let is_test = name.matches('_').count() >= 4 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            // STYLE.md shows the form of a name; a macro of the simulation makes the last kind.
            let other = path.ends_with("STYLE.md") || name.ends_with("_under_each_fault");
            assert!(!is_test || other || text.contains(&format!("fn {name}(")), "{}: no test {name}", path.display());
        }
    }
}

/// Folders at the root of the repository whose files documents name.
const FOLDERS: [&str; 10] =
    ["cli/", "docs/", "events/", "functions/", "fuzz/", "infra/", "local/", "policies/", "shared/", "tests/"];

#[test]
fn every_path_named_in_prose_exists() {
    for (path, document) in documents() {
        // Its paths are relative to its own folder.
        if path == Path::new("tests/README.md") {
            continue;
        }
        for span in code_spans(&parse(&document).1) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            let is_path = FOLDERS.iter().any(|folder| span.starts_with(folder)) && span.chars().all(plain);
            assert!(!is_path || root().join(&span).exists(), "{}: no {span}", path.display());
        }
    }
}

/// Anchors of a document's headings, as GitHub and mdBook derive them.
fn anchors(prose: &[String]) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in prose.iter().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let word = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor: String = title.chars().filter(word).collect::<String>().replace(' ', "-");
        let mut unique = anchor.clone();
        for number in 1.. {
            if anchors.insert(unique.clone()) {
                break;
            }
            unique = format!("{anchor}-{number}");
        }
    }
    anchors
}

/// Targets of the links in a document, inline and by reference, with their lines.
fn links(prose: &[String]) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in (1..).zip(prose) {
        // Text in backticks is no link.
        let text: String = line.split('`').enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, part)| part).collect();
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let reference = text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
        links.extend(inline.chain(reference).map(|target| (number, target.trim().to_owned())));
    }
    links
}

/// A path without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(clean.pop(), "{} leaves the repository", path.display()),
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

#[test]
fn every_relative_link_leads_to_a_file_and_an_anchor() {
    let documents = documents();
    let mut count = 0;
    for (path, document) in &documents {
        for (line, target) in links(&parse(document).1) {
            if target.starts_with("http") {
                continue;
            }
            count += 1;
            let place = format!("{}:{line}: {target}", path.display());
            let (file, anchor) = target.split_once('#').unwrap_or((target.as_str(), ""));
            let file = if file.is_empty() { path.clone() } else { normalized(&path.parent().unwrap().join(file)) };
            assert!(root().join(&file).exists(), "{place}: no such file");
            // The book has these files and no others.
            assert!(!path.starts_with("docs") || file.starts_with("docs"), "{place}: leaves the book");
            if let (false, Some(text)) = (anchor.is_empty(), documents.get(&file)) {
                assert!(anchors(&parse(text).1).contains(anchor), "{place}: no such heading");
            }
        }
    }
    assert!(count >= 100, "{count} links");
}

#[test]
fn summary_lists_every_page_of_the_book() {
    let documents = documents();
    let summary = &documents[Path::new("docs/SUMMARY.md")];
    let listed: BTreeSet<PathBuf> =
        links(&parse(summary).1).into_iter().map(|(_, target)| Path::new("docs").join(target)).collect();
    let pages = documents.into_keys().filter(|path| path.starts_with("docs") && !path.ends_with("SUMMARY.md"));
    assert_eq!(listed, pages.collect());
}

/// The names in a section of the template.
fn names_in_template(section: &str) -> BTreeSet<String> {
    let template = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let section = template.split(&format!("\n{section}:\n")).nth(1).unwrap();
    let own = section.lines().take_while(|line| line.is_empty() || line.starts_with(' ')).filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|line| !line.starts_with([' ', '#']))?;
        name.split_once(':').map(|(name, _)| name.to_owned())
    });
    own.collect()
}

/// First cells of a page's table below a heading.
fn rows(page: &str, heading: &str) -> BTreeSet<String> {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let cell = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    section.lines().filter_map(cell).collect()
}

#[test]
fn environment_page_lists_the_parameters_and_outputs() {
    let page = std::fs::read_to_string(root().join("docs/reference/environment.md")).unwrap();
    assert_eq!(rows(&page, "Parameters of the template"), names_in_template("Parameters"));
    assert_eq!(rows(&page, "Outputs of the template"), names_in_template("Outputs"));
}
