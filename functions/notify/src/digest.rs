//! What can wait: collected for each model, and sent together.
//!
//! A matter is an aggregate of its own, and so is a model's digest: the one gives its line to the
//! other on the bus. What has not been sent is in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::audience;
use trimtab_core::fact::{self, Fact, FactKind, Severity};
use trimtab_core::name::ModelName;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::port::ml::Message;
use trimtab_core::react::Case;
use trimtab_core::text;

use crate::decide::{Action, Answer, Seen, State};
use crate::words;

/// How many lines wait at most; then they are sent whatever the clock says.
const MOST: usize = 100;

/// How many lines that were sent are remembered, so that none comes twice.
const REMEMBERED: usize = 500;

/// What waits, and what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// What waits, oldest first.
    pub lines: Vec<Line>,
    /// What was sent, digested, oldest first.
    pub sent: Vec<String>,
}

/// One message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Of which kind and matter it is, digested.
    pub key: String,
    /// When the suite said it.
    pub at: Timestamp,
    /// How soon a person should look.
    #[serde(default = "info")]
    pub severity: Severity,
    /// What it says.
    pub says: String,
}

/// What lines were before they said so.
fn info() -> Severity {
    Severity::Info
}

impl Digest {
    /// The lines are out.
    pub(crate) fn was_sent(&mut self) {
        self.sent.extend(self.lines.drain(..).map(|line| line.key));
        let surplus = self.sent.len().saturating_sub(REMEMBERED);
        self.sent.drain(..surplus);
    }

    fn knows(&self, key: &str) -> bool {
        self.sent.iter().any(|known| known == key) || self.lines.iter().any(|line| line.key == key)
    }
}

fn model(fact: &Fact) -> &str {
    fact.model.as_ref().map_or("suite", ModelName::as_str)
}

/// The aggregate of a model's digest.
pub(crate) fn aggregate(fact: &Fact) -> String {
    format!("digest#{}", model(fact))
}

/// Gives a message to the digest.
pub(crate) fn held(told: &Fact, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::NoticeHeld,
        version: fact::VERSION,
        model: told.model.clone(),
        matter: format!("held/{}/{}", told.kind.as_str(), told.matter),
        at,
        reasons: told.reasons.iter().take(1).cloned().collect(),
        details: BTreeMap::from([
            ("says".to_owned(), words::subject(told)),
            ("severity".to_owned(), told.kind.severity().as_str().to_owned()),
        ]),
    }
}

/// A message waits from now on.
pub(crate) fn on_held(case: &Case<'_, State, Seen>, fact: &Fact) -> Answer {
    let mut digest = case.state.digest.clone().unwrap_or_default();
    let key = text::digest(&[&fact.matter], 32);
    if digest.knows(&key) {
        return Plan::skip("already_held", "this message waits for the digest, or was in one");
    }
    let says = fact.details.get("says").map_or(fact.matter.as_str(), String::as_str);
    let why = fact.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    let severity = fact.details.get("severity").and_then(|word| Severity::parse(word)).unwrap_or_else(info);
    digest.lines.push(Line { key, at: fact.at, severity, says: text::one_line(&format!("{says}{why}"), 300) });
    let state = State { digest: Some(digest.clone()), ..case.state.clone() };
    if digest.lines.len() >= MOST {
        return send(case, fact, &digest, "full").with_state(state);
    }
    Plan::note(state, "held", format!("{} messages wait for the digest", digest.lines.len()))
}

/// The clock asks: what has waited long enough is sent; at once, where the policy has no digest any more.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, fact: &Fact) -> Answer {
    let waiting = case.state.digest.as_ref().and_then(|digest| Some((digest, digest.lines.first()?.at)));
    let Some((digest, since)) = waiting else {
        return Plan::skip("nothing_new", "nothing waits for the digest");
    };
    let wait = case.seen.policy.as_ref().and_then(|policy| policy.notify.as_ref()?.digest);
    if wait.is_some_and(|wait| case.now.duration_since(since) < wait) {
        return Plan::skip("nothing_new", "the digest is not due yet");
    }
    send(case, fact, digest, "due")
}

fn send(case: &Case<'_, State, Seen>, fact: &Fact, digest: &Digest, why: &'static str) -> Answer {
    let (model, count) = (model(fact), digest.lines.len());
    let since = digest.lines.first().map_or(case.now, |line| line.at);
    let mut body = format!("{model}: what could wait since {since}\n\n");
    for line in &digest.lines {
        let _ = writeln!(body, "  {}  {}", line.at, line.says);
    }
    let _ = write!(
        body,
        "\nWhat next\n  Nothing to do.\n  Command: trimtab history {model}\n\nDetails\n  at: {}\n  matter: digest/{model}/{since}\n",
        case.now
    );
    let severities: BTreeSet<Severity> = digest.lines.iter().map(|line| line.severity).collect();
    let attributes = [
        ("severity", "info"),
        ("model", model),
        ("kind", "Digest"),
        ("thread", &format!("digest/{model}")),
        // Whoever wants something that is in it.
        (audience::ATTRIBUTE, &audience::of(fact.model.as_ref(), &severities)),
    ];
    let message = Message {
        subject: text::subject(&format!("[info] {model}: {count} messages that could wait"), words::SUBJECT_MAX),
        body,
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    let reason = Reason::new(why, format!("{count} messages of {model} have waited since {since}"));
    Plan::only(Decision::Acted, reason).doing(Action::Publish { service: "sns", message })
}
