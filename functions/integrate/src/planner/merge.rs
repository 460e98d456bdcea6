//! A merged pull request. It requests that the merge commit's build records it.

use jiff::Timestamp;
use trimtab_core::event::PullRequest;
use trimtab_core::fact::Fact;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;

use super::{branch_not_configured, no_pull_requests, no_such_pull_request};
use crate::action::Plan;
use crate::context::MergeCtx;
use crate::fact::{self, CommitOrigin};
use crate::observation::MergedPullRequest;
use crate::reason::Code;

/// An event reports that a pull request was merged.
pub(crate) fn on_merge(ctx: MergeCtx<'_>, pull_request: &PullRequest) -> Plan {
    if ctx.integrate.pull_requests.is_none() {
        return no_pull_requests(ctx.policy);
    }
    let Some(observed) = ctx.observed else { return no_such_pull_request() };
    let Some(branch) = observed.destination.as_ref().filter(|branch| ctx.is_configured(branch)) else {
        return branch_not_configured(ctx.policy);
    };
    let Some(commit) = &observed.merged else {
        let text = "CodeCommit reports no merge commit for this pull request: no comment follows";
        return Plan::skip(Code::NotMerged, text);
    };
    let pull_request = pull_request.id.clone();
    let merged = MergedPullRequest { pull_request, branch: branch.clone(), commit: commit.clone() };
    let (reason, fact) = request(ctx.policy, &merged, ctx.now);
    Plan::only(Decision::Acted, reason).with_fact(fact)
}

/// The request to the merge commit's build, and its reason.
pub(super) fn request(policy: &Policy, merged: &MergedPullRequest, now: Timestamp) -> (Reason, Fact) {
    let MergedPullRequest { pull_request, branch, commit } = merged;
    let text = format!("pull request {pull_request} was merged as {commit}: its build is decided now");
    let origin = CommitOrigin::Merge { branch, pull_request };
    let fact = fact::build_requested(&policy.model, commit, origin, &text, now);
    (Reason::new(Code::Merged, text), fact)
}
