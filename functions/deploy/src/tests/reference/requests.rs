//! What the model does when an operator, another stage or a reconcile requests something.

use trimtab_core::fact::FactKind;

use super::{Endpoint, Facts, Gate, Stage, Verdict, Why};

impl Stage {
    /// `trimtab rollback`: to the version that is named, else to the one that was live before.
    pub(in crate::tests) fn by_operator(&mut self, facts: &mut Facts, request: u8, named: Option<u32>) {
        if !self.handled.insert(request) {
            return;
        }
        let now = self.live.last().copied();
        let serves = |version| self.on.is_none() && self.endpoint == Endpoint::InService(version);
        let target = match (named, now) {
            (Some(named), _) => {
                let known = self.live.contains(&named) || facts.verdict(named) == Some(Verdict::Approved);
                known.then_some(named)
            }
            (None, Some(now)) if serves(now) => {
                let before = self.live.iter().rev().skip(1).copied();
                before
                    .filter(|version| *version != now && !self.is_rejected(*version))
                    .max_by_key(|version| self.live.iter().rposition(|live| live == version))
            }
            (None, now) => now,
        };
        match target {
            Some(target) if !(serves(target) && now == Some(target)) => {
                (self.waits, self.due) = (None, false);
                self.answered.entry(target).or_insert(Verdict::ByOperator);
                self.want(facts, target, Why::Hand);
            }
            _ => self.publish(FactKind::RollbackRefused, 0),
        }
    }

    /// A reconcile has one finding at a time: a missed verdict, or a queued version that can start.
    pub(in crate::tests) fn reconcile(&mut self, facts: &mut Facts) {
        if self.rules.at == 0 && self.rules.of > 1 {
            (1..self.rules.of).for_each(|stage| self.published.push((FactKind::StageReconcileRequested, stage, 0)));
        }
        if self.rules.at == 0 && self.before.is_none() {
            let said = facts.packages.keys().filter_map(|version| Some((*version, facts.verdict(*version)?)));
            self.before = Some(said.collect());
            return;
        }
        if !self.is_recreated() && if self.rules.at == 0 { self.missed(facts) } else { self.missed_offer(facts) } {
            return;
        }
        let ready = match (self.endpoint, self.waits) {
            (Endpoint::InService(_) | Endpoint::Absent, _) => true,
            (_, Some((_, Why::Hand))) => !self.is_moving(),
            _ => false,
        };
        if (self.waits.is_some() || self.due) && self.on.is_none() && ready {
            self.next(facts);
        }
    }

    fn missed(&mut self, facts: &mut Facts) -> bool {
        let before = self.before.clone().unwrap_or_default();
        let open = |version: &u32| {
            let answered = self.answered.get(version).or(before.get(version)).copied();
            let held = self.answered.get(version) == Some(&Verdict::Held) && facts.silent;
            facts.verdict(*version).is_some() && answered != facts.verdict(*version) && !held
        };
        let Some(version) = facts.packages.keys().copied().find(open) else { return false };
        match facts.verdict(version) {
            Some(Verdict::Rejected) => self.reject(facts, version),
            _ => self.approve(facts, version),
        }
        true
    }

    fn missed_offer(&mut self, facts: &mut Facts) -> bool {
        let open = |version: &u32| matches!(self.answered.get(version), None | Some(Verdict::Held));
        let Some(version) = self.offered.iter().rev().copied().find(open) else { return false };
        let held = self.answered.contains_key(&version);
        let let_in = match self.rules.gate {
            Gate::Lifecycle => facts.get(version).let_in && !(held && facts.silent),
            Gate::Open | Gate::Manual => held && !facts.silent,
        };
        let goes = let_in && facts.is_approved(version);
        if goes {
            self.approve(facts, version);
        }
        goes
    }

    /// The version is live in the stage before (no `by`), or an operator promotes it.
    pub(in crate::tests) fn promote(&mut self, facts: &mut Facts, version: u32, by_person: bool) {
        let may = self.offered.contains(&version) && self.rules.gate != Gate::Lifecycle;
        if by_person && !may {
            self.refused = true;
            return;
        }
        if !facts.is_approved(version) {
            return;
        }
        self.offered.insert(version);
        let let_in = match self.rules.gate {
            Gate::Open => true,
            Gate::Manual => by_person,
            Gate::Lifecycle => facts.get(version).let_in,
        };
        match let_in {
            true => self.approve(facts, version),
            false => self.publish(FactKind::PromotionPending, version),
        }
    }

    pub(in crate::tests) fn lifecycle(&mut self, facts: &mut Facts, version: u32) {
        let goes = facts.get(version).let_in && self.offered.contains(&version) && facts.is_approved(version);
        if goes {
            self.approve(facts, version);
        }
    }

    /// A rejected version leaves every stage.
    pub(in crate::tests) fn withdraw(&mut self, facts: &mut Facts, version: u32) {
        if facts.get(version).approved != Some(false) {
            return;
        }
        self.offered.remove(&version);
        if self.answered.contains_key(&version) {
            self.reject(facts, version);
        }
    }
}
