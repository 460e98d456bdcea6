//! Runs the fuzz targets over every file of the corpus, on stable Rust.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

#[path = "../../tests/hostile/mutations.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod mutations;

#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, usize::MAX);

/// The largest amount of memory that a file of the corpus may use, in bytes.
const MEMORY_MAX: usize = 64 * 1024 * 1024;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Runs the target over the files; a panic names the file.
fn play(files: &[PathBuf], target: fn(&[u8])) {
    for path in files {
        let data = std::fs::read(path).unwrap();
        let before = MEMORY.allocated();
        let played = std::panic::catch_unwind(|| target(&data));
        assert!(played.is_ok(), "{}", path.display());
        assert!(MEMORY.allocated() < before + MEMORY_MAX, "{} keeps memory", path.display());
    }
    assert!(MEMORY.max_allocated() < MEMORY_MAX, "{} bytes at once", MEMORY.max_allocated());
}

#[test]
fn generated_hostile_events_are_read_or_refused() {
    let mut played = 0;
    for (name, event) in mutations::events() {
        for (name, mutated) in mutations::mutations(&name, &event) {
            let data = mutated.to_string();
            let before = MEMORY.allocated();
            let outcome = std::panic::catch_unwind(|| {
                trimtab_fuzz::event(data.as_bytes());
                trimtab_fuzz::notice(data.as_bytes());
            });
            assert!(outcome.is_ok(), "{name}");
            assert!(MEMORY.allocated() < before + MEMORY_MAX, "{name} keeps memory");
            played += 1;
        }
    }
    assert!(played > 50_000, "{played} generated events");
    assert!(MEMORY.max_allocated() < MEMORY_MAX, "{} bytes at once", MEMORY.max_allocated());
}

#[test]
fn hostile_events_are_read_or_refused() {
    let hostile = files("tests/hostile/events", "json");
    assert!(hostile.len() >= 40, "{} hostile events", hostile.len());
    play(&hostile, trimtab_fuzz::event);
    play(&hostile, trimtab_fuzz::notice);
}

#[test]
fn story_events_are_parsed_or_refused() {
    play(&files("events", "json"), trimtab_fuzz::event);
    play(&files("events", "json"), trimtab_fuzz::notice);
}

#[test]
fn hostile_policies_are_parsed_or_refused() {
    let hostile = files("tests/hostile/policies", "toml");
    assert!(hostile.len() >= 30, "{} hostile policies", hostile.len());
    play(&hostile, trimtab_fuzz::policy);
    play(&files("policies", "toml"), trimtab_fuzz::policy);
}
