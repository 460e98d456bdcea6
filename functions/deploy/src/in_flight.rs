//! The rollouts that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Deploy;
use crate::state::State;

impl InFlight for Deploy {
    fn in_flight(state: &State) -> Option<String> {
        let current = state.current.as_ref().map(|rollout| format!("rollout of version {}", rollout.package.version()));
        let queued = || state.queued.as_ref().map(|queued| format!("queued version {}", queued.package.version()));
        let rollback = || state.rollback_pending.then(|| "pending rollback".to_owned());
        current.or_else(queued).or_else(rollback)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use trimtab_core::name::PackageArn;

    use super::*;
    use crate::rollout::{Cause, Phase, Progress, Resource, Rollout};
    use crate::state::Queued;

    fn package(version: u32) -> PackageArn {
        PackageArn::parse(&format!("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/{version}")).unwrap()
    }

    #[test]
    fn rollout_queue_and_pending_rollback_are_in_flight() {
        let rollout = Rollout {
            model: trimtab_core::name::ModelName::parse("churn").unwrap(),
            stage: None,
            attempt: 1,
            package: package(3),
            cause: Cause::Approved,
            resource: Resource::EndpointConfig("churn-3".into()),
            since: Timestamp::UNIX_EPOCH,
            progress: Progress::UpdatingEndpoint,
            deadline_exceeded: false,
            phase: Phase::AllTraffic,
        };
        let queued = Queued { package: package(4), cause: Cause::Approved, since: Timestamp::UNIX_EPOCH };
        let mut state =
            State { current: Some(rollout), queued: Some(queued), rollback_pending: true, ..State::default() };
        assert_eq!(Deploy::in_flight(&state).as_deref(), Some("rollout of version 3"));
        state.current = None;
        assert_eq!(Deploy::in_flight(&state).as_deref(), Some("queued version 4"));
        state.queued = None;
        assert_eq!(Deploy::in_flight(&state).as_deref(), Some("pending rollback"));
        state.rollback_pending = false;
        assert_eq!(Deploy::in_flight(&state), None);
    }
}
