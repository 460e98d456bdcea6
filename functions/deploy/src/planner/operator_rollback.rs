//! What follows from an operator's request to roll a stage back.

use trimtab_core::fact::Fact;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::request::{MalformedRequest, RollBack};

use super::Plan;
use super::start::start_or_queue;
use crate::context::Ctx;
use crate::fact;
use crate::reason::Code;
use crate::rollout::Cause;
use crate::state::{Queued, State};
use crate::{rollback, variant_test};

/// Rolls the stage back. What is queued, tested or deferred gives way to the operator.
pub(crate) fn on_request(ctx: Ctx<'_>, fact: &Fact, request: &RollBack) -> Plan {
    if ctx.state.has_processed(&fact.subject) {
        return Plan::skip(Code::AlreadyHandled, "this request was already processed");
    }
    let mut state = ctx.state.clone();
    state.record_request(&fact.subject);
    let by = &request.by;
    let package = match rollback::requested_version(ctx, request.version) {
        Ok(package) => package,
        Err(cause) => return refuse(ctx, state, fact, &format!("{by} requested a rollback: {cause}")),
    };
    let (version, stage) = (package.version(), &ctx.stage.name);
    if rollback::is_served(ctx, &package) {
        return refuse(ctx, state, fact, &format!("{stage} serves version {version} already"));
    }
    let mut reasons =
        vec![Reason::new(Code::OperatorRollback, format!("{by} rolls {stage} back to version {version}"))];
    if let Some(queued) = state.queued.take() {
        let text = format!("version {} is removed from the queue", queued.package.version());
        reasons.push(Reason::new(Code::Dequeued, text));
    }
    if let Some(tested) = variant_test::stop_any(&mut state) {
        let text = format!("the variant test of version {} is canceled", tested.version());
        reasons.push(Reason::new(Code::TestCanceled, text));
    }
    state.rollback_pending = false;
    state.begin_new_attempt(&package);
    let wanted = Queued { package, cause: Cause::Operator, since: ctx.now };
    start_or_queue(ctx, state, wanted, reasons)
}

/// Refuses a request whose details are malformed.
pub(crate) fn on_malformed(ctx: Ctx<'_>, fact: &Fact, malformed: MalformedRequest) -> Plan {
    if ctx.state.has_processed(&fact.subject) {
        return Plan::skip(Code::AlreadyHandled, "this request was already processed");
    }
    let mut state = ctx.state.clone();
    state.record_request(&fact.subject);
    refuse(ctx, state, fact, &format!("the request for a rollback is malformed: {malformed}"))
}

fn refuse(ctx: Ctx<'_>, state: State, request: &Fact, cause: &str) -> Plan {
    let reason = Reason::new(Code::Refused, format!("{cause}: nothing is changed"));
    let fact = fact::rollback_refused(request, ctx.stage, &reason.text, ctx.now);
    Plan::only(Decision::Skipped, reason).with_state(state).with_fact(fact)
}
