//! The record of branches, pull requests and tags that `integrate` compares with AWS at each reconcile.

use jiff::Timestamp;
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::policy::Integrate;

use crate::state::{BranchRecord, BranchSnapshot};

impl BranchSnapshot {
    /// Whether it may be compared with the policy's repository.
    pub(crate) fn is_of(&self, integrate: &Integrate) -> bool {
        self.repository.as_ref().is_none_or(|repository| *repository == integrate.repository)
    }

    /// Records the branch as existing.
    pub(crate) fn record_head(&mut self, branch: &BranchName, head: &CommitId, now: Timestamp) {
        let existing = self.branches.get(branch).filter(|record| record.head.is_some());
        // The time identifies the existence of the branch in the dedup key of its deletion: a push must not change it.
        let since = existing.map_or(now, |record| record.since);
        self.branches.insert(branch.clone(), BranchRecord { head: Some(head.clone()), since });
    }

    /// Records the branch as deleted and reported. The head that it has when it is created again is built.
    pub(crate) fn record_deletion(&mut self, branch: &BranchName, now: Timestamp) {
        self.branches.insert(branch.clone(), BranchRecord { head: None, since: now });
        self.before.insert(branch.to_string(), None);
    }
}
