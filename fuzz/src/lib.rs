//! Fuzz targets: for any bytes, the result is a plan, a policy or a message, or a clear refusal.

#![allow(clippy::panic, reason = "a broken promise is what a fuzzer looks for")]

use std::sync::LazyLock;

use deploy::Deploy;
use evaluate::Evaluation;
use guard::Guard;
use integrate::Integrate;
use lineage::Lineage;
use monitor::Monitor;
use notify::Notify;
use retrain::Retrain;
use serde_json::Value;
use trimtab_core::event::Event;
use trimtab_core::fact::Fact;
use trimtab_core::policy::{OrganizationPolicy, Policy};
use trimtab_core::reactor::{Context, Preview};

/// The largest number of characters of a refusal, which an operator reads as one line.
const REFUSAL_MAX: usize = 600;

/// Parses and plans an event with each function, or refuses it in one line.
///
/// # Panics
///
/// A promise is broken.
pub fn event(data: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<Value>(data) else { return };
    match Event::parse(&raw) {
        Ok(event) => {
            plan::<Integrate>(&event);
            plan::<Retrain>(&event);
            plan::<Evaluation>(&event);
            plan::<Deploy>(&event);
            plan::<Notify>(&event);
            plan::<Guard>(&event);
            plan::<Lineage>(&event);
            plan::<Monitor>(&event);
        }
        Err(refusal) => is_a_line(&refusal.to_string()),
    }
}

static POLICY: LazyLock<Option<Policy>> =
    LazyLock::new(|| Policy::parse("churn.toml", include_str!("../../policies/churn.toml")).ok());

static ORGANIZATION: LazyLock<Option<OrganizationPolicy>> = LazyLock::new(|| {
    OrganizationPolicy::parse("organization.toml", include_str!("../../policies/organization.toml")).ok()
});

fn plan<D: Preview>(event: &Event) {
    let (Some(policy), Some(organization)) = (&*POLICY, &*ORGANIZATION) else { return };
    let (state, observed) = (D::State::default(), D::preview(event));
    let _ = (D::subject(event), D::aggregate(event, None));
    let (policy, organization, now) = (Some(policy), Some(organization), event.envelope.time);
    let plan = D::decide(&Context { event, policy, organization, state: &state, observed: &observed, now });
    for reason in &plan.reasons {
        is_a_line(&reason.text);
    }
    for fact in &plan.facts {
        is_a_message(fact);
    }
}

/// Parses a policy, or refuses it in one line.
///
/// # Panics
///
/// A promise is broken.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Policy::parse("policy.toml", text) {
        Ok(policy) => assert!(!policy.keys().is_empty(), "a policy that no event leads to"),
        Err(refusal) => is_a_line(&refusal.to_string()),
    }
}

/// Renders a fact as a message that SNS accepts, without control characters.
///
/// # Panics
///
/// A promise is broken.
pub fn notice(data: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<Value>(data) else { return };
    if let Some(fact) = Fact::from_value(&raw) {
        is_a_message(&fact);
    }
}

fn is_a_message(fact: &Fact) {
    let links = notify::console_links::ConsoleLinks::default();
    let Some(message) = notify::templates::message(fact, &links) else { return };
    let plain = message.subject.len() < 100 && message.subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    assert!(plain, "not a subject: {:?}", message.subject);
    let invisible = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    let hidden = |c: char| c != '\n' && (c.is_control() || invisible(c));
    assert!(!message.body.contains(hidden), "not plain: {:?}", message.body);
    assert!(message.body.len() < 256 * 1024, "SNS takes 256 KB, and this has {}", message.body.len());
}

fn is_a_line(text: &str) {
    assert!(!text.contains(char::is_control), "not one line: {text:?}");
    assert!(text.chars().count() <= REFUSAL_MAX, "too long: {text}");
}
