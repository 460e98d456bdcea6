//! The rollout, and what the ledger keeps of a model's versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::EndpointStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn, StageName};
use trimtab_core::policy::Target;
use trimtab_core::port::ObservedEndpoint;
use trimtab_core::text::digest;

use crate::rollout_fact::{RolloutScope, tell};

/// How many versions that were live are remembered: enough to go back more than once.
const LIVE_REMEMBERED: usize = 10;

/// How many requests of operators are remembered.
const ASKED_REMEMBERED: usize = 50;

/// How many verdicts are remembered; the lowest versions are forgotten first.
const VERDICTS_REMEMBERED: usize = 200;

/// Why a version is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was approved.
    Approved,
    /// The version that was live has been rejected, or did not prove itself; this is the one before.
    Rollback,
    /// An operator wants it.
    Operator,
}

/// Where a rollout has got to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Decided; whether AWS has heard of it is not on record.
    Intended,
    /// The endpoint is on its way to the rollout's configuration.
    Updating,
    /// It is on trial beside the live version.
    Trying {
        /// Since when.
        since: Timestamp,
    },
    /// CodePipeline runs it.
    Delivering {
        /// The execution.
        execution: String,
    },
    /// A batch transform job asks it.
    Transforming,
    /// CloudFormation has taken it.
    Stacking,
    /// CloudFormation has nothing to update: the stack holds it already.
    Held,
    /// CloudFormation deletes what is left of a stack that could not be made.
    Clearing,
    /// CloudFormation could not go back, and is to try again.
    Continuing {
        /// Whether it has been told to.
        told: bool,
    },
}

/// The part of its way that a rollout is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// To taking all traffic.
    #[default]
    Last,
    /// To being tried beside the live version.
    Trial {
        /// The live version's model, which stays.
        live: String,
        /// The version's own: its configuration has the same name, when the trial is over.
        model: String,
    },
}

/// One version on its way to production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// The model.
    pub model: ModelName,
    /// The stage, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
    /// Which turn of this version it is, from 1 up: see [`VerdictRecord::attempt`].
    pub attempt: u32,
    /// The version.
    pub package: PackageArn,
    /// Why.
    pub cause: Cause,
    /// The endpoint configuration, the batch transform job, or else the package: what makes it known again.
    pub config: String,
    /// When it was decided.
    pub since: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// Whether a person was told that it takes too long.
    #[serde(default)]
    pub late: bool,
    /// The part of its way that it is on.
    #[serde(default)]
    pub phase: Phase,
    /// Who wants its trial to end before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_by: Option<String>,
}

/// A version that is or was live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The version.
    pub package: PackageArn,
    /// Its endpoint configuration.
    pub config: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether autoscaling has been asked for, or there is none to ask for.
    #[serde(default)]
    pub scaled: bool,
    /// The model, for what is told of it later; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// The stage, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
}

/// What was last said of a version, and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An approval, which led to a rollout, a place in the queue, or a reason for neither.
    Approved,
    /// A rejection.
    Rejected,
    /// An approval that could not be followed yet; the next one is heard.
    Held,
    /// None: an operator wanted the version before any verdict on it was heard.
    ByHand,
}

/// What the ledger keeps for a model's deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The rollout that is on.
    pub current: Option<Rollout>,
    /// The version that waits for it to end. The newest approval wins.
    pub queued: Option<Queued>,
    /// Whether a rejected version serves, or is about to, and going back gave way to a version that waits:
    /// production goes back should that one not become live.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback_pending: bool,
    /// Versions that were live, the last one last.
    pub live: Vec<Live>,
    /// What was answered already, by version.
    pub verdicts: BTreeMap<u32, VerdictRecord>,
    /// The verdicts that were there before the suite first looked: nobody asked it to follow them.
    #[serde(default)]
    pub before: Option<BTreeMap<u32, Verdict>>,
    /// Versions that are live in the stage before, and may come here.
    #[serde(default)]
    pub offered: BTreeMap<u32, PackageArn>,
    /// Operators' requests that have had their answer, by a digest of their dedup keys.
    #[serde(default)]
    pub asked: Vec<String>,
}

