//! The comparison of a reconcile: the difference between the recorded branches, pull requests and tags, and AWS.

use jiff::Timestamp;
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::policy::Integrate;

use crate::observation::{Head, MergedPullRequest, ObservedTag, RecordedBuild, Snapshot};
use crate::state::BranchSnapshot;

/// The difference, and the new record.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) after: BranchSnapshot,
    pub(crate) deleted: Vec<DeletedBranch>,
    pub(crate) merged: &'a [MergedPullRequest],
    pub(crate) work: OpenWork<'a>,
}

/// A branch that existed at the last reconcile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeletedBranch {
    pub(crate) branch: BranchName,
    pub(crate) commit: CommitId,
    pub(crate) since: Timestamp,
}

/// The work whose event was lost.
#[derive(Debug)]
pub(crate) enum OpenWork<'a> {
    /// The policy has a branch or a tag that was not recorded before. Its state is recorded, and nothing is built from
    /// it: it is older than Trimtab's configuration.
    FirstReconcile,
    Found {
        /// Heads without a completed build.
        heads: Vec<&'a Head>,
        /// Tags that point at an image that was not handled.
        tags: Vec<&'a ObservedTag>,
    },
}

/// Compares the recorded state with AWS; `known` is `None` at the first reconcile of the repository.
pub(crate) fn findings<'a>(
    known: Option<&BranchSnapshot>,
    observed: &'a Snapshot,
    integrate: &Integrate,
    now: Timestamp,
) -> Findings<'a> {
    let mut after = known.cloned().unwrap_or_default();
    let deleted = record_branches(&mut after, &observed.heads, integrate, now);
    let work = if record_new(&mut after, observed, known.is_none()) {
        OpenWork::FirstReconcile
    } else {
        OpenWork::Found { heads: open_heads(&after, observed), tags: open_tags(&after, observed) }
    };
    after.repository = Some(integrate.repository.clone());
    after.pull_requests = observed.heads.iter().filter_map(|head| head.pull_request.clone()).collect();
    Findings { after, deleted, merged: &observed.merged, work }
}

/// Records each branch as existing or deleted, and returns those that were deleted since the last reconcile.
fn record_branches(
    after: &mut BranchSnapshot,
    heads: &[Head],
    integrate: &Integrate,
    now: Timestamp,
) -> Vec<DeletedBranch> {
    after.branches.retain(|branch, _| integrate.branches.contains(branch));
    let mut deleted = Vec::new();
    for Head { branch, commit, .. } in heads.iter().filter(|head| head.pull_request.is_none()) {
        if let Some(commit) = commit {
            after.record_head(branch, commit, now);
            continue;
        }
        // A branch that never existed, or whose deletion was reported, is no news.
        let Some(record) = after.branches.get(branch) else { continue };
        let (Some(commit), since) = (record.head.clone(), record.since) else { continue };
        deleted.push(DeletedBranch { branch: branch.clone(), commit, since });
        after.record_deletion(branch, now);
    }
    deleted
}

/// Records the branches and tags that the record lacks; returns whether there were any.
fn record_new(after: &mut BranchSnapshot, observed: &Snapshot, is_first: bool) -> bool {
    // A branch can be new to the policy and old in the repository. A pull request that the record lacks was opened
    // after the last reconcile, so that it is built.
    let is_new =
        |head: &&Head| is_first || (head.pull_request.is_none() && !after.before.contains_key(&record_name(head)));
    let heads: Vec<&Head> = observed.heads.iter().filter(is_new).collect();
    let tags: Vec<&ObservedTag> = observed.tags.iter().filter(|tag| !after.images.contains_key(&tag.tag)).collect();
    if !is_first && heads.is_empty() && tags.is_empty() {
        return false;
    }
    for head in heads {
        // A head that Trimtab is building is not recorded as older than Trimtab: its build must be completed.
        let commit = head.commit.clone().filter(|_| head.build == RecordedBuild::Unknown);
        after.before.insert(record_name(head), commit);
    }
    for tag in tags {
        after.images.insert(tag.tag.clone(), tag.digest.clone());
    }
    true
}

fn open_heads<'a>(after: &BranchSnapshot, observed: &'a Snapshot) -> Vec<&'a Head> {
    let was_there = |head: &Head| after.before.get(&record_name(head)) == Some(&head.commit);
    // The request of the merged pull request also starts the merge commit's build.
    let is_merge = |head: &Head| {
        head.pull_request.is_none() && observed.merged.iter().any(|merged| head.commit.as_ref() == Some(&merged.commit))
    };
    let open = |head: &&Head| head.build != RecordedBuild::Done && !was_there(head) && !is_merge(head);
    observed.heads.iter().filter(|head| head.commit.is_some()).filter(open).collect()
}

fn open_tags<'a>(after: &BranchSnapshot, observed: &'a Snapshot) -> Vec<&'a ObservedTag> {
    let open =
        |tag: &&ObservedTag| tag.digest.is_some() && !tag.handled && after.images.get(&tag.tag) != Some(&tag.digest);
    observed.tags.iter().filter(open).collect()
}

/// The name of a head in [`BranchSnapshot::before`]. No branch's name begins with a colon.
fn record_name(head: &Head) -> String {
    match &head.pull_request {
        Some(pull_request) => format!(":{pull_request}"),
        None => head.branch.to_string(),
    }
}
