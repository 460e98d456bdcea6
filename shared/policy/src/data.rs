//! `[retrain.data]`: when new data is enough for a run.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::length;
use trimtab_names::name::S3Prefix;

/// The most objects that can be waited for: each of so many is counted by itself.
pub const MOST_AWAITED: u32 = 100;

/// When new data, in S3 or in a feature group's offline store, is enough for a run. Data comes in
/// many objects: they are gathered, and answered by one run once no more have come for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The folders in S3 that are watched. Of two that lie in each other, an object belongs to the inner one.
    pub prefixes: BTreeSet<S3Prefix>,
    /// How long nothing more must have come.
    #[serde(with = "length")]
    pub debounce: SignedDuration,
    /// How long is waited for that at most, where data never ceases to come.
    #[serde(with = "length")]
    pub max_wait: SignedDuration,
    /// How many objects there must be.
    pub min_objects: u32,
    /// Whether the cool-down holds for data, too. It does unless this says otherwise: a table that is
    /// written daily would otherwise be trained on daily. What comes meanwhile is gathered, and gets its
    /// run when the cool-down ends. The budget holds in any case.
    pub cool_down: bool,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            prefixes: BTreeSet::new(),
            debounce: SignedDuration::from_mins(15),
            max_wait: SignedDuration::from_hours(6),
            min_objects: 1,
            cool_down: true,
        }
    }
}