/// The last verdict on a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// The verdict.
    pub verdict: Verdict,
    /// The version's turn: it grows with each change of the verdict, and when production goes back
    /// to this version. Each turn is a dedup key of its own, with its own messages.
    pub attempt: u32,
}

/// A version that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The version.
    pub package: PackageArn,
    /// Why it is wanted.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
}

impl State {
    /// The version that is live, as far as the suite knows.
    #[must_use]
    pub fn live_now(&self) -> Option<&Live> {
        self.live.last()
    }

    /// The last version that was live before the one that is, and was not rejected since.
    #[must_use]
    pub fn live_before(&self) -> Option<&Live> {
        let now = &self.live_now()?.package;
        self.live
            .iter()
            .rev()
            .skip(1)
            .find(|live| live.package != *now && !self.has_verdict(&live.package, Verdict::Rejected))
    }

    /// The last version that was live, or is, and was not rejected since: where a rollback goes.
    #[must_use]
    pub fn last_good(&self) -> Option<&Live> {
        self.live.iter().rev().find(|live| !self.has_verdict(&live.package, Verdict::Rejected))
    }

    /// The newest version that is wanted here, and that no rejection has taken back.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        let on_its_way = self
            .current
            .as_ref()
            .filter(|rollout| !self.has_verdict(&rollout.package, Verdict::Rejected))
            .map(|rollout| rollout.package.version());
        let waiting = self.queued.as_ref().map(|queued| queued.package.version());
        // A live version that was rejected, and had none before it to go back to, holds nothing up.
        let live = self.live_now().map(|live| &live.package).filter(|live| !self.has_verdict(live, Verdict::Rejected));
        let live = live.map(PackageArn::version);
        on_its_way.max(waiting).max(live)
    }

    /// Whether this verdict on this version has had its answer.
    #[must_use]
    pub fn has_verdict(&self, package: &PackageArn, verdict: Verdict) -> bool {
        self.verdicts.get(&package.version()).is_some_and(|judged| judged.verdict == verdict)
    }

    /// Which change of verdict this version is at.
    #[must_use]
    pub fn attempt(&self, package: &PackageArn) -> u32 {
        self.verdicts.get(&package.version()).map_or(1, |judged| judged.attempt)
    }

    /// Takes a verdict on record.
    pub fn record_verdict(&mut self, package: &PackageArn, verdict: Verdict) {
        // What was held back has not had its turn.
        let turn = |judged: &VerdictRecord| judged.attempt + u32::from(judged.verdict != Verdict::Held);
        let attempt = self.verdicts.get(&package.version()).map_or(1, turn);
        self.verdicts.insert(package.version(), VerdictRecord { verdict, attempt });
        while self.verdicts.len() > VERDICTS_REMEMBERED {
            self.verdicts.pop_first();
        }
    }

    /// The approval of this version could not be followed: it has not had its turn.
    pub fn hold(&mut self, package: &PackageArn) {
        if let Some(judged) = self.verdicts.get_mut(&package.version()) {
            judged.verdict = Verdict::Held;
        }
    }

    /// Production goes back to this version: its verdict stands, and it has another turn.
    pub fn begin_new_attempt(&mut self, package: &PackageArn) {
        let first = VerdictRecord { verdict: Verdict::ByHand, attempt: 1 };
        self.verdicts.entry(package.version()).and_modify(|judged| judged.attempt += 1).or_insert(first);
    }

    /// The version is live in the stage before.
    pub fn offer(&mut self, package: &PackageArn, most: usize) {
        self.offered.insert(package.version(), package.clone());
        while self.offered.len() > most {
            self.offered.pop_first();
        }
    }

    /// Whether this request has had its answer.
    #[must_use]
    pub fn has_answered(&self, dedup_key: &str) -> bool {
        self.asked.contains(&digest(&[dedup_key], 16))
    }

    /// Takes a request on record; false if it is there already.
    pub fn ask(&mut self, dedup_key: &str) -> bool {
        let new = !self.has_answered(dedup_key);
        if new {
            let dedup_key = digest(&[dedup_key], 16);
            self.asked.push(dedup_key);
            let surplus = self.asked.len().saturating_sub(ASKED_REMEMBERED);
            self.asked.drain(..surplus);
        }
        new
    }

    /// A rollout has made this version live.
    pub fn make_live(&mut self, rollout: &Rollout, scales: bool, now: Timestamp) {
        if rollout.cause != Cause::Approved && self.live.iter().any(|live| live.package == rollout.package) {
            // The version that was left is not one to come back to.
            self.live.pop();
            self.live.retain(|live| live.package != rollout.package);
        }
        self.live.push(Live {
            package: rollout.package.clone(),
            config: rollout.config.clone(),
            since: now,
            scaled: !scales,
            model: Some(rollout.model.clone()),
            stage: rollout.stage.clone(),
        });
        let surplus = self.live.len().saturating_sub(LIVE_REMEMBERED);
        self.live.drain(..surplus);
        self.cancel_pending_rollback();
    }

    /// Whether a rollback waits.
    #[must_use]
    pub fn is_rollback_pending(&self) -> bool {
        self.rollback_pending || self.queued.as_ref().is_some_and(|queued| queued.cause == Cause::Rollback)
    }

    /// Drops the rollback that waits, unless the live version is rejected: there is nothing to go back from.
    pub fn cancel_pending_rollback(&mut self) {
        if self.live_now().is_none_or(|live| !self.has_verdict(&live.package, Verdict::Rejected)) {
            self.queued.take_if(|queued| queued.cause == Cause::Rollback);
            self.rollback_pending = false;
        }
    }

    /// Whether something waits for its turn.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.queued.is_some() || self.rollback_pending
    }

    /// The version waits. Going back gives way to what somebody wants, and comes after it; false where it does.
    pub fn queue(&mut self, wanted: Queued) -> bool {
        let to_go_back = |queued: &Queued| queued.cause == Cause::Rollback;
        let gives_way = to_go_back(&wanted) && self.queued.as_ref().is_some_and(|queued| !to_go_back(queued));
        self.rollback_pending |= gives_way || (!to_go_back(&wanted) && self.queued.as_ref().is_some_and(to_go_back));
        if !gives_way {
            self.queued = Some(wanted);
        }
        !gives_way
    }
}

