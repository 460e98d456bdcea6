//! New data: many objects, gathered until no more come, and answered by one run.
//!
//! An object is neither told nor on record: a thousand of them are one gathering, and one run. Those
//! that come close upon each other are not even written down: a gathering that was noted a moment ago
//! goes on, and its run begins after all that was there by then.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::Object;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::data::Data;
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::decide::{Answer, Observed, open};
use crate::incident::{Kind, State, Trigger};
use crate::rate_limits::{limit, skipped};

/// A gathering is noted again after this part of the time that it must be quiet.
const GRAIN: i32 = 8;

/// New data that waits for its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathering {
    /// What began it: data, or a feature group's.
    pub kind: Kind,
    /// When the first object was heard of.
    pub since: Timestamp,
    /// When one was last noted.
    pub last: Timestamp,
    /// How many were noted; more may have come.
    pub count: u32,
    /// The folders and feature groups that they are in, as the policy names them.
    pub places: BTreeSet<String>,
    /// The first objects, digested: as many as the policy waits for. Each counts once.
    pub marks: Vec<String>,
}

impl Gathering {
    fn begin(kind: Kind, now: Timestamp) -> Self {
        Self { kind, since: now, last: now, count: 0, places: BTreeSet::new(), marks: Vec::new() }
    }

    /// Whether the object changes what is known: one that is still waited for, from another place,
    /// or after a while.
    fn takes(&self, mark: &String, place: &str, data: &Data, now: Timestamp) -> bool {
        let awaited = self.awaits(data) && !self.marks.contains(mark);
        awaited || !self.places.contains(place) || now.duration_since(self.last) >= data.debounce / GRAIN
    }

    fn note(&mut self, mark: String, place: String, data: &Data, now: Timestamp) {
        if self.awaits(data) && !self.marks.contains(&mark) {
            self.marks.push(mark);
        }
        self.places.insert(place);
        self.count = self.count.saturating_add(1);
        self.last = self.last.max(now);
    }

    fn awaits(&self, data: &Data) -> bool {
        self.marks.len() < usize::try_from(data.min_objects).unwrap_or(usize::MAX)
    }

    /// Whether there is enough, and no more has come for long enough.
    fn is_ripe(&self, data: &Data, now: Timestamp) -> bool {
        let rests = now.duration_since(self.last) >= data.debounce || now.duration_since(self.since) >= data.max_wait;
        rests && !self.awaits(data)
    }

    fn trigger(&self) -> Trigger {
        let (since, count) = (self.since, self.count);
        let places = self.places.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let objects = if count == 1 { "1 object" } else { "objects" };
        let reason = format!("new data in {places}: {objects} since {since}");
        Trigger::new(self.kind, format!("{}/{since}", self.kind.as_str()), reason)
    }
}

/// An object was created where the policy watches.
pub(crate) fn on_object(ctx: &Context<'_, State, Observed>, limits: &Limits, object: &Object) -> Answer {
    let Some((kind, place)) = place(limits, object) else {
        return Plan::skip("not_watched", "the policy does not watch where this object is");
    };
    // S3's clock tells seconds. A run reads its data minutes after it was asked for.
    if ctx.state.last_begun().is_some_and(|begun| ctx.event.envelope.time < begun) {
        return Plan::skip("covered", "a run has begun since, and had this object");
    }
    let (data, mark) = (limits.gathering(), digest(&[&object.bucket, &object.key], 16));
    if ctx.state.gathering.as_ref().is_some_and(|known| !known.takes(&mark, &place, &data, ctx.now)) {
        return Plan::skip("gathered", "one of many: they are gathered");
    }
    let mut state = ctx.state.clone();
    let gathering = state.gathering.get_or_insert_with(|| Gathering::begin(kind, ctx.now));
    gathering.note(mark, place, &data, ctx.now);
    Plan::only(Decision::Skipped, Reason::new("gathering", "new data: it gets its run when no more comes"))
        .with_state(state)
}

/// The feature group or folder of the policy that the object is in.
fn place(limits: &Limits, object: &Object) -> Option<(Kind, String)> {
    let of = |name: &str| limits.feature_groups.iter().any(|group| group.as_str() == name);
    if let Some(group) = object.feature_group().filter(|name| of(name)) {
        return Some((Kind::Features, format!("feature group {group}")));
    }
    let watched = |folder: &String| {
        limits.data.iter().flat_map(|data| &data.prefixes).any(|prefix| prefix.as_str() == folder.as_str())
    };
    object.folders().into_iter().find(watched).map(|folder| (Kind::Data, folder))
}

/// What was gathered gets its run, once no more comes and no limit holds.
pub(crate) fn ripe(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let gathers = limits.data.is_some() || !limits.feature_groups.is_empty();
    let gathering = ctx.state.gathering.as_ref().filter(|_| gathers && ctx.state.incident.is_none())?;
    if !gathering.is_ripe(&limits.gathering(), ctx.now) {
        return None;
    }
    start_or_wait(ctx, policy, limits, gathering.trigger())
}

/// A run if none has begun for as long as the policy says. Where none has ever, it counts from the
/// first look: whoever writes a policy has a model already.
pub(crate) fn due(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let every = limits.every.filter(|_| ctx.state.incident.is_none())?;
    let Some(from) = ctx.state.last_begun().or(ctx.state.counting) else {
        let state = State { counting: Some(ctx.now), ..ctx.state.clone() };
        return Some(Plan::update(state, "counting", format!("from now on: a run where none has begun for {every:#}")));
    };
    if ctx.now.duration_since(from) < every {
        return None;
    }
    let reason = format!("no run has begun since {from}, and the policy asks for one every {every:#}");
    start_or_wait(ctx, policy, limits, Trigger::new(Kind::Schedule, format!("schedule/{from}"), reason))
}

/// Starts what has waited, unless a limit holds. The cool-down is waited for in silence; that the
/// budget is spent is told, once.
fn start_or_wait(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    limits: &Limits,
    trigger: Trigger,
) -> Option<Answer> {
    let state = ctx.state.clone();
    let Some(reason) = limit(&state, limits, &trigger, ctx.now) else {
        return Some(open(state, policy, limits, trigger, ctx.now));
    };
    let told = skipped(policy, &state, &trigger, &reason, ctx.now);
    if reason.code != "budget" || state.told.as_ref() == Some(&told.dedup_key) {
        return None;
    }
    let state = State { told: Some(told.dedup_key.clone()), ..state };
    Some(Plan::only(Decision::Skipped, reason).with_state(state).with_fact(told))
}
