//! Dispatch of a fact to the planner.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text;

use crate::action::Action;
use crate::fact;
use crate::observation::Observed;
use crate::planner::{self, Ctx};
use crate::reason::Code;
use crate::state::State;

/// Decisions of `notify`.
#[derive(Debug, Clone, Copy)]
pub struct Notify;

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
                format!("digest#{}", fact::owner(fact))
            }
            Body::Fact(fact) => format!("message#{}", text::digest(&[fact.kind.as_str(), &fact.dedup_key()], 32)),
            _ => "message#none".to_owned(),
        }
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan<State, Action> {
        let Context { event, state, observed, now, .. } = *ctx;
        let Body::Fact(fact) = &event.body else {
            return Plan::skip(Code::NotConcerned, "only facts become messages");
        };
        let ctx = Ctx { event, fact, state, observed, now };
        if event.is_reconcile_request() {
            return planner::on_reconcile(ctx);
        }
        if fact.kind == FactKind::NotificationBatched {
            return planner::on_batched(ctx);
        }
        planner::on_fact(ctx)
    }

    /// None: a message that was decided and not sent leaves no state, and its fact's retry sends it.
    fn pending_actions(_: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<String, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        let message_id = match outcome {
            Ok(message_id) => message_id,
            Err(cause) => {
                let reason =
                    Reason::new(Code::PublishRefused, format!("the message was not sent to the chat: {cause}"));
                return ActionOutcome { reasons: vec![reason], ..ActionOutcome::default() };
            }
        };
        match (state, action) {
            (State::Digest(digest), Action::Publish { .. }) => digest.mark_sent(),
            (State::Digest(digest), Action::PublishToChat { .. }) => digest.mark_posted(),
            (state, Action::Publish { .. }) => {
                let mut message = state.message();
                (message.sent, message.message_id) = (Some(now), Some(message_id));
                *state = State::Message(message);
            }
            (state, Action::PublishToChat { .. }) => {
                let mut message = state.message();
                message.chat = Some(now);
                *state = State::Message(message);
            }
        }
        ActionOutcome::default()
    }
}

impl Preview for Notify {
    fn preview(_: &Event) -> Observed {
        Observed::default()
    }
}
