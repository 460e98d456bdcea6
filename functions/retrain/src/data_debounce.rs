//! New data: many objects that arrive together become one batch, which gets one run when no more arrive.
//!
//! An object leads to no fact and no history entry, since thousands may arrive at once. Most of them are not even
//! written to the batch: see [`Batch::is_changed_by`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_core::event::Object;
use trimtab_core::policy::{self, data};
use trimtab_core::text::digest;

use crate::state::{Batch, State};
use crate::trigger::{Trigger, TriggerKind, TriggerSubject};

/// The time of the last object is recorded again after this fraction of the debounce time. A write for each object
/// would be thousands of writes to one item of the ledger.
const DEBOUNCE_FRACTION: i32 = 8;

/// What an object means for the model's batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectEffect {
    /// The policy names neither its folder nor its feature group.
    NotConfigured,
    /// A run was started after the object was created, and covers it.
    Covered,
    /// It belongs to the batch and changes nothing that is recorded.
    Unchanged,
    /// The batch with the object.
    Batch(Batch),
}

/// What an object that was created at `created` means for the model's batch.
pub(crate) fn receive(
    state: &State,
    retrain: &policy::Retrain,
    object: &Object,
    created: Timestamp,
    now: Timestamp,
) -> ObjectEffect {
    let Some((kind, source)) = source(retrain, object) else {
        return ObjectEffect::NotConfigured;
    };
    // The time has whole seconds, and a run reads its data minutes after it was requested: an object of the same
    // second as the start is counted again, because a lost object is worse than a run too many.
    if state.last_started.is_some_and(|started| created < started) {
        return ObjectEffect::Covered;
    }
    let data = retrain.data_or_default();
    let object = digest(&[&object.bucket, &object.key], 16);
    if state.batch.as_ref().is_some_and(|batch| !batch.is_changed_by(&object, &source, &data, now)) {
        return ObjectEffect::Unchanged;
    }
    let mut batch = state.batch.clone().unwrap_or_else(|| Batch::new(kind, now));
    batch.add(object, source, &data, now);
    ObjectEffect::Batch(batch)
}

/// The trigger of the batch, if the policy still names data and the batch is ready.
pub(crate) fn ready(state: &State, retrain: &policy::Retrain, now: Timestamp) -> Option<Trigger> {
    let configured = retrain.data.is_some() || !retrain.feature_groups.is_empty();
    let batch = state.batch.as_ref()?;
    (configured && batch.is_ready(&retrain.data_or_default(), now)).then(|| batch.trigger())
}

/// The feature group or folder of the policy that contains the object. The innermost folder wins.
fn source(retrain: &policy::Retrain, object: &Object) -> Option<(TriggerKind, String)> {
    if let Some(name) = object.feature_group()
        && retrain.feature_groups.iter().any(|group| group.as_str() == name)
    {
        return Some((TriggerKind::Features, format!("feature group {name}")));
    }
    let prefixes: BTreeSet<&str> =
        retrain.data.iter().flat_map(|data| &data.prefixes).map(|prefix| prefix.as_str()).collect();
    let folder = object.folders().into_iter().find(|folder| prefixes.contains(folder.as_str()))?;
    Some((TriggerKind::Data, folder))
}

impl Batch {
    fn new(kind: TriggerKind, now: Timestamp) -> Self {
        Self { kind, since: now, last: now, count: 0, sources: BTreeSet::new(), digests: Vec::new() }
    }

    /// Whether the object changes the record: it is one that is still missing, comes from another source, or is the
    /// first after a while.
    fn is_changed_by(&self, object: &String, source: &str, data: &data::Data, now: Timestamp) -> bool {
        let missing = self.is_too_small(data) && !self.digests.contains(object);
        missing || !self.sources.contains(source) || now.duration_since(self.last) >= data.debounce / DEBOUNCE_FRACTION
    }

    fn add(&mut self, object: String, source: String, data: &data::Data, now: Timestamp) {
        if self.is_too_small(data) && !self.digests.contains(&object) {
            self.digests.push(object);
        }
        self.sources.insert(source);
        self.count = self.count.saturating_add(1);
        self.last = self.last.max(now);
    }

    /// Whether it has fewer objects than `retrain.data.min_objects`.
    fn is_too_small(&self, data: &data::Data) -> bool {
        self.digests.len() < usize::try_from(data.min_objects).unwrap_or(usize::MAX)
    }

    /// Whether there are enough objects, and none arrived for the debounce time or `max_wait` has passed.
    fn is_ready(&self, data: &data::Data, now: Timestamp) -> bool {
        let debounced = now.duration_since(self.last) >= data.debounce;
        let waited_enough = now.duration_since(self.since) >= data.max_wait;
        (debounced || waited_enough) && !self.is_too_small(data)
    }

    fn trigger(&self) -> Trigger {
        let since = self.since;
        let subject = match self.kind {
            TriggerKind::Features => TriggerSubject::Features(since),
            _ => TriggerSubject::Data(since),
        };
        let sources = self.sources.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let objects = if self.count == 1 { "1 object" } else { "objects" };
        Trigger::new(subject, format!("new data in {sources}: {objects} since {since}"))
    }
}
