//! The context of one decision.

use jiff::Timestamp;
use trimtab_core::event::Event;
use trimtab_core::policy::{self, Policy};

use crate::observation::Observed;
use crate::state::State;

/// Everything that a decision knows; built once per decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub event: &'a Event,
    pub policy: &'a Policy,
    /// `[retrain]` of the policy.
    pub retrain: &'a policy::Retrain,
    pub state: &'a State,
    pub observed: &'a Observed,
    pub now: Timestamp,
}
