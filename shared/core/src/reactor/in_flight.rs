//! Unfinished work, which must not be cut off when a model is removed.

use super::Decide;

/// A function whose aggregates can be in the middle of work that spans several events.
pub trait InFlight: Decide {
    /// The work in progress as a noun phrase, such as `rollout of version 3`; `None` in a stable state.
    ///
    /// The lease and the outbox of the aggregate's record are not part of the state: the reader of the record checks
    /// them, too.
    fn in_flight(state: &Self::State) -> Option<String>;
}
