//! The changes of monitoring that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Monitor;
use crate::state::State;

impl InFlight for Monitor {
    /// A kind that waits for a baseline is not in flight: nothing of it exists that would be left half made.
    fn in_flight(state: &State) -> Option<String> {
        let watch = state.watch.as_ref()?;
        let incomplete = watch.goal.is_some() && !(watch.scheduled && watch.armed);
        let unfinished = incomplete || watch.ending || !watch.superseded.is_empty();
        unfinished.then(|| format!("change of the monitoring of endpoint {}", watch.endpoint))
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::event::DriftKind;
    use trimtab_core::name::{EndpointName, ModelName};

    use super::*;
    use crate::state::Watch;

    #[test]
    fn monitoring_that_is_being_removed_is_in_flight() {
        let (model, endpoint) = (ModelName::parse("churn").unwrap(), EndpointName::parse("churn-prod").unwrap());
        let watch = Watch::new(&model, &endpoint, DriftKind::DataQuality);
        let mut state = State { watch: Some(watch), ..State::default() };
        assert_eq!(Monitor::in_flight(&state), None, "nothing is set up yet");
        state.watch.as_mut().unwrap().ending = true;
        let wanted = "change of the monitoring of endpoint churn-prod";
        assert_eq!(Monitor::in_flight(&state).as_deref(), Some(wanted));
        assert_eq!(Monitor::in_flight(&State::default()), None);
    }
}
