//! A merged pull request gets a comment with the result of the merge commit's build.
//!
//! The build is another aggregate than the pull request. `integrate` requests on the bus that the build records the
//! pull request.

use trimtab_core::name::{CommitId, PullRequestId};
use trimtab_core::policy::Integrate;
use trimtab_core::port::{CommentRequest, ObservedPullRequest};
use trimtab_core::text::digest;

use crate::state::Merge;

pub(crate) const SUCCEEDED: &str = "succeeded";
pub(crate) const FAILED: &str = "did not succeed, or a step that follows it failed";

/// The pull request for a merge commit's build; `None` if its merge made another commit, or CodeCommit does not have
/// both commits to which the comment is attached.
pub(crate) fn of(
    pull_request: &PullRequestId,
    commit: &CommitId,
    observed: Option<&ObservedPullRequest>,
) -> Option<Merge> {
    let observed = observed.filter(|observed| observed.merged.as_ref() == Some(commit))?;
    let (before, after) = (observed.target.clone()?, observed.source.clone()?);
    Some(Merge { pull_request: pull_request.clone(), before, after, commented: false })
}

/// The comment with the build's result; `None` if it was posted.
pub(crate) fn comment(integrate: &Integrate, commit: &CommitId, merge: &Merge, result: &str) -> Option<CommentRequest> {
    if merge.commented {
        return None;
    }
    let short = commit.as_str().get(..8).unwrap_or_default();
    Some(CommentRequest {
        repository: integrate.repository.clone(),
        pull_request: merge.pull_request.clone(),
        before: merge.before.clone(),
        after: merge.after.clone(),
        content: format!("Merged as {short}: its build {result}."),
        token: digest(&["merged", integrate.repository.as_str(), merge.pull_request.as_str(), commit.as_str()], 40),
    })
}
