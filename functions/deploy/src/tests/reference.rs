//! What README.md (`deploy`) and docs/reliability.md promise of one stage, as a small model on version
//! numbers. It shares no code and no types with the function, and states which calls must be made
//! and which facts must be published.

mod facts;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use trimtab_core::fact::FactKind;

use trimtab_fake::UpdateFault;
use trimtab_fake::sagemaker_endpoints::Outcome;

pub(super) use facts::{Endpoint, Facts, Gate, Package, Rules, Verdict, Why};

/// One stage: one rollout at a time, in the order of versions.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) rules: Rules,
    pub(super) endpoint: Endpoint,
    /// The last one serves.
    pub(super) live: Vec<u32>,
    pub(super) on: Option<(u32, Why)>,
    pub(super) waits: Option<(u32, Why)>,
    /// What is live, or about to be, was rejected: production goes back unless something newer gets there.
    due: bool,
    pub(super) answered: BTreeMap<u32, Verdict>,
    before: Option<BTreeMap<u32, Verdict>>,
    pub(super) offered: BTreeSet<u32>,
    handled: BTreeSet<u8>,
    /// Whether the event failed: then it resumes no pending action.
    refused: bool,
    pub(super) calls: Vec<(String, String)>,
    /// Kind, stage and version; version 0 where the message names none.
    pub(super) published: Vec<(FactKind, usize, u32)>,
}

