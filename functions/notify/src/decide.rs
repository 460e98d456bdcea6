//! Whether a fact becomes a message: each matter once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::{Body, Event};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::ml::Message;
use trimtab_core::react::{Case, Decide, Settled, Subject};
use trimtab_core::text::digest;

use crate::words;

/// The deciding half of `notify`.
#[derive(Debug, Clone, Copy)]
pub struct Notify;

/// What the ledger keeps of one matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When its message was sent.
    pub sent: Option<Timestamp>,
    /// SNS's id of it.
    pub message_id: Option<String>,
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
}

impl Decide for Notify {
    type State = State;
    type Seen = ();
    type Action = Action;
    type Done = String;

    const FUNCTION: &'static str = "notify";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::Fact(_) => Subject::Suite,
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        match &event.body {
            Body::Fact(fact) => {
                format!("notice#{}", digest(&[fact.kind.as_str(), &fact.matter], 32))
            }
            _ => "notice#none".to_owned(),
        }
    }

    fn assume(_: &Event) -> Self::Seen {}

    fn decide(case: &Case<'_, State, ()>) -> Plan<State, Action> {
        let Body::Fact(fact) = &case.event.body else {
            return Plan::skip("not_concerned", "only the suite's facts become messages");
        };
        if fact.kind.is_request() {
            return Plan::skip("not_for_people", "this is between two functions");
        }
        if let Some(sent) = case.state.sent {
            return Plan::skip("already_sent", format!("the message on this matter was sent at {sent}"));
        }
        let message = words::message(fact);
        let reason = Reason::new("told", format!("{} on {}", fact.kind.as_str(), fact.matter));
        Plan::only(Decision::Acted, reason).doing(Action::Publish { service: "sns", message })
    }

    /// A message has no state between decided and sent: its fact's retry sends it.
    fn left(_: &State, _: &Case<'_, State, ()>) -> Vec<Action> {
        Vec::new()
    }

    fn settle(state: &mut State, _: &Action, outcome: Result<String, String>, now: Timestamp) -> Settled {
        match outcome {
            Ok(message_id) => {
                *state = State { sent: Some(now), message_id: Some(message_id) };
                Settled::default()
            }
            Err(cause) => Settled { reasons: vec![Reason::new("publish_refused", cause)], ..Settled::default() },
        }
    }
}
