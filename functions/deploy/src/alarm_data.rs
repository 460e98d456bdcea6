//! Alarms without data. SageMaker lets an update pass whose alarms do not exist or are in `INSUFFICIENT_DATA`; Trimtab
//! does not. Canary, linear and rolling updates are treated alike.

use trimtab_core::event::AlarmState;
use trimtab_core::name::AlarmName;
use trimtab_core::port::ObservedAlarm;

use crate::context::Ctx;
use crate::rollout::Cause;
use crate::targets;

/// The strategy's alarms that must have data and have none.
///
/// A rollback needs no alarm data, because it must not be stopped. The first version of an endpoint needs none, because
/// nothing has sent requests yet.
pub(crate) fn missing(ctx: Ctx<'_>, cause: Cause) -> &[AlarmName] {
    let has_alarms = !targets::of(ctx.stage).strategy_alarms().is_empty();
    if cause == Cause::Approved && has_alarms && ctx.observed.endpoint.is_some() {
        &ctx.observed.alarms_without_data
    } else {
        &[]
    }
}

/// The alarms that do not exist or have no data.
pub(crate) fn without_data(alarms: &[AlarmName], observed: &[ObservedAlarm]) -> Vec<AlarmName> {
    let has_data = |name: &AlarmName| {
        let alarm = observed.iter().find(|alarm| alarm.name == *name);
        alarm.is_some_and(|alarm| matches!(alarm.state, AlarmState::Ok | AlarmState::Alarm))
    };
    alarms.iter().filter(|name| !has_data(name)).cloned().collect()
}

/// The alarms that are firing.
pub(crate) fn firing(observed: Vec<ObservedAlarm>) -> Vec<AlarmName> {
    observed.into_iter().filter(|alarm| alarm.state == AlarmState::Alarm).map(|alarm| alarm.name).collect()
}

/// The alarms' names, separated by commas.
pub(crate) fn names(alarms: &[AlarmName]) -> String {
    alarms.iter().map(AlarmName::as_str).collect::<Vec<_>>().join(", ")
}
