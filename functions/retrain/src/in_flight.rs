//! The training runs that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Retrain;
use crate::state::State;

impl InFlight for Retrain {
    /// Data and drift that wait for a limit are not in flight: nothing has been started for them.
    fn in_flight(state: &State) -> Option<String> {
        let running = state.incident.as_ref().map(|incident| format!("training run {}", incident.id));
        running.or_else(|| state.queued.is_some().then(|| "queued training request".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::{Trigger, TriggerSubject};

    #[test]
    fn queued_request_is_in_flight_and_a_stable_state_is_not() {
        let mut state = State::default();
        assert_eq!(Retrain::in_flight(&state), None);
        state.queued = Some(Trigger::new(TriggerSubject::Operator("1".to_owned()), "requested by maya"));
        assert_eq!(Retrain::in_flight(&state).as_deref(), Some("queued training request"));
    }
}
