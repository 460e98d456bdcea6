//! `[retrain.data]`: when a batch of new data is ready for a run.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::duration;
use trimtab_names::name::S3Prefix;

/// The largest `min_objects`: the aggregate stores a digest of each object that it counts.
pub const MOST_AWAITED: u32 = 100;

/// When new data in S3 or in the offline store of a feature group starts a run. Data arrives as many objects,
/// which are collected into one batch and lead to one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The S3 folders whose new objects start a run, such as `"s3://bucket/folder/"`. An object in nested folders
    /// belongs to the innermost one.
    pub prefixes: BTreeSet<S3Prefix>,
    /// The time without a new object after which a batch is ready.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub debounce: SignedDuration,
    /// The time after the first object after which a batch is ready, even if objects still arrive.
    #[serde(with = "duration")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub max_wait: SignedDuration,
    /// The number of objects that a batch needs before it starts a run.
    pub min_objects: u32,
    /// Whether `retrain.cool_down` also delays runs for new data. Write `false` only if each batch needs its own
    /// run: data that arrives daily would train daily. The budget applies in any case.
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
