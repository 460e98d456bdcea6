//! The message of every fact of `events/trimtab/`, one snapshot each, as a subscriber receives it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::console_links::ConsoleLinks;
use trimtab_core::event::{Body, Event};
use trimtab_core::policy::Policy;
use trimtab_core::port::Message;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The facts of `events/trimtab/` by the names of their files. Requests become no message.
fn facts() -> Vec<(String, Event)> {
    let mut facts = Vec::new();
    for file in std::fs::read_dir(root().join("events/trimtab")).unwrap() {
        let path = file.unwrap().path();
        let raw = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let event = Event::parse(&raw).unwrap();
        if matches!(&event.body, Body::Fact(fact) if !fact.kind.is_request()) {
            facts.push((path.file_stem().unwrap().to_string_lossy().into_owned(), event));
        }
    }
    facts
}

/// The policy of the fact's model, which the console links depend on.
fn policy(event: &Event) -> Option<Arc<Policy>> {
    let Body::Fact(fact) = &event.body else { return None };
    let path = root().join("policies").join(format!("{}.toml", fact.model.as_ref()?));
    Some(Arc::new(Policy::parse("policy.toml", &std::fs::read_to_string(path).ok()?).unwrap()))
}

fn message(event: &Event) -> Option<Message> {
    let policy = policy(event);
    match &event.body {
        Body::Fact(fact) => notify::templates::message(fact, &ConsoleLinks::of(event, policy.as_deref())),
        other => panic!("not a fact: {other:?}"),
    }
}

#[test]
fn every_fact_has_a_snapshot_of_its_message() {
    for (name, event) in facts() {
        // A request becomes no message.
        let Some(Message { subject, body, attributes }) = message(&event) else { continue };
        let attributes: String = attributes.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_snapshot_path("snapshots/messages");
        settings.set_description(format!("events/trimtab/{name}.json"));
        settings.bind(|| insta::assert_snapshot!(name, format!("Subject: {subject}\n{attributes}\n{body}")));
    }
}

#[test]
fn every_snapshot_of_a_message_has_its_fact() {
    let sent = facts().into_iter().filter(|(_, event)| message(event).is_some());
    let names: BTreeSet<String> = sent.map(|(name, _)| name).collect();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/messages")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(names.contains(&name), "{} is of no fact: delete it", path.display());
    }
}
