//! What the suite keeps of the watched branches, and of what is proposed for them, from look to look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::name::{BranchName, CommitId, ImageDigest, ImageTag, PullRequestId, RepositoryName};
use trimtab_core::policy::Integrate as Rules;

use crate::build::State;

/// No more than the policy's branches and tags, what was there at the first look, and one page of pull
/// requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    /// Each branch's head, and what each pull request proposed, when the suite first looked: nobody
    /// asked it to build that.
    pub before: BTreeMap<String, Option<CommitId>>,
    /// What each tag of the image pointed at then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageTag, Option<ImageDigest>>,
    /// Where all of this is; unknown before a look wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryName>,
    /// The branches that a reconcile has seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<BranchName, Sighting>,
    /// The pull requests that were open at the last look.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pulls: BTreeSet<PullRequestId>,
}

/// A branch as the suite knows it: there, or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Its head at the last look; `None` where it was told that the branch is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
    /// Since when the suite knows it to be there, or gone.
    pub since: Timestamp,
}

impl Watching {
    /// What is known of this repository: what was observed in another says nothing of it.
    pub(crate) fn of<'a>(state: &'a State, rules: &Rules) -> Option<&'a Self> {
        match state {
            State::Watching(known) => Some(known),
            _ => None,
        }
        .filter(|known| known.repository.as_ref().is_none_or(|repository| *repository == rules.repository))
    }

    /// The branch is there.
    pub(crate) fn see(&mut self, branch: &BranchName, head: &CommitId, now: Timestamp) {
        let there = self.branches.get(branch).filter(|last| last.head.is_some());
        let since = there.map_or(now, |last| last.since);
        self.branches.insert(branch.clone(), Sighting { head: Some(head.clone()), since });
    }

    /// The branch is gone, and it is told: whatever is there next is news.
    pub(crate) fn lose(&mut self, branch: &BranchName, now: Timestamp) {
        self.branches.insert(branch.clone(), Sighting { head: None, since: now });
        self.before.insert(branch.to_string(), None);
    }
}
