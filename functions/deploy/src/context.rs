//! The context of a decision, built once per decision.

use jiff::Timestamp;
use trimtab_core::event::Event;
use trimtab_core::policy::{Policy, Stage};

use crate::observation::Observed;
use crate::state::State;

/// The event, and all that its decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) event: &'a Event,
    pub(crate) policy: &'a Policy,
    /// The stage that the event is about.
    pub(crate) stage: &'a Stage,
    pub(crate) state: &'a State,
    pub(crate) observed: &'a Observed,
    pub(crate) now: Timestamp,
}

impl<'a> Ctx<'a> {
    /// The same context after the state changed.
    pub(crate) fn with_state<'b>(self, state: &'b State) -> Ctx<'b>
    where
        'a: 'b,
    {
        Ctx { state, ..self }
    }
}
