//! Dispatch of a fact to the planner.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event};
use trimtab_core::name::RunArn;
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text::digest;

use crate::action::Action;
use crate::fact;
use crate::planner::{self, Ctx};
use crate::reason::Code;
use crate::state::State;

/// Decisions of `lineage`.
#[derive(Debug, Clone, Copy)]
pub struct Lineage;

impl Decide for Lineage {
    type State = State;
    type Observed = Option<RunArn>;
    type Action = Action;
    type Done = ();

    const FUNCTION: &'static str = "lineage";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::Fact(fact) if fact::is_part(fact.kind) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        match &event.body {
            Body::Fact(fact) => format!("lineage#{}", digest(&[fact.kind.as_str(), &fact.dedup_key()], 32)),
            _ => "lineage#none".to_owned(),
        }
    }

    fn decide(ctx: &Context<'_, State, Self::Observed>) -> Plan<State, Action> {
        let Body::Fact(fact) = &ctx.event.body else {
            return Plan::skip(Code::NotConcerned, "only facts about a model have a lineage");
        };
        match ctx.enabled("lineage", |policy| policy.lineage.as_ref()) {
            Ok((policy, _)) => planner::plan(Ctx { fact, policy, state: ctx.state, origin: ctx.observed.as_ref() }),
            Err((decision, reason)) => Plan::only(decision, reason),
        }
    }

    /// None: a fact that was decided and not written leaves no state, and its retry writes it.
    fn pending_actions(_: &State, _: &Context<'_, State, Self::Observed>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome(state: &mut State, _: &Action, outcome: Result<(), String>, now: Timestamp) -> ActionOutcome {
        match outcome {
            Ok(()) => {
                state.written = Some(now);
                ActionOutcome::default()
            }
            // An earlier action of the plan may have succeeded: the fact is written only if all did.
            Err(cause) => {
                state.written = None;
                let reason = Reason::new(Code::LineageRefused, format!("the lineage is incomplete: {cause}"));
                ActionOutcome { reasons: vec![reason], ..ActionOutcome::default() }
            }
        }
    }
}

impl Preview for Lineage {
    /// The origin of a version is unknown offline.
    fn preview(_: &Event) -> Self::Observed {
        None
    }
}
