//! Hostile events through the whole reaction of every function, and a marker in every text of every
//! event: what is refused is refused in one line, and the marker is nowhere that it should not be.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;
use trimtab_core::event::Event;
use trimtab_sim::flow::{fresh, invoke};
use trimtab_sim::services::Function;

#[path = "../../hostile/mutations.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod mutations;

/// The codes of events that leave no record.
const UNRECORDED: [&str; 2] = ["not_configured", "batch_updated"];

/// What is looked for, and what makes it dangerous.
const MARKER: &str = "Zqmarkerzq";
const PLANTED: &str = "Zqmarkerzq\r\nBcc: a@example.com\u{1b}[31m\u{202e}$(id)";

fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") && !path.ends_with("routes.json") {
                let data = std::fs::read(&path).unwrap();
                found.push((path, data));
            }
        }
    }
    found.sort();
    found
}

/// Every function processes the event, refuses it in one line, or skips it, and never fails for a moment.
fn every_function_processes(name: &str, event: &Value) {
    for function in Function::ALL {
        let sim = fresh();
        let report = invoke(&sim, function, event).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        for reason in &report.entry.reasons {
            assert!(!reason.contains(char::is_control) && reason.len() < 2000, "{name}: {reason:?}");
        }
        let key = (report.entry.function.clone(), report.entry.event_id.clone());
        let services = sim.services();
        let recorded = services.history.contains(&key) || services.dead_letters.contains(&key);
        // A high-volume event leaves no record if no policy names its resource, or if it is only counted.
        let unrecorded = report.codes.iter().any(|code| UNRECORDED.contains(code))
            // So does a schedule that leads to nothing.
            || Event::parse(event).is_ok_and(|event| event.is_routine());
        assert!(recorded || unrecorded, "{name}: {function:?} has no record: {:?}", report.codes);
    }
}

#[test]
fn hostile_events_are_processed_by_every_function() {
    let mut processed = 0;
    for (path, data) in files("tests/hostile/events") {
        // A text that is not JSON never reaches a function: Lambda's client refuses it.
        let Ok(event) = serde_json::from_slice::<Value>(&data) else { continue };
        every_function_processes(&path.display().to_string(), &event);
        processed += 1;
    }
    assert!(processed >= 20, "{processed}");
}

#[test]
fn generated_hostile_events_are_processed_by_every_function() {
    let mut processed = 0;
    for (name, event) in mutations::representatives() {
        for (name, mutated) in mutations::mutations(&name, &event) {
            every_function_processes(&name, &mutated);
            processed += 1;
        }
    }
    assert!(processed > 5_000, "{processed}");
}

/// The paths of all texts within a value.
fn texts(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(number, inner)| texts(inner, &format!("{path}/{number}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            texts(inner, &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

#[test]
fn a_marker_in_any_text_of_any_event_stays_out_of_the_logs() {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let caught = Arc::clone(&lines);
    let layer = trimtab_runtime::log::layer(move |line: &str| caught.lock().unwrap().push(line.to_owned()));
    let (mut planted, mut messages) = (0, 0);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for (path, data) in files("events") {
            let event: Value = serde_json::from_slice(&data).unwrap();
            let mut paths = Vec::new();
            texts(&event, "", &mut paths);
            for pointer in paths {
                let mut event = event.clone();
                *event.pointer_mut(&pointer).unwrap() = Value::from(PLANTED);
                for function in Function::ALL {
                    let sim = fresh();
                    let report = invoke(&sim, function, &event).unwrap();
                    trimtab_runtime::log::reaction(&report, 1);
                    let metric = trimtab_runtime::metrics::line(&report, 1).to_string();
                    assert!(!metric.contains(MARKER), "{} {pointer}: {metric}", path.display());
                    for fact in &sim.services().facts {
                        let links = notify::console_links::ConsoleLinks::default();
                        let Some(message) = notify::templates::message(fact, &links) else { continue };
                        let text = format!("{}\n{}", message.subject, message.body);
                        let raw = text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}');
                        assert!(!raw, "{} {pointer}: {text:?}", path.display());
                        assert!(!text.contains("\nBcc:"), "{} {pointer}: {text:?}", path.display());
                        messages += usize::from(text.contains(MARKER));
                    }
                }
                planted += 1;
            }
        }
    });
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), planted * Function::ALL.len());
    let shown: Vec<&String> = lines.iter().filter(|line| line.contains(MARKER)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    assert!(messages > 0, "the marker never came near a message: nothing was tested");
}
