//! Planning offline: what a function would decide, without a call to AWS.

use super::Decide;
use crate::event::Event;

/// A function whose decision can be previewed by `trimtab plan`. No function calls it when it runs on Lambda.
pub trait Preview: Decide {
    /// The observed state that the event implies by itself. What the event does not contain is unknown, and is
    /// not invented.
    fn preview(event: &Event) -> Self::Observed;
}
