//! What can wait: collected for each model, and sent together.
//!
//! A dedup key is an aggregate of its own, and so is a model's digest: the one gives its line to the
//! other on the bus. What has not been sent is in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::audience;
use trimtab_core::fact::{self, Fact, FactKind, Severity};
use trimtab_core::name::ModelName;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::port::Message;
use trimtab_core::reactor::Context;
use trimtab_core::text;

use crate::console_links::ConsoleLinks;
use crate::decide::{Action, Answer, Observed, State};
use crate::{chat, templates};

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
    /// What people have and the chat has not, oldest first; `None` where there is no chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Vec<Line>>,
}

/// One message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Of which kind and dedup key it is, digested.
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
    /// People have the lines.
    pub(crate) fn was_sent(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.sent.extend(lines.iter().map(|line| line.key.clone()));
        let surplus = self.sent.len().saturating_sub(REMEMBERED);
        self.sent.drain(..surplus);
        if let Some(owed) = &mut self.chat {
            owed.extend(lines);
            // A channel that took nothing for so long gets the newest; people have had them all.
            let surplus = owed.len().saturating_sub(MOST);
            owed.drain(..surplus);
        }
    }

    /// The chat has them, too.
    pub(crate) fn was_posted(&mut self) {
        self.chat = None;
    }

    /// What people have and the chat has not.
    fn owed(&self) -> &[Line] {
        self.chat.as_deref().unwrap_or_default()
    }

    fn knows(&self, key: &str) -> bool {
        self.sent.iter().any(|known| known == key) || self.lines.iter().any(|line| line.key == key)
    }
}

fn model(fact: &Fact) -> &str {
    fact.model.as_ref().map_or("platform", ModelName::as_str)
}

/// The aggregate of a model's digest.
pub(crate) fn aggregate(fact: &Fact) -> String {
    format!("digest#{}", model(fact))
}

/// Gives a message to the digest.
pub(crate) fn held(told: &Fact, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::NotificationBatched,
        version: fact::VERSION,
        model: told.model.clone(),
        dedup_key: format!("held/{}/{}", told.kind.as_str(), told.dedup_key),
        at,
        reasons: told.reasons.iter().take(1).cloned().collect(),
        details: BTreeMap::from([
            ("says".to_owned(), templates::subject(told)),
            ("severity".to_owned(), told.kind.severity().as_str().to_owned()),
        ]),
    }
}

/// A message waits from now on.
pub(crate) fn on_held(ctx: &Context<'_, State, Observed>, fact: &Fact) -> Answer {
    let mut digest = ctx.state.digest.clone().unwrap_or_default();
    let key = text::digest(&[&fact.dedup_key], 32);
    if digest.knows(&key) {
        let known = || Plan::skip("already_held", "this message waits for the digest, or was in one");
        return owed(ctx, fact, &digest).unwrap_or_else(known);
    }
    let says = fact.details.get("says").map_or(fact.dedup_key.as_str(), String::as_str);
    let why = fact.reasons.first().map(|reason| format!(": {reason}")).unwrap_or_default();
    let severity = fact.details.get("severity").and_then(|word| Severity::parse(word)).unwrap_or_else(info);
    digest.lines.push(Line { key, at: fact.at, severity, says: text::one_line(&format!("{says}{why}"), 300) });
    if digest.lines.len() >= MOST {
        return send(ctx, fact, &digest, "full");
    }
    let state = State { digest: Some(digest.clone()), ..ctx.state.clone() };
    Plan::update(state, "held", format!("{} messages wait for the digest", digest.lines.len()))
}

