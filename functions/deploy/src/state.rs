//! The aggregate: a stage's rollout, its queue, and its versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::fact::FactSubject;
use trimtab_core::name::{ModelName, PackageArn, StageName};
use trimtab_core::text::digest;

use crate::rollout::{Cause, Resource, Rollout};

/// The number of live versions that are stored: enough for several rollbacks in a row.
const LIVE_STORED: usize = 10;

/// The number of operators' requests that are stored.
const REQUESTS_STORED: usize = 50;

/// The number of verdicts that are stored; those of the lowest versions are dropped first.
const VERDICTS_STORED: usize = 200;

/// The number of offered versions that are stored; the lowest are dropped first.
const OFFERS_STORED: usize = 50;

/// A version that is or was live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The version.
    pub package: PackageArn,
    /// The resource by which the target is recognized to have the version.
    pub resource: Resource,
    /// The time at which the version became live.
    pub since: Timestamp,
    /// Whether autoscaling was requested, or the policy has none.
    #[serde(default)]
    pub scaled: bool,
    /// The model.
    pub model: ModelName,
    /// The stage; `None` for a policy without stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
}

/// The last verdict on a version that was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An approval that led to a rollout, a place in the queue, or a reason for neither.
    Approved,
    /// A rejection.
    Rejected,
    /// An approval that could not be followed yet: it is processed again when it is repeated or found by reconciling.
    Held,
    /// No verdict: an operator requested the version before its verdict was received.
    ByOperator,
}

/// The last verdict on a version, and how often the version was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// The verdict.
    pub verdict: Verdict,
    /// The attempt, from 1: it increases with each change of the verdict, and with each rollback to this version.
    /// Each attempt has its own dedup key, and so its own messages.
    pub attempt: u32,
}

/// A version that waits for the end of the current rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The version.
    pub package: PackageArn,
    /// The reason for its rollout.
    pub cause: Cause,
    /// The time at which it was queued.
    pub since: Timestamp,
}

/// A stage's rollout, its queue, and its versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The rollout in progress.
    pub current: Option<Rollout>,
    /// The version that waits for its end. The newest approval wins.
    pub queued: Option<Queued>,
    /// Whether a rollback was deferred because another version is queued. It follows if that version does not become
    /// live.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback_pending: bool,
    /// Versions that were live, the current one last.
    pub live: Vec<Live>,
    /// The processed verdicts, by version.
    pub verdicts: BTreeMap<u32, VerdictRecord>,
    /// The verdicts of the first reconcile, which are not followed; `None` before the first reconcile.
    #[serde(default)]
    pub initial_verdicts: Option<BTreeMap<u32, Verdict>>,
    /// Versions that are live in the previous stage and may enter this one.
    #[serde(default)]
    pub offered: BTreeMap<u32, PackageArn>,
    /// Operators' requests that were processed, as digests of their dedup keys.
    #[serde(default)]
    pub processed_requests: Vec<String>,
}

impl State {
    /// The version that is live, as far as Trimtab knows.
    #[must_use]
    pub fn live_now(&self) -> Option<&Live> {
        self.live.last()
    }

    /// The last version that was live before the current one and is not rejected.
    #[must_use]
    pub fn live_before(&self) -> Option<&Live> {
        let now = &self.live_now()?.package;
        self.live.iter().rev().skip(1).find(|live| live.package != *now && !self.is_rejected(&live.package))
    }

    /// The last version that is or was live and is not rejected: the target of a rollback.
    #[must_use]
    pub fn last_good(&self) -> Option<&Live> {
        self.live.iter().rev().find(|live| !self.is_rejected(&live.package))
    }

    /// Whether this version is live.
    #[must_use]
    pub fn is_live(&self, package: &PackageArn) -> bool {
        self.live_now().is_some_and(|live| live.package == *package)
    }