impl Rollout {
    /// Whether the endpoint serves this rollout's configuration already: then there is nothing to
    /// update, whoever brought it there.
    #[must_use]
    pub fn is_served(&self, endpoint: Option<&ObservedEndpoint>) -> bool {
        endpoint.is_some_and(|actual| {
            actual.status == EndpointStatus::InService && actual.config.as_deref() == Some(self.config.as_str())
        })
    }

    /// The endpoint, if this rollout's update was made and has come to its end: it serves the
    /// configuration, or it changed after the rollout was decided and rests with something else.
    /// The suite alone changes the endpoint, so that a change is this rollout's; should autoscaling
    /// have made it, the version is given up and told of rather than tried twice.
    #[must_use]
    pub fn ended<'a>(&self, endpoint: Option<&'a ObservedEndpoint>) -> Option<&'a ObservedEndpoint> {
        let changed = |actual: &ObservedEndpoint| actual.modified.is_some_and(|time| time > self.since);
        endpoint.filter(|actual| self.is_served(Some(actual)) || (!actual.status.is_moving() && changed(actual)))
    }

    /// Whether its end can come by this target: the policy may have another since.
    #[must_use]
    pub fn is_by(&self, target: &Target) -> bool {
        match self.progress {
            Progress::Intended => true,
            Progress::Updating | Progress::Trying { .. } => matches!(target, Target::Endpoint(_)),
            Progress::Delivering { .. } => matches!(target, Target::Pipeline(_)),
            Progress::Transforming => matches!(target, Target::Transform(_)),
            Progress::Stacking | Progress::Held | Progress::Clearing | Progress::Continuing { .. } => {
                matches!(target, Target::Stack(_))
            }
        }
    }

    /// A fact about this rollout.
    #[must_use]
    pub fn tell(&self, kind: FactKind, reason: &str, at: Timestamp) -> Fact {
        let scope = RolloutScope { model: &self.model, stage: self.stage.as_ref() };
        tell(kind, scope, &self.package, self.attempt, vec![reason.to_owned()], at)
    }
}
