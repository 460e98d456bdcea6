//! An alarm on other alarms: CloudWatch holds its actions back for a while, and tells again when it no
//! longer does.

use crate::events;
use crate::services::{Function, Services};

/// The alarm, as `churn`'s policy names it.
pub(crate) const NAME: &str = "churn-prod-any-drift";

/// An alarm on a metric of the team's own: the suite hears of it by the composite alone.
pub(crate) const OWN: &str = "churn-own-drift";

/// What it watches.
pub(crate) const CHILDREN: [&str; 2] = [OWN, "churn-prod-bias-drift"];

impl Services {
    /// The team's own alarm goes off, and with it the composite, which is held back.
    pub(crate) fn composite_fires(&mut self) {
        self.alarms.extend([NAME, OWN].map(|name| (name, self.now)));
        self.emit_composite(true);
    }

    /// It is no longer held back: the same change is told again, at another time.
    pub(crate) fn composite_is_released(&mut self) {
        self.released = Some(self.now);
        self.emit_composite(false);
    }

    fn emit_composite(&mut self, held_back: bool) {
        self.note(|| format!("{NAME} is on, held back: {held_back}"));
        let event = events::composite(NAME, &CHILDREN, held_back, self.now);
        self.emit(Function::Retrain, false, &event);
    }
}
