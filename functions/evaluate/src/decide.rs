//! Dispatch of an event to the planner.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::{Approval, Body, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::Plan;
use trimtab_core::policy::Policy;
use trimtab_core::port::ObservedCandidate;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::request::Request;

use crate::action::{Action, Done};
use crate::observation::Observed;
use crate::planner::{self, Ctx};
use crate::reason::Code;
use crate::state::State;
use crate::{apply_outcome, fact, subject};

/// Decisions of `evaluate`.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation;

impl Decide for Evaluation {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "evaluate";

    fn subject(event: &Event) -> Subject {
        subject::subject(event)
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        subject::aggregate(event)
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan<State, Action> {
        let Context { event, state, observed, now, .. } = *ctx;
        if let Some(problem) = Request::problem(ctx.event, FactKind::EvaluationRequested) {
            return Plan::fail(Code::MalformedRequest, format!("the request is malformed: {problem}"));
        }
        match ctx.enabled("evaluate", |policy| policy.evaluate.as_ref()) {
            Ok((policy, rules)) => planner::plan(Ctx { event, policy, rules, state, observed, now }),
            Err((decision, reason)) => Plan::only(decision, reason),
        }
    }

    fn pending_actions(state: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        planner::pending_actions(state)
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<Done, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        apply_outcome::apply_outcome(state, action, outcome, now)
    }
}

impl Preview for Evaluation {
    fn preview(event: &Event) -> Observed {
        let (approval, status) = match &event.body {
            Body::Package(package) => (package.approval.clone(), package.status.clone()),
            Body::Fact(fact) if fact::requested(fact).is_some() => (Approval::Pending, "Completed".to_owned()),
            _ => return Observed::default(),
        };
        let candidate = ObservedCandidate { approval, status, stamp: None, metrics: BTreeMap::new() };
        Observed { candidate: Some(candidate), ..Observed::default() }
    }
}