impl Stage {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            endpoint: Endpoint::Absent,
            live: vec![],
            on: None,
            waits: None,
            due: false,
            answered: BTreeMap::new(),
            before: None,
            offered: BTreeSet::new(),
            handled: BTreeSet::new(),
            refused: false,
            calls: vec![],
            published: vec![],
        }
    }

    fn publish(&mut self, kind: FactKind, version: u32) {
        self.published.push((kind, self.rules.at, version));
    }

    fn call(&mut self, text: String) {
        self.calls.push((self.rules.account.to_owned(), text));
    }

    pub(super) fn is_rejected(&self, version: u32) -> bool {
        self.answered.get(&version) == Some(&Verdict::Rejected)
    }

    pub(super) fn is_moving(&self) -> bool {
        matches!(self.endpoint, Endpoint::Moving { .. } | Endpoint::Deleting)
    }

    /// "Rollback to the last version that was live", and was not rejected.
    pub(super) fn last_good(&self) -> Option<u32> {
        self.live.iter().rev().copied().find(|version| !self.is_rejected(*version))
    }

    /// The newest version that is wanted in this stage, and that no rejection has taken back.
    pub(super) fn newest(&self) -> Option<u32> {
        let on = self.on.filter(|(version, _)| !self.is_rejected(*version));
        let live = self.live.last().copied().filter(|version| !self.is_rejected(*version));
        on.map(|(version, _)| version).max(self.waits.map(|(version, _)| version)).max(live)
    }

    /// An operator's version waits for its endpoint to be removed.
    fn is_recreated(&self) -> bool {
        let gone = matches!(self.endpoint, Endpoint::Failed | Endpoint::Deleting | Endpoint::Absent);
        gone && self.on.is_none() && matches!(self.waits, Some((_, Why::Hand)))
    }

    pub(super) fn theirs(&mut self) {
        if let Endpoint::InService(version) = self.endpoint {
            self.endpoint = Endpoint::Moving { from: Some(version), to: None };
        }
    }

    pub(super) fn ends(&mut self, outcome: Outcome) {
        self.endpoint = match (self.endpoint, outcome) {
            (Endpoint::Deleting, _) => Endpoint::Absent,
            (Endpoint::Moving { from, to }, Outcome::Served) => {
                to.or(from).map_or(Endpoint::Failed, Endpoint::InService)
            }
            (Endpoint::Moving { from: Some(from), .. }, Outcome::RolledBack) => Endpoint::InService(from),
            (Endpoint::Moving { from: Some(from), .. }, Outcome::RollbackFailed) => Endpoint::HalfWay(from),
            (Endpoint::Moving { .. }, _) => Endpoint::Failed,
            (rests, _) => rests,
        };
    }

    /// Any event but the endpoint's own: a rollout whose end was missed is completed first.
    pub(super) fn deliver(&mut self, facts: &mut Facts, event: impl FnOnce(&mut Self, &mut Facts)) {
        self.refused = false;
        let rests = !self.is_moving() && self.endpoint != Endpoint::Absent;
        if self.on.is_some() && rests {
            self.end(facts);
        }
        event(self, facts);
        self.remove_what_failed();
    }

    /// The next event resumes a pending deletion of the operator's endpoint.
    fn remove_what_failed(&mut self) {
        let quiet = self.calls.is_empty() && !self.refused;
        if quiet && self.is_recreated() && self.endpoint == Endpoint::Failed {
            self.remove();
        }
    }

    fn remove(&mut self) {
        self.call(format!("DeleteEndpoint {}", self.rules.endpoint));
        self.endpoint = Endpoint::Deleting;
    }

    /// An event of the endpoint; `late` if it is older than the rollout in progress.
    pub(super) fn rested(&mut self, facts: &mut Facts, late: bool) {
        self.refused = false;
        match (self.endpoint, self.on) {
            _ if self.is_moving() => {}
            (Endpoint::Absent, Some(_)) => {}
            (_, None) => self.next(facts),
            (_, Some(_)) if late => {}
            (_, Some(_)) => self.end(facts),
        }
        self.remove_what_failed();
    }

    pub(super) fn approve(&mut self, facts: &mut Facts, version: u32) {
        if self.answered.get(&version) == Some(&Verdict::Approved) {
            return;
        }
        if !facts.get(version).completed {
            self.refused = true;
            return;
        }
        let newest = self.newest();
        self.answered.insert(version, Verdict::Approved);
        match newest {
            Some(newest) if newest > version => self.publish(FactKind::RolloutSkipped, version),
            newest if newest == Some(version) || self.has_stayed(version) => {
                self.due &= self.live.last().is_some_and(|live| self.is_rejected(*live));
            }
            _ => self.want(facts, version, Why::Approved),
        }
    }

    /// Approved again before production went back from it.
    fn has_stayed(&self, version: u32) -> bool {
        let serves = self.endpoint == Endpoint::InService(version);
        self.on.map_or(self.live.last() == Some(&version) && (self.due || serves), |(on, _)| on == version)
    }

    pub(super) fn reject(&mut self, facts: &mut Facts, version: u32) {
        if self.is_rejected(version) {
            return;
        }
        let target = self.due && self.last_good() == Some(version);
        self.answered.insert(version, Verdict::Rejected);
        self.publish(FactKind::PackageRejected, version);
        if self.rules.at == 0 {
            (1..self.rules.of).for_each(|stage| self.published.push((FactKind::WithdrawalRequested, stage, version)));
        }
        if self.waits.is_some_and(|(waits, _)| waits == version) {
            self.waits = None;
        }
        let serves = self.live.last() == Some(&version) || self.on.is_some_and(|(on, _)| on == version);
        if let (true, true, Some(good)) = (self.rules.rollback, serves || target, self.last_good()) {
            self.want(facts, good, Why::Back);
        }
    }

    fn want(&mut self, facts: &mut Facts, version: u32, why: Why) {
        if why != Why::Hand && self.is_recreated() {
            if why == Why::Approved {
                self.answered.insert(version, Verdict::Held);
                self.publish(FactKind::RolloutQueued, version);
            }
        } else if self.on.is_some() || self.is_moving() {
            self.queue(version, why);
        } else if why == Why::Approved && self.rules.canary && facts.silent && self.endpoint != Endpoint::Absent {
            self.answered.insert(version, Verdict::Held);
            self.refused = true;
            self.publish(FactKind::RolloutHeld, version);
        } else if why == Why::Hand && self.endpoint == Endpoint::Failed {
            self.waits = Some((version, why));
            self.remove();
        } else {
            self.begin(facts, version, why);
        }
    }

    /// The newest approval wins; a rollback comes after all that is queued.
    fn queue(&mut self, version: u32, why: Why) {
        if why == Why::Back {
            self.due = true;
            if self.waits.is_none() {
                self.publish(FactKind::RolloutQueued, version);
            }
        } else {
            self.waits = Some((version, why));
            self.publish(FactKind::RolloutQueued, version);
        }
    }

    fn begin(&mut self, facts: &mut Facts, version: u32, why: Why) {
        if self.waits.is_some_and(|(older, of)| (why, of) == (Why::Approved, Why::Approved) && older < version) {
            self.waits = None;
        }
        if why == Why::Back {
            self.due = false;
        } else {
            self.call(format!("CreateModel v{version}"));
            self.call(format!("CreateEndpointConfig v{version}"));
        }
        if self.endpoint == Endpoint::Failed {
            // SageMaker lets nothing be done to it but remove it.
            return self.is_refused(version);
        }
        let from = match self.endpoint {
            Endpoint::InService(from) | Endpoint::HalfWay(from) => Some(from),
            _ => None,
        };
        match facts.luck.take() {
            Some(UpdateFault::Refused) => return self.is_refused(version),
            Some(UpdateFault::Busy) => {
                self.endpoint = Endpoint::Moving { from, to: Some(0) };
                self.publish(FactKind::RolloutQueued, version);
                if why == Why::Back {
                    self.due = true;
                } else {
                    self.waits = self.waits.or(Some((version, why)));
                }
                return;
            }
            _ => {}
        }
        let call = if self.endpoint == Endpoint::Absent { "CreateEndpoint" } else { "UpdateEndpoint" };
        let how = if self.rules.canary && why != Why::Hand { "in steps" } else { "at once" };
        self.call(format!("{call} {} v{version} {how}", self.rules.endpoint));
        self.endpoint = Endpoint::Moving { from, to: Some(version) };
        self.on = Some((version, why));
        self.publish(FactKind::RolloutStarted, version);
    }

    fn is_refused(&mut self, version: u32) {
        self.refused = true;
        self.publish(FactKind::RolloutFailed, version);
    }

    /// The rollout in progress has ended.
    fn end(&mut self, facts: &mut Facts) {
        let Some((version, why)) = self.on.take() else { return };
        match self.endpoint {
            Endpoint::InService(serves) if serves == version => self.served(facts, version, why),
            Endpoint::InService(_) => {
                self.publish(FactKind::RolloutRolledBack, version);
                self.next(facts);
            }
            // A queued version stays queued until an operator acts; an operator's own request does not.
            _ => {
                self.publish(FactKind::RolloutFailed, version);
                if matches!(self.waits, Some((_, Why::Hand))) {
                    self.next(facts);
                }
            }
        }
    }

    fn served(&mut self, facts: &mut Facts, version: u32, why: Why) {
        let forward = why == Why::Approved;
        if let (true, Some(good)) = (forward && self.rules.canary && facts.silent, self.last_good()) {
            // No data is no pass.
            self.publish(FactKind::RolloutRolledBack, version);
            return self.want(facts, good, Why::Back);
        }
        if forward && self.rules.smoke && facts.broken {
            self.publish(FactKind::SmokeTestFailed, version);
            return match self.last_good() {
                Some(good) => self.want(facts, good, Why::Back),
                None => self.next(facts),
            };
        }
        if !forward && self.live.contains(&version) {
            // The version that was left is not one to come back to.
            self.live.pop();
            self.live.retain(|live| *live != version);
        }
        self.live.push(version);
        self.due &= self.is_rejected(version);
        self.publish(FactKind::RolloutSucceeded, version);
        if self.rules.scales {
            self.call(format!("PutScalingPolicy {}", self.rules.endpoint));
            self.call(format!("PutScheduledActions {}", self.rules.endpoint));
        }
        if forward && self.rules.at + 1 < self.rules.of && !matches!(self.waits, Some((_, Why::Hand))) {
            self.published.push((FactKind::PromotionRequested, self.rules.at + 1, version));
        }
        self.next(facts);
    }

    /// The stage is free: the queued version is next if it is still approved; otherwise a deferred rollback.
    fn next(&mut self, facts: &mut Facts) {
        if let Some((version, why)) = self.waits.take() {
            let serves = self.endpoint == Endpoint::InService(version) && self.live.last() == Some(&version);
            if why == Why::Hand && serves {
                return;
            }
            if why == Why::Hand || facts.is_approved(version) {
                self.want(facts, version, why);
                if self.answered.get(&version) != Some(&Verdict::Held) {
                    return;
                }
            }
        }
        if std::mem::take(&mut self.due)
            && let Some(good) = self.last_good().filter(|good| facts.is_approved(*good))
        {
            self.want(facts, good, Why::Back);
        }
    }
}
