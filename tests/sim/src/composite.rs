//! A composite alarm: CloudWatch suppresses its actions for a while, and sends a second event when the suppression
//! ends.

use crate::events;
use crate::services::{Function, Services};

/// The composite alarm in the policy of `churn`.
pub(crate) const NAME: &str = "churn-prod-any-drift";

/// An alarm on a metric of the team. Trimtab receives no event of it, only those of the composite alarm.
pub(crate) const OWN: &str = "churn-own-drift";

/// The alarms in the rule of the composite alarm.
pub(crate) const CHILDREN: [&str; 2] = [OWN, "churn-prod-bias-drift"];

impl Services {
    /// The team's alarm fires, and with it the composite alarm, whose actions are suppressed.
    pub(crate) fn composite_fires(&mut self) {
        self.alarms.extend([NAME, OWN].map(|name| (name, self.now)));
        self.emit_composite(true);
    }

    /// The suppression ends: a second event reports the same transition with a later time.
    pub(crate) fn composite_is_released(&mut self) {
        self.released = Some(self.now);
        self.emit_composite(false);
    }

    fn emit_composite(&mut self, held_back: bool) {
        self.note(|| format!("{NAME} fires, actions suppressed: {held_back}"));
        let event = events::composite(NAME, &CHILDREN, held_back, self.now);
        self.emit(Function::Retrain, false, &event);
    }
}
