//! The aggregate: whether one fact is written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Progress of one fact, as the ledger stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When the last entity or association of the fact was written; `None` if a call failed or none was made.
    pub written: Option<Timestamp>,
}
