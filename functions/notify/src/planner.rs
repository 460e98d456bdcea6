//! The control flow: a message for each dedup key, at once or in a digest.

use jiff::Timestamp;
use trimtab_core::event::Event;
use trimtab_core::fact::Fact;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Notify;

use crate::action::{Action, OnFailure};
use crate::console_links::ConsoleLinks;
use crate::digest::Batch;
use crate::observation::Observed;
use crate::reason::Code;
use crate::state::{Digest, LINES_MAX, Line, Message, State};
use crate::templates::{self, template};
use crate::{chat, fact};

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// What a decision knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) event: &'a Event,
    pub(crate) fact: &'a Fact,
    pub(crate) state: &'a State,
    pub(crate) observed: &'a Observed,
    pub(crate) now: Timestamp,
}

impl<'a> Ctx<'a> {
    /// `[notify]` of the model's policy.
    fn rules(&self) -> Option<&'a Notify> {
        self.observed.policy.as_ref()?.notify.as_ref()
    }

    fn links(&self) -> ConsoleLinks<'a> {
        ConsoleLinks::of(self.event, self.observed.policy.as_deref())
    }
}

/// A fact: its message is sent, or added to the digest.
pub(crate) fn on_fact(ctx: Ctx<'_>) -> Plan {
    let Ctx { fact, .. } = ctx;
    let Some(template) = template(fact.kind) else {
        return Plan::skip(Code::Request, "a request between functions is not sent to subscribers");
    };
    let state = ctx.state.message();
    let is_batched = ctx.rules().is_some_and(|rules| rules.digest_severities.contains(&fact.kind.severity()));
    if is_batched && state.sent.is_none() {
        let text = format!("{} on {} is added to the digest", fact.kind.as_str(), fact.subject);
        let batched = fact::batched(fact, templates::subject(fact, template), ctx.now);
        let message = Message { sent: Some(ctx.now), chat: Some(ctx.now), message_id: None };
        return Plan::update(State::Message(message), Code::AddedToDigest, text).with_fact(batched);
    }
    let is_for_chat = ctx.observed.chat && state.chat.is_none();
    if let Some(sent) = state.sent
        && !is_for_chat
    {
        return Plan::skip(Code::AlreadySent, format!("the message of this dedup key was sent at {sent}"));
    }
    let reason = Reason::new(Code::Sent, format!("{} on {}", fact.kind.as_str(), fact.subject));
    let mut plan = Plan::only(Decision::Acted, reason);
    if state.sent.is_none() {
        plan.actions.push(to_subscribers(templates::message_of(fact, template, &ctx.links())));
    }
    if is_for_chat {
        plan.actions.push(to_chat(chat::message(fact, template, &ctx.links())));
    }
    plan
}

/// A message that is added to the digest. A full digest is sent at once.
pub(crate) fn on_batched(ctx: Ctx<'_>) -> Plan {
    let mut digest = ctx.state.digest();
    let line = fact::line(ctx.fact);
    if digest.contains(&line.key) {
        let known = || Plan::skip(Code::AlreadyBatched, "the digest contains this message, or an earlier one did");
        return retry_chat(ctx, &digest).unwrap_or_else(known);
    }
    digest.lines.push(line);
    if digest.lines.len() >= LINES_MAX {
        return send(ctx, digest, Code::Full);
    }
    let text = match digest.lines.len() {
        1 => "the next digest has 1 message".to_owned(),
        count => format!("the next digest has {count} messages"),
    };
    Plan::update(State::Digest(digest), Code::Batched, text)
}

/// A reconcile: a digest whose interval ended is sent. Without an interval, which a policy can lose while lines are
/// queued, they are sent at once.
pub(crate) fn on_reconcile(ctx: Ctx<'_>) -> Plan {
    let digest = ctx.state.digest();
    let Some(oldest) = digest.lines.first() else {
        let empty = || Plan::skip(Code::NothingNew, "the digest is empty");
        return retry_chat(ctx, &digest).unwrap_or_else(empty);
    };
    let interval = ctx.rules().and_then(|rules| rules.digest_interval);
    if interval.is_some_and(|interval| ctx.now.duration_since(oldest.at) < interval) {
        let early = || Plan::skip(Code::NothingNew, "the interval of the digest has not ended");
        return retry_chat(ctx, &digest).unwrap_or_else(early);
    }
    send(ctx, digest, Code::Due)
}

/// Sends the digest to the subscribers, and with the chat's backlog to the chat.
fn send(ctx: Ctx<'_>, mut digest: Digest, code: Code) -> Plan {
    let lines: Vec<&Line> = digest.lines.iter().collect();
    let batch = batch(ctx, &lines);
    let text = format!("digest of {} messages of {} is sent", lines.len(), batch.owner());
    let mut plan = Plan::only(Decision::Acted, Reason::new(code, text)).with_action(to_subscribers(batch.mail()));
    if ctx.observed.chat {
        let lines: Vec<&Line> = digest.backlog().iter().chain(&digest.lines).collect();
        plan.actions.push(digest_to_chat(ctx, &lines));
    }
    // Stored before the first message: if the chat refuses its message, the lines are its backlog.
    digest.chat_backlog = ctx.observed.chat.then(|| digest.backlog().to_vec());
    plan.with_state(State::Digest(digest))
}

/// Sends the lines that the chat refused before; `None` if there are none.
fn retry_chat(ctx: Ctx<'_>, digest: &Digest) -> Option<Plan> {
    let lines: Vec<&Line> = digest.backlog().iter().collect();
    if lines.is_empty() || !ctx.observed.chat {
        return None;
    }
    let owner = fact::owner(ctx.fact);
    let text = format!("{} messages of {owner} that the chat had refused are sent to it again", lines.len());
    let plan = Plan::only(Decision::Acted, Reason::new(Code::ChatRetried, text));
    Some(plan.with_action(digest_to_chat(ctx, &lines)))
}

fn batch<'a>(ctx: Ctx<'a>, lines: &'a [&'a Line]) -> Batch<'a> {
    Batch { model: ctx.fact.model.as_ref(), lines, now: ctx.now }
}

fn digest_to_chat(ctx: Ctx<'_>, lines: &[&Line]) -> Action {
    to_chat(chat::digest(batch(ctx, lines), ctx.links().link(ctx.fact)))
}

/// A message that subscribers do not receive must raise an alarm. Dead letters raise none without a message, so that the
/// event goes back to Lambda whatever SNS says, and ends in a queue with an alarm.
fn to_subscribers(message: trimtab_core::port::Message) -> Action {
    Action::Publish { message, on_failure: OnFailure::Retry }
}

/// The subscribers have received the message: giving the event back would send it to them again. The event is
/// dead-lettered instead, and a redrive sends the chat's message alone.
fn to_chat(message: trimtab_core::port::Message) -> Action {
    Action::PublishToChat { message, on_failure: OnFailure::DeadLetter }
}
