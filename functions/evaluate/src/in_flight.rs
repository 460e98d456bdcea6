//! The evaluations that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Evaluation;
use crate::state::{State, Step};

impl InFlight for Evaluation {
    fn in_flight(state: &State) -> Option<String> {
        let candidate = state.candidate.as_ref().filter(|candidate| candidate.step != Step::Finished)?;
        Some(format!("evaluation of version {}", candidate.package.version()))
    }
}
