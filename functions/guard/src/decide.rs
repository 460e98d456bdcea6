//! Dispatch of an event to the planner.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event};
use trimtab_core::plan::Plan;
use trimtab_core::policy::{OrganizationPolicy, Policy};
use trimtab_core::port::{ObservedResource, StopOutcome};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

use crate::action::Action;
use crate::planner::{self, Ctx};
use crate::state::{State, id};
use crate::{apply_outcome, request};

/// Decisions of `guard`.
#[derive(Debug, Clone, Copy)]
pub struct Guard;

impl Decide for Guard {
    type State = State;
    type Observed = Option<ObservedResource>;
    type Action = Action;
    type Done = StopOutcome;

    const FUNCTION: &'static str = "guard";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::ApiCall(_) => Subject::Organization,
            _ => Subject::None,
        }
    }

    fn is_on(organization: &OrganizationPolicy) -> bool {
        organization.guard.is_some()
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        let resource = match &event.body {
            Body::ApiCall(call) => call.resource.as_ref(),
            _ => None,
        };
        resource.map_or_else(|| "finding#none".to_owned(), |resource| format!("finding#{}", id(resource)))
    }

    fn decide(ctx: &Context<'_, State, Self::Observed>) -> Plan<State, Action> {
        let Context { event, organization, state, observed, now, .. } = *ctx;
        planner::plan(Ctx { event, organization, state, observed: observed.as_ref(), now })
    }

    fn pending_actions(state: &State, _: &Context<'_, State, Self::Observed>) -> Vec<Action> {
        planner::pending_actions(state)
    }

    fn apply_outcome(
        state: &mut State,
        _: &Action,
        outcome: Result<StopOutcome, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        apply_outcome::apply_outcome(state, outcome, now)
    }
}

impl Preview for Guard {
    fn preview(event: &Event) -> Self::Observed {
        let Body::ApiCall(call) = &event.body else { return None };
        let envelope = &event.envelope;
        request::preview(call, envelope.account.as_str(), &envelope.region, envelope.time)
    }
}
