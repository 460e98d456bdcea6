//! The changes of monitoring that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Monitor;
use crate::state::State;

impl InFlight for Monitor {
    /// A kind that waits for a baseline is not in flight: no resource of it exists that would be left incomplete.
    fn in_flight(state: &State) -> Option<String> {
        let State::Kind(monitoring) = state else { return None };
        let incomplete = monitoring.desired.is_some() && !(monitoring.scheduled && monitoring.alarm_set);
        let unfinished = incomplete || monitoring.removing || !monitoring.superseded.is_empty();
        unfinished.then(|| format!("change of the monitoring of endpoint {}", monitoring.endpoint))
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::event::DriftKind;
    use trimtab_core::name::{EndpointName, ModelName};

    use super::*;
    use crate::state::Monitoring;

    #[test]
    fn monitoring_that_is_being_removed_is_in_flight() {
        let (model, endpoint) = (ModelName::parse("churn").unwrap(), EndpointName::parse("churn-prod").unwrap());
        let mut monitoring = Monitoring::new(&model, &endpoint, DriftKind::DataQuality);
        assert_eq!(Monitor::in_flight(&State::Kind(monitoring.clone())), None, "nothing is set up yet");
        monitoring.removing = true;
        let wanted = "change of the monitoring of endpoint churn-prod";
        assert_eq!(Monitor::in_flight(&State::Kind(monitoring)).as_deref(), Some(wanted));
        assert_eq!(Monitor::in_flight(&State::default()), None);
    }
}