/// The clock asks: what has waited long enough is sent; at once, where the policy has no digest any more.
/// What the chat did not take before is sent to it again.
pub(crate) fn on_reconcile(ctx: &Context<'_, State, Observed>, fact: &Fact) -> Answer {
    let nothing = |text| Plan::skip("nothing_new", text);
    let Some(digest) = &ctx.state.digest else { return nothing("nothing waits for the digest") };
    let Some(since) = digest.lines.first().map(|line| line.at) else {
        return owed(ctx, fact, digest).unwrap_or_else(|| nothing("nothing waits for the digest"));
    };
    let wait = ctx.observed.policy.as_ref().and_then(|policy| policy.notify.as_ref()?.digest_interval);
    if wait.is_some_and(|wait| ctx.now.duration_since(since) < wait) {
        return owed(ctx, fact, digest).unwrap_or_else(|| nothing("the digest is not due yet"));
    }
    send(ctx, fact, digest, "due")
}

/// To people, and to the chat where there is one; with what that did not take before.
fn send(ctx: &Context<'_, State, Observed>, fact: &Fact, digest: &Digest, why: &'static str) -> Answer {
    let mail = mail(ctx, fact, &digest.lines.iter().collect::<Vec<_>>());
    let reason = Reason::new(why, format!("{} messages of {} are due", digest.lines.len(), model(fact)));
    let mut plan = Plan::only(Decision::Acted, reason).with_action(Action::Publish { service: "sns", message: mail });
    let mut digest = digest.clone();
    digest.chat = ctx.observed.chat.then(|| digest.owed().to_vec());
    if ctx.observed.chat {
        plan.actions.push(to_chat(ctx, fact, &digest.owed().iter().chain(&digest.lines).collect::<Vec<_>>()));
    }
    plan.with_state(State { digest: Some(digest), ..ctx.state.clone() })
}

/// What people have and the chat has not; `None` where it has all, or there is none.
fn owed(ctx: &Context<'_, State, Observed>, fact: &Fact, digest: &Digest) -> Option<Answer> {
    let lines = digest.owed();
    if lines.is_empty() || !ctx.observed.chat {
        return None;
    }
    let text = format!("people have {} messages of {} that the chat did not take", lines.len(), model(fact));
    let plan = Plan::only(Decision::Acted, Reason::new("chat_again", text));
    Some(plan.with_action(to_chat(ctx, fact, &lines.iter().collect::<Vec<_>>())))
}

fn to_chat(ctx: &Context<'_, State, Observed>, fact: &Fact, lines: &[&Line]) -> Action {
    let link = ConsoleLinks::of(ctx.event, ctx.observed.policy.as_deref()).link(fact);
    let message = chat::digest(mail(ctx, fact, lines), &dedup_key(ctx, fact, lines), lines, link);
    Action::PublishToChat { service: "sns", message }
}

/// Since when the first of them has waited.
fn since(ctx: &Context<'_, State, Observed>, lines: &[&Line]) -> Timestamp {
    lines.first().map_or(ctx.now, |line| line.at)
}

fn dedup_key(ctx: &Context<'_, State, Observed>, fact: &Fact, lines: &[&Line]) -> String {
    format!("digest/{}/{}", model(fact), since(ctx, lines))
}

fn mail(ctx: &Context<'_, State, Observed>, fact: &Fact, lines: &[&Line]) -> Message {
    let (model, since) = (model(fact), since(ctx, lines));
    let mut body = format!("{model}: what could wait since {since}\n\n");
    for line in lines {
        let _ = writeln!(body, "  {}  {}", line.at, line.says);
    }
    let _ = write!(
        body,
        "\nWhat next\n  Nothing to do.\n  Command: trimtab history {model}\n\nDetails\n  at: {}\n  dedup_key: {}\n",
        ctx.now,
        dedup_key(ctx, fact, lines)
    );
    let severities: BTreeSet<Severity> = lines.iter().map(|line| line.severity).collect();
    let attributes = [
        ("severity", "info"),
        ("model", model),
        ("kind", "Digest"),
        ("thread", &format!("digest/{model}")),
        // Whoever wants something that is in it.
        (audience::ATTRIBUTE, &audience::of(fact.model.as_ref(), &severities)),
    ];
    Message {
        subject: text::subject(
            &format!("[info] {model}: {} messages that could wait", lines.len()),
            templates::SUBJECT_MAX,
        ),
        body,
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}
