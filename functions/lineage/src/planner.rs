//! The control flow: whether a fact is written, and by which calls.

use trimtab_core::fact::Fact;
use trimtab_core::name::RunArn;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;

use crate::action::Action;
use crate::graph;
use crate::reason::Code;
use crate::state::State;

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// What a decision knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) fact: &'a Fact,
    pub(crate) policy: &'a Policy,
    pub(crate) state: &'a State,
    /// The run that created the fact's version, as SageMaker reports it.
    pub(crate) origin: Option<&'a RunArn>,
}

pub(crate) fn plan(ctx: Ctx<'_>) -> Plan {
    if let Some(written) = ctx.state.written {
        return Plan::skip(Code::AlreadyWritten, format!("the fact was written at {written}"));
    }
    let chain = graph::of(ctx.fact, ctx.policy, ctx.origin);
    let Some(entity) = chain.action else {
        return Plan::skip(Code::NoEntity, "the fact names no commit, run or version: there is nothing to link");
    };
    let text = format!("wrote {} on {}", ctx.fact.kind.as_str(), ctx.fact.subject);
    let mut plan = Plan::only(Decision::Acted, Reason::new(Code::Written, text));
    plan.actions = vec![Action::CreateAction(entity)];
    plan.actions.extend(chain.links.into_iter().map(Action::AddAssociation));
    plan
}
