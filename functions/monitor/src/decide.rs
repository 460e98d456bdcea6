//! Dispatch of an event to the planner.

use jiff::Timestamp;
use trimtab_core::event::{Body, EndpointStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::Plan;
use trimtab_core::policy::Policy;
use trimtab_core::port::Served;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::request::Request;

use crate::action::{Action, Done};
use crate::observation::Observed;
use crate::planner::{self, Ctx};
use crate::reason::Code;
use crate::state::State;
use crate::{apply_outcome, fact, subject};

/// Decisions of `monitor`.
#[derive(Debug, Clone, Copy)]
pub struct Monitor;

impl Decide for Monitor {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "monitor";

    fn subject(event: &Event) -> Subject {
        subject::subject(event)
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        subject::aggregate(event)
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan<State, Action> {
        let Context { event, state, observed, now, .. } = *ctx;
        if let Some(problem) = Request::problem(ctx.event, FactKind::MonitoringRequested) {
            return Plan::fail(Code::MalformedRequest, format!("the request is malformed: {problem}"));
        }
        match ctx.enabled("monitor", |policy| policy.monitor.as_ref()) {
            Ok((policy, rules)) => planner::plan(Ctx { event, policy, rules, state, observed, now }),
            Err((decision, reason)) => Plan::only(decision, reason),
        }
    }

    /// None: every event of a kind makes the calls that AWS still lacks.
    fn pending_actions(_: &State, _: &Context<'_, State, Observed>) -> Vec<Action> {
        Vec::new()
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

impl Preview for Monitor {
    fn preview(event: &Event) -> Observed {
        let (status, config, package) = match &event.body {
            Body::Endpoint(endpoint) => (endpoint.status.clone(), endpoint.config.clone(), None),
            Body::Fact(fact) => (EndpointStatus::InService, None, fact::package(fact)),
            _ => return Observed::default(),
        };
        let served = Served { status, config: config.unwrap_or_default(), package, captures: true };
        Observed { served: Some(served), ..Observed::default() }
    }
}
