//! A function of its own for these tests: each event says itself what is to be decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::script::Script;
use crate::event::{Body, Event};
use crate::fact::{Fact, FactKind, FactSubject, Token};
use crate::failure::Failure;
use crate::name::ModelName;
use crate::plan::{Decision, Plan, Reason};
use crate::policy::{Key, KeyKind, OrganizationPolicy, Policy};
use crate::port::{PortResult, WriteError};
use crate::reactor::{Act, ActionOutcome, Context, Decide, Subject};

/// The aggregate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What was decided and is not known to be done.
    pub intents: Vec<String>,
    /// What is done.
    pub done: Vec<String>,
    /// How often something was noted.
    pub notes: u32,
}

pub struct Toy(pub Script);

pub fn churn() -> ModelName {
    ModelName::parse("churn").unwrap()
}

/// The name by which churn's repository is found.
pub fn repository(name: &str) -> Key {
    Key { kind: KeyKind::Repository, name: name.to_owned() }
}

/// An event of Trimtab's bus that orders the toy to act.
pub fn event(id: &str, kind: FactKind, orders: &[(&str, &str)]) -> Value {
    let details: serde_json::Map<_, _> =
        orders.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({"version": "0", "id": id, "source": "trimtab", "detail-type": kind.as_str(), "account": "123456789012",
        "time": "2026-11-20T03:10:00Z", "region": "eu-west-1", "resources": [],
        "detail": {"version": 1, "model": "churn", "dedup_key": "incident/order", "at": "2026-11-20T03:10:00Z", "details": details}})
}

/// An object, one of very many: the orders are in its key.
pub fn object(id: &str, orders: &str) -> Value {
    json!({"version": "0", "id": id, "source": "aws.s3", "detail-type": "Object Created", "account": "123456789012",
        "time": "2026-11-20T03:10:00Z", "region": "eu-west-1", "resources": [],
        "detail": {"bucket": {"name": "churn-data"}, "object": {"key": orders}}})
}

/// A run of a monitoring schedule, one of very many: the orders are in the job's name.
pub fn monitoring_run(id: &str, orders: &str) -> Value {
    json!({"version": "0", "id": id, "source": "aws.sagemaker", "detail-type": "SageMaker Processing Job State Change",
        "account": "123456789012", "time": "2026-11-20T03:10:00Z", "region": "eu-west-1", "resources": [],
        "detail": {"ProcessingJobName": format!("model-monitoring-&{orders}"), "ProcessingJobStatus": "Completed"}})
}

fn order(event: &Event, name: &str) -> Option<String> {
    let pairs = match &event.body {
        Body::Fact(fact) => {
            return fact.details.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        }
        Body::Object(object) => object.key.clone(),
        Body::ProcessingJob(job) => job.name.clone(),
        _ => return None,
    };
    pairs.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v.to_owned())
}

pub fn fact(kind: FactKind, dedup_key: &str, at: Timestamp) -> Fact {
    let subject = FactSubject::Incident { incident: Token::of(dedup_key) };
    Fact::new(kind, subject, at).of_model(&churn())
}

impl Decide for Toy {
    type State = State;
    type Observed = bool;
    type Action = String;
    type Done = String;

    const FUNCTION: &'static str = "toy";

    fn subject(event: &Event) -> Subject {
        match order(event, "subject").as_deref() {
            None => Subject::Model(churn()),
            Some("key") => Subject::Key(repository("mine")),
            Some("keys") => Subject::Keys(vec![repository("nobodys"), repository("mine"), repository("theirs")]),
            Some("lookup") => Subject::Lookup,
            Some("organization") => Subject::Organization,
            Some("platform") => Subject::Platform,
            Some(_) => Subject::None,
        }
    }

    fn is_on(suite: &OrganizationPolicy) -> bool {
        suite.guard.is_some()
    }

    fn aggregate(_: &Event, _: Option<&Policy>) -> String {
        "toy".to_owned()
    }

