//! The comment that a pull request gets when the build of its proposed commit ends.

use trimtab_core::event::BuildStatus;
use trimtab_core::name::{CommitId, PullRequestId};
use trimtab_core::policy::Integrate;
use trimtab_core::port::CommentRequest;
use trimtab_core::text::{digest, one_line};

use crate::build::BuildRef;

/// A pull request's build that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndedBuild<'a> {
    pub(crate) build: &'a BuildRef,
    pub(crate) pull_request: &'a PullRequestId,
    pub(crate) commit: &'a CommitId,
    pub(crate) logs: Option<&'a str>,
}

/// The comment; `before` is the commit with which CodeCommit compares the proposed one.
pub(crate) fn comment(
    integrate: &Integrate,
    ended: &EndedBuild<'_>,
    status: &BuildStatus,
    before: CommitId,
) -> CommentRequest {
    let EndedBuild { pull_request, commit, .. } = *ended;
    CommentRequest {
        repository: integrate.repository.clone(),
        pull_request: pull_request.clone(),
        before,
        after: commit.clone(),
        content: content(ended, status),
        token: digest(&["comment", integrate.repository.as_str(), pull_request.as_str(), commit.as_str()], 40),
    }
}

fn content(ended: &EndedBuild<'_>, status: &BuildStatus) -> String {
    let log = ended.logs.map(|link| format!(" Its log: {}", one_line(link, 400))).unwrap_or_default();
    let (commit, build) = (ended.commit.as_str().get(..8).unwrap_or_default(), ended.build.short());
    match status {
        BuildStatus::Succeeded => format!("The build of {commit} succeeded ({build}).{log}"),
        other => format!("The build of {commit} ended as {other} ({build}).{log}"),
    }
}
