//! A version whose alarms have no data proves nothing on its way: SageMaker lets it pass, the suite
//! does not. That holds for canaries, linear and rolling updates alike.

use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Stage as Deployment, Target};
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed};
use crate::rollout::{Cause, Live, Phase, Queued, Rollout, State};
use crate::rollout_fact::{RolloutScope, tell};
use crate::start::start_or_queue;

/// The strategy's alarms that have nothing to say; `None` where all have, or where there are none:
/// going back is never held up, and an endpoint's first version has nothing to be compared with.
fn silent(ctx: &Context<'_, State, Observed>, deploy: &Deployment, cause: Cause) -> Option<String> {
    let Target::Endpoint(target) = &deploy.target else {
        return None;
    };
    let watched = cause == Cause::Approved && !target.strategy.alarms().is_empty() && ctx.observed.endpoint.is_some();
    let names: Vec<&str> = ctx.observed.alarms_without_data.iter().map(|name| name.as_str()).collect();
    (watched && !names.is_empty()).then(|| names.join(", "))
}

/// The version does not go out while nothing could send it back. The approval stays unanswered, so
/// that the same event, sent again, is heard.
pub(crate) fn hold(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    state: &State,
    wanted: &Queued,
) -> Option<Answer> {
    let names = silent(ctx, deploy, wanted.cause)?;
    let version = wanted.package.version();
    let reason = Reason::new(
        "no_alarm_data",
        format!("version {version} is held back: nothing would send it back, since there is no data on {names}"),
    );
    let mut state = state.clone();
    state.hold(&wanted.package);
    let attempt = state.attempt(&wanted.package);
    let told = tell(
        FactKind::RolloutHeld,
        RolloutScope::of(policy, deploy),
        &wanted.package,
        attempt,
        vec![reason.text.clone()],
        ctx.now,
    );
    Some(Plan::only(Decision::Failed, reason).with_state(state).with_fact(told))
}

/// SageMaker let the version pass, and its alarms have no data: back to the version before.
pub(crate) fn go_back(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
) -> Option<Answer> {
    let names = silent(ctx, deploy, rollout.cause)?;
    let (version, good) = (rollout.package.version(), before(ctx.state, rollout)?.package.version());
    let reason = Reason::new(
        "unproven",
        format!("version {version} has proved nothing, since there is no data on {names}: going back to {good}"),
    );
    back(ctx, policy, deploy, rollout, reason)
}

/// The version that a rollout which proved nothing goes back to. What a trial is beside serves in any case.
pub(crate) fn before<'a>(state: &'a State, rollout: &Rollout) -> Option<&'a Live> {
    state.last_good().or_else(|| state.live_now().filter(|_| rollout.phase != Phase::Last))
}

/// Back to the version that was live before this rollout; `None` where there was none.
pub(crate) fn back(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    deploy: &Deployment,
    rollout: &Rollout,
    reason: Reason,
) -> Option<Answer> {
    let before = before(ctx.state, rollout)?.package.clone();
    let told = rollout.tell(FactKind::RolloutRolledBack, &reason.text, ctx.now);
    let mut state = State { current: None, ..ctx.state.clone() };
    state.queued.take_if(|queued| queued.cause == Cause::Rollback);
    state.begin_new_attempt(&before);
    let wanted = Queued { package: before, cause: Cause::Rollback, since: ctx.now };
    let mut plan = start_or_queue(ctx, policy, deploy, state, wanted, vec![reason]);
    plan.facts.insert(0, told);
    Some(plan)
}