    fn decide(ctx: &Context<'_, State, bool>) -> Plan<State, String> {
        let plan = order(ctx.event, "plan").unwrap_or_default();
        let noted = State { notes: ctx.state.notes + 1, ..ctx.state.clone() };
        let begun = fact(FactKind::TrainingStarted, "begun", ctx.now);
        match plan.as_str() {
            "note" => Plan::update(noted, "noted", "written down"),
            "note and tell" => Plan::update(noted, "noted", "written down").with_fact(begun),
            "skip and note" => Plan::skip("seen", "seen before").with_state(noted),
            "skip, note and tell" => Plan::skip("seen", "seen before").with_state(noted).with_fact(begun),
            "park" => Plan::only(Decision::Deferred, Reason::new("busy", "the endpoint is busy")).with_state(noted),
            "reject" => Plan::fail("impossible", "this cannot be"),
            "act" if ctx.state.done.is_empty() => {
                let actions = vec!["a".to_owned(), "b".to_owned()];
                let state = State { intents: actions.clone(), ..ctx.state.clone() };
                let mut plan = Plan::update(state, "due", "two things are due").with_fact(begun);
                plan.actions = actions;
                plan
            }
            "act without state" => Plan::only(Decision::Acted, Reason::new("due", "due")).with_action("a".to_owned()),
            _ => Plan::skip("nothing", "nothing to do"),
        }
    }

    fn missed_completion(ctx: &Context<'_, State, bool>) -> Option<Plan<State, String>> {
        let over = *ctx.observed && ctx.state.notes == 0;
        over.then(|| {
            let state = State { notes: 1, ..ctx.state.clone() };
            Plan::update(state, "over", "it has ended").with_fact(fact(FactKind::TrainingSucceeded, "over", ctx.now))
        })
    }

    fn pending_actions(state: &State, _: &Context<'_, State, bool>) -> Vec<String> {
        state.intents.clone()
    }

    fn apply_outcome(
        state: &mut State,
        action: &String,
        outcome: Result<String, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        state.intents.retain(|intent| intent != action);
        match outcome {
            Ok(done) => {
                state.done.push(action.clone());
                let facts = vec![fact(FactKind::TrainingSucceeded, &format!("done:{done}"), now)];
                ActionOutcome { facts, reasons: Vec::new(), decision: None }
            }
            Err(cause) => ActionOutcome {
                facts: vec![fact(FactKind::TrainingFailed, &format!("refused:{action}"), now)],
                decision: cause.contains("busy").then_some(Decision::Deferred),
                reasons: vec![Reason::new("refused", cause)],
            },
        }
    }
}

impl Act for Toy {
    type Decide = Self;

    async fn look_up(&self, _: &Event) -> PortResult<Option<Key>> {
        if self.0.contents().refuses_questions {
            return Err(Failure::permanent("aws:Trace", "not allowed"));
        }
        self.0.ask("trace".to_owned(), |contents| contents.traced.clone()).await
    }

    async fn observe(&self, _: &Event, _: Option<&Policy>, _: &State) -> PortResult<bool> {
        if self.0.contents().refuses_questions {
            return Err(Failure::permanent("aws:Describe", "not allowed"));
        }
        self.0.ask("observe".to_owned(), |contents| contents.ended).await
    }

    /// Looks for its own earlier effect first, as every action does.
    async fn act(&self, action: &String) -> PortResult<String> {
        let outcome = self.0.call(format!("act {action}"), |contents| {
            if let Some(cause) = contents.refuses.get(action) {
                return Err(WriteError::Failed(Failure::permanent("aws:Do", cause)));
            }
            if !contents.done.contains(action) {
                contents.done.push(action.clone());
            }
            Ok(action.clone())
        });
        outcome.await.map_err(|error| match error {
            WriteError::Failed(failure) => failure,
            WriteError::Fenced => Failure::transient("aws:Do", "fenced"),
        })
    }
}