    /// The newest version that is live, in progress or queued, and not rejected.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        let in_progress = self.current.as_ref().map(|rollout| &rollout.package);
        let in_progress = in_progress.filter(|package| !self.is_rejected(package)).map(PackageArn::version);
        let queued = self.queued.as_ref().map(|queued| queued.package.version());
        // A live version that is rejected stays if no version was live before it. It must not block newer approvals.
        let live = self.live_now().map(|live| &live.package);
        let live = live.filter(|package| !self.is_rejected(package)).map(PackageArn::version);
        in_progress.max(queued).max(live)
    }

    /// Whether this verdict on this version was processed.
    #[must_use]
    pub fn has_verdict(&self, package: &PackageArn, verdict: Verdict) -> bool {
        self.verdicts.get(&package.version()).is_some_and(|record| record.verdict == verdict)
    }

    /// Whether a rejection of this version was processed.
    #[must_use]
    pub fn is_rejected(&self, package: &PackageArn) -> bool {
        self.has_verdict(package, Verdict::Rejected)
    }

    /// The version's attempt.
    #[must_use]
    pub fn attempt(&self, package: &PackageArn) -> u32 {
        self.verdicts.get(&package.version()).map_or(1, |record| record.attempt)
    }

    /// Records a verdict, and starts a new attempt if the version was attempted before.
    pub fn record_verdict(&mut self, package: &PackageArn, verdict: Verdict) {
        // A held version was not attempted: when it is approved again, it keeps its dedup key.
        let next = |record: &VerdictRecord| record.attempt + u32::from(record.verdict != Verdict::Held);
        let attempt = self.verdicts.get(&package.version()).map_or(1, next);
        self.verdicts.insert(package.version(), VerdictRecord { verdict, attempt });
        while self.verdicts.len() > VERDICTS_STORED {
            self.verdicts.pop_first();
        }
    }

    /// Marks the approval of this version as not followed yet.
    pub fn hold(&mut self, package: &PackageArn) {
        if let Some(record) = self.verdicts.get_mut(&package.version()) {
            record.verdict = Verdict::Held;
        }
    }

    /// Starts a new attempt of a version that the stage returns to; its verdict stays.
    pub fn begin_new_attempt(&mut self, package: &PackageArn) {
        let first = VerdictRecord { verdict: Verdict::ByOperator, attempt: 1 };
        self.verdicts.entry(package.version()).and_modify(|record| record.attempt += 1).or_insert(first);
    }

    /// Records that the version is live in the previous stage.
    pub fn offer(&mut self, package: &PackageArn) {
        self.offered.insert(package.version(), package.clone());
        while self.offered.len() > OFFERS_STORED {
            self.offered.pop_first();
        }
    }

    /// Whether this request was processed.
    #[must_use]
    pub fn has_processed(&self, request: &FactSubject) -> bool {
        self.processed_requests.contains(&digest(&[&request.to_string()], 16))
    }

    /// Records that the request was processed.
    pub fn record_request(&mut self, request: &FactSubject) {
        if self.has_processed(request) {
            return;
        }
        self.processed_requests.push(digest(&[&request.to_string()], 16));
        let surplus = self.processed_requests.len().saturating_sub(REQUESTS_STORED);
        self.processed_requests.drain(..surplus);
    }

    /// Records that a rollout made its version live.
    pub fn make_live(&mut self, rollout: &Rollout, now: Timestamp) {
        if rollout.cause != Cause::Approved && self.live.iter().any(|live| live.package == rollout.package) {
            // The version that the stage returned from must not be the target of a later rollback.
            self.live.pop();
            self.live.retain(|live| live.package != rollout.package);
        }
        self.live.push(Live {
            package: rollout.package.clone(),
            resource: rollout.resource.clone(),
            since: now,
            scaled: true,
            model: rollout.model.clone(),
            stage: rollout.stage.clone(),
        });
        let surplus = self.live.len().saturating_sub(LIVE_STORED);
        self.live.drain(..surplus);
        self.cancel_pending_rollback();
    }

    /// Records that autoscaling must be requested for the live version. It stays pending until both calls completed.
    pub fn request_scaling(&mut self) {
        if let Some(live) = self.live.last_mut() {
            live.scaled = false;
        }
    }

    /// Whether a rollback is queued or deferred.
    #[must_use]
    pub fn is_rollback_pending(&self) -> bool {
        self.rollback_pending || self.has_queued(Cause::Rollback)
    }

    /// Drops a pending rollback, unless the live version is rejected: then the stage must still leave it.
    pub fn cancel_pending_rollback(&mut self) {
        if self.live_now().is_none_or(|live| !self.is_rejected(&live.package)) {
            self.drop_queued_rollback();
            self.rollback_pending = false;
        }
    }

    /// Removes a queued rollback, because another one replaces it.
    pub fn drop_queued_rollback(&mut self) {
        self.queued.take_if(|queued| queued.cause == Cause::Rollback);
    }

    /// Drops a pending rollback to the live version: a failed rollout left it in use.
    pub fn cancel_rollback_to_live_version(&mut self) {
        let live = self.live_now().map(|live| live.package.clone());
        self.queued.take_if(|queued| Some(&queued.package) == live.as_ref());
        if self.last_good().map(|good| &good.package) == live.as_ref() {
            self.rollback_pending = false;
        }
    }

    /// Whether a version is queued for this reason.
    #[must_use]
    pub fn has_queued(&self, cause: Cause) -> bool {
        self.queued.as_ref().is_some_and(|queued| queued.cause == cause)
    }

    /// Whether a version is queued or a rollback is deferred.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.queued.is_some() || self.rollback_pending
    }

    /// Queues a version. A rollback is deferred if a version that is wanted is queued already; returns whether the
    /// version was queued.
    pub fn queue(&mut self, wanted: Queued) -> bool {
        let is_rollback = wanted.cause == Cause::Rollback;
        let wanted_is_queued = self.queued.as_ref().is_some_and(|queued| queued.cause != Cause::Rollback);
        if is_rollback && wanted_is_queued {
            self.rollback_pending = true;
            return false;
        }
        // The rollback that this version replaces must follow if the version does not become live.
        if !is_rollback && self.has_queued(Cause::Rollback) {
            self.rollback_pending = true;
        }
        self.queued = Some(wanted);
        true
    }
}
