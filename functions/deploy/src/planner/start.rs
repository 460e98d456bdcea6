//! How a rollout starts, or why its version is queued or held.

use trimtab_core::fact::FactKind;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::{Decision, Reason};

use super::Plan;
use crate::action::Action;
use crate::admission::{Admission, admission};
use crate::context::Ctx;
use crate::fact::{self, Subject};
use crate::reason::Code;
use crate::rollout::{Cause, Progress, Rollout};
use crate::state::{Queued, State};
use crate::{alarm_data, targets};

/// Starts the rollout of this version, or queues or holds it. `state` is the state so far, and `reasons` say why the
/// version is wanted.
pub(crate) fn start_or_queue(ctx: Ctx<'_>, state: State, wanted: Queued, mut reasons: Vec<Reason>) -> Plan {
    match admission(ctx.with_state(&state), &wanted) {
        Admission::Start => start(ctx, state, wanted, reasons),
        Admission::Queue(cause) => queue(ctx, state, wanted, reasons, &cause),
        Admission::Hold(alarms) => hold(ctx, state, &wanted, &alarms),
        Admission::AfterOperator => wait_for_operator(ctx, state, &wanted, reasons),
        Admission::RecreateFirst(deletion) => {
            reasons.push(Reason::new(
                Code::RemovedFirst,
                "the endpoint has failed: it is deleted and then created again with this version",
            ));
            let state = State { queued: Some(wanted), ..state };
            Plan::with_reasons(Decision::Deferred, reasons).with_state(state).with_action(*deletion)
        }
    }
}

fn start(ctx: Ctx<'_>, mut state: State, wanted: Queued, mut reasons: Vec<Reason>) -> Plan {
    // The newest approval wins: an older queued one never follows it.
    let is_older = |queued: &mut Queued| {
        let both_approved = wanted.cause == Cause::Approved && queued.cause == Cause::Approved;
        both_approved && queued.package.version() < wanted.package.version()
    };
    if let Some(older) = state.queued.take_if(is_older) {
        let (older, newer) = (older.package.version(), wanted.package.version());
        reasons.push(Reason::new(Code::Superseded, format!("queued version {older} is superseded by version {newer}")));
    }
    if wanted.cause == Cause::Rollback {
        state.rollback_pending = false;
    }
    let rollout = new_rollout(ctx.with_state(&state), wanted);
    let actions = targets::of(ctx.stage).steps(ctx, &rollout);
    state.current = Some(rollout);
    Plan { actions, ..Plan::with_reasons(Decision::Acted, reasons).with_state(state) }
}

fn new_rollout(ctx: Ctx<'_>, wanted: Queued) -> Rollout {
    let target = targets::of(ctx.stage);
    let phase = target.first_phase(ctx, &wanted);
    Rollout {
        model: ctx.policy.model.clone(),
        stage: ctx.stage.label().cloned(),
        attempt: ctx.state.attempt(&wanted.package),
        resource: target.resource(ctx, &wanted, &phase),
        package: wanted.package,
        cause: wanted.cause,
        since: ctx.now,
        progress: Progress::Intended,
        deadline_exceeded: false,
        phase,
    }
}

fn queue(ctx: Ctx<'_>, mut state: State, wanted: Queued, mut reasons: Vec<Reason>, cause: &str) -> Plan {
    let text = format!("{cause}: version {} is queued until it ends", wanted.package.version());
    let fact = fact_about(ctx, FactKind::RolloutQueued, &state, &wanted, &text);
    reasons.push(Reason::new(Code::Queued, text));
    let was_queued = state.queue(wanted);
    let plan = Plan::with_reasons(Decision::Deferred, reasons).with_state(state);
    // A rollback that another queued version defers is not in the queue: nothing is reported yet.
    if was_queued { plan.with_fact(fact) } else { plan }
}

/// The version is not deployed while nothing could stop it. Its approval stays unprocessed, so that the event is
/// followed when it is sent again, or when reconciling finds that the alarms have data.
fn hold(ctx: Ctx<'_>, mut state: State, wanted: &Queued, alarms: &[AlarmName]) -> Plan {
    let text = format!(
        "version {} is held: there is no data on {}, so no alarm would stop a bad version. It is deployed when the \
         alarms have data and its approval is sent again or found by reconciling",
        wanted.package.version(),
        alarm_data::names(alarms)
    );
    state.hold(&wanted.package);
    let fact = fact_about(ctx, FactKind::RolloutHeld, &state, wanted, &text);
    Plan::fail(Code::NoAlarmData, text).with_state(state).with_fact(fact)
}

/// Another version must not replace the operator's one in the queue. An approval stays unprocessed, so that reconciling
/// finds it afterwards.
fn wait_for_operator(ctx: Ctx<'_>, mut state: State, wanted: &Queued, mut reasons: Vec<Reason>) -> Plan {
    let text = format!(
        "version {} waits until an operator's version has recreated the endpoint; reconciling starts it afterwards",
        wanted.package.version()
    );
    reasons.push(Reason::new(Code::OperatorFirst, &text));
    if wanted.cause != Cause::Approved {
        return Plan::with_reasons(Decision::Acted, reasons).with_state(state);
    }
    state.hold(&wanted.package);
    let fact = fact_about(ctx, FactKind::RolloutQueued, &state, wanted, &text);
    Plan::with_reasons(Decision::Deferred, reasons).with_state(state).with_fact(fact)
}

fn fact_about(ctx: Ctx<'_>, kind: FactKind, state: &State, wanted: &Queued, text: &str) -> trimtab_core::fact::Fact {
    let subject = Subject::of_package(ctx.policy, ctx.stage, state, &wanted.package);
    fact::about(kind, subject, vec![text.to_owned()], ctx.now)
}

/// The plan that continues with this rollout and these calls.
pub(crate) fn continue_with(ctx: Ctx<'_>, next: Rollout, reason: Reason, actions: Vec<Action>) -> Plan {
    let state = State { current: Some(next), ..ctx.state.clone() };
    Plan { actions, ..Plan::only(Decision::Acted, reason).with_state(state) }
}
