//! Resources that violate a rule of the organization.

use super::{Script, hours};
use crate::guard_ports::KINDS;
use crate::script::Flow;
use crate::services::Item;

pub(super) fn script(flow: Flow) -> Option<Script> {
    Some(match flow {
        Flow::GuardViolation => vec![(hours(0), Item::CreateJob)],
        Flow::GuardViolationCorrected => vec![(hours(0), Item::CreateJob), (hours(6), Item::TagJob)],
        Flow::GuardEachResource => KINDS.iter().map(|resource| (hours(0), Item::CreateResource(*resource))).collect(),
        _ => return None,
    })
}
