//! Admission: whether a version can start, and what prevents it.

use trimtab_core::name::AlarmName;

use crate::action::Action;
use crate::context::Ctx;
use crate::rollout::Cause;
use crate::state::Queued;
use crate::{alarm_data, rollback, targets};

/// Whether a version can start.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Admission {
    Start,
    /// Something is in progress; the reason.
    Queue(String),
    /// These alarms of the strategy have no data: nothing would stop a bad version.
    Hold(Vec<AlarmName>),
    /// The failed endpoint is deleted first, by this action.
    RecreateFirst(Box<Action>),
    /// An operator's version recreates the endpoint first.
    AfterOperator,
}

pub(crate) fn admission(ctx: Ctx<'_>, wanted: &Queued) -> Admission {
    let target = targets::of(ctx.stage);
    if wanted.cause != Cause::Operator && rollback::operator_goes_first(ctx) {
        return Admission::AfterOperator;
    }
    if ctx.state.current.is_some() {
        return Admission::Queue("a rollout is in progress".to_owned());
    }
    if let Some(cause) = target.blocked_by(ctx.observed) {
        return Admission::Queue(cause);
    }
    let without_data = alarm_data::missing(ctx, wanted.cause);
    if !without_data.is_empty() {
        return Admission::Hold(without_data.to_vec());
    }
    if wanted.cause == Cause::Operator
        && let Some(deletion) = target.deletion(ctx)
    {
        return Admission::RecreateFirst(Box::new(deletion));
    }
    Admission::Start
}
