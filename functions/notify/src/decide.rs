//! Whether a fact becomes a message: each dedup key once; at once, or with others in the digest.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::Message;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text;

use crate::console_links::ConsoleLinks;
use crate::digest::Digest;
use crate::{chat, digest, templates};

/// The deciding half of `notify`.
#[derive(Debug, Clone, Copy)]
pub struct Notify;

/// What the ledger keeps of one dedup key; or, for a model, of what waits for its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When its message was sent, or given to the digest.
    pub sent: Option<Timestamp>,
    /// SNS's id of it.
    pub message_id: Option<String>,
    /// When the chat got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Timestamp>,
    /// What waits for the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// What the decision knows besides the fact.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The model's policy.
    pub policy: Option<Arc<Policy>>,
    /// Whether there is a topic for a chat.
    pub chat: bool,
}

/// What `notify` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the name is AWS's own; the fields are the port's message")]
pub enum Action {
    Publish {
        service: &'static str,
        #[serde(flatten)]
        message: Message,
    },
    PublishToChat {
        service: &'static str,
        #[serde(flatten)]
        message: Message,
    },
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Notify {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = String;

    const FUNCTION: &'static str = "notify";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::Fact(_) => Subject::Platform,
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        match &event.body {
            Body::Fact(fact) if event.is_reconcile_request() || fact.kind == FactKind::NotificationBatched => {
                digest::aggregate(fact)
            }
            Body::Fact(fact) => {
                format!("notice#{}", text::digest(&[fact.kind.as_str(), &fact.dedup_key], 32))
            }
            _ => "notice#none".to_owned(),
        }
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Answer {
        let Body::Fact(fact) = &ctx.event.body else {
            return Plan::skip("not_concerned", "only the suite's facts become messages");
        };
        if ctx.event.is_reconcile_request() {
            return digest::on_reconcile(ctx, fact);
        }
        if fact.kind == FactKind::NotificationBatched {
            return digest::on_held(ctx, fact);
        }
        if fact.kind.is_request() {
            return Plan::skip("not_for_people", "this is between two functions");
        }
        on_fact(ctx, fact)
    }

    /// A message has no state between decided and sent: its fact's retry sends it.
    fn pending_actions(_: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<String, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        match (action, outcome) {
            (Action::Publish { .. }, Ok(message_id)) => {
                state.sent = Some(now);
                state.message_id = Some(message_id);
                if let Some(digest) = &mut state.digest {
                    digest.was_sent();
                }
                ActionOutcome::default()
            }
            (Action::PublishToChat { .. }, Ok(_)) => {
                state.chat = Some(now);
                if let Some(digest) = &mut state.digest {
                    digest.was_posted();
                }
                ActionOutcome::default()
            }
            (_, Err(cause)) => {
                ActionOutcome { reasons: vec![Reason::new("publish_refused", cause)], ..ActionOutcome::default() }
            }
        }
    }
}

impl Preview for Notify {
    fn preview(_: &Event) -> Observed {
        Observed::default()
    }
}

fn on_fact(ctx: &Context<'_, State, Observed>, fact: &Fact) -> Answer {
    let (state, observed) = (ctx.state, ctx.observed);
    let told = state.sent.is_some();
    let quiet = observed.policy.as_ref().and_then(|policy| policy.notify.as_ref());
    if quiet.is_some_and(|notify| notify.digest_severities.contains(&fact.kind.severity())) && !told {
        let text = format!("{} on {} waits for the digest", fact.kind.as_str(), fact.dedup_key);
        let state = State { sent: Some(ctx.now), chat: Some(ctx.now), ..State::default() };
        return Plan::update(state, "quiet", text).with_fact(digest::held(fact, ctx.now));
    }
    let place = ConsoleLinks::of(ctx.event, observed.policy.as_deref());
    let to_chat = observed.chat && state.chat.is_none();
    if let Some(sent) = state.sent.filter(|_| !to_chat) {
        return Plan::skip("already_sent", format!("the message on this dedup key was sent at {sent}"));
    }
    let mut plan =
        Plan::only(Decision::Acted, Reason::new("told", format!("{} on {}", fact.kind.as_str(), fact.dedup_key)));
    if !told {
        plan.actions.push(Action::Publish { service: "sns", message: templates::message(fact, &place) });
    }
    if to_chat {
        plan.actions.push(Action::PublishToChat { service: "sns", message: chat::message(fact, &place) });
    }
    plan
}
