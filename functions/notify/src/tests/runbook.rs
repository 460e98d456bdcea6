//! The runbook has one section for each message that needs an operator, and no other.

use std::collections::BTreeSet;

use trimtab_core::fact::FactKind;

use crate::runbook::heading;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations/runbook.md");

/// The sections' titles, each with its text.
fn sections(runbook: &str) -> Vec<(&str, &str)> {
    let sections = runbook.split("\n## ").skip(1);
    sections.map(|section| section.split_once('\n').unwrap_or((section, ""))).collect()
}

#[test]
fn runbook_has_a_section_for_each_message_and_no_other() {
    let runbook = std::fs::read_to_string(FILE).unwrap();
    let titles: Vec<&str> = sections(&runbook).into_iter().map(|(title, _)| title).collect();
    let kinds = FactKind::ALL.iter().filter(|kind| heading(**kind).is_some());
    let expected: BTreeSet<&str> = kinds.map(|kind| kind.as_str()).collect();
    assert_eq!(titles.iter().copied().collect::<BTreeSet<_>>(), expected);
    assert_eq!(titles.len(), expected.len(), "a section occurs twice: {titles:?}");
}

#[test]
fn runbook_section_states_severity_check_and_fix() {
    let runbook = std::fs::read_to_string(FILE).unwrap();
    for (title, text) in sections(&runbook) {
        let severity = FactKind::parse(title).map_or("", |kind| kind.severity().as_str());
        let first = text.trim_start().split('.').next().unwrap_or_default().to_ascii_lowercase();
        assert_eq!(first, severity, "{title}: its first sentence is its severity");
        assert!(text.contains("\nCheck: ") || text.contains("\nCheck:\n"), "{title}: what to check is missing");
        assert!(text.contains("\nFix: ") || text.contains("\nFix, "), "{title}: the fix is missing");
    }
}

#[test]
fn anchor_of_a_section_is_its_title_in_kebab_case() {
    assert_eq!(heading(FactKind::RolloutHeld).as_deref(), Some("rollout-held"));
    assert_eq!(heading(FactKind::EventDeadLettered).as_deref(), Some("event-dead-lettered"));
    assert_eq!(heading(FactKind::RolloutSucceeded), None);
}
