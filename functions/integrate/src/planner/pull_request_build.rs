//! The build of a commit that a pull request proposes. It has a CodeBuild project of its own, because it runs unreviewed
//! code, and it never leads to training.

use trimtab_core::event::{BuildStatus, PullRequest};
use trimtab_core::name::{CommitId, ProjectName, PullRequestId};
use trimtab_core::plan::{Decision, Reason};

use super::{branch_not_configured, no_pull_requests, no_such_build, no_such_pull_request};
use crate::action::{Action, Plan};
use crate::build::{BuilderRequest, Completion};
use crate::builders::codebuild;
use crate::context::PullRequestCtx;
use crate::fact::Proposal;
use crate::proposal::{self, EndedBuild};
use crate::reason::Code;
use crate::state::{PullRequestBuild, State};

/// CodeCommit's words for an event with a proposed commit.
const PROPOSALS: [&str; 2] = ["pullRequestCreated", "pullRequestSourceBranchUpdated"];

/// A pull request was opened, updated or closed.
pub(crate) fn on_change(ctx: PullRequestCtx<'_>, pull_request: &PullRequest) -> Plan {
    let Some(project) = &ctx.integrate.pull_requests else {
        return no_pull_requests(ctx.policy);
    };
    let Some(branch) = pull_request.destination.as_ref().filter(|branch| ctx.is_configured(branch)) else {
        return branch_not_configured(ctx.policy);
    };
    if pull_request.status == "Closed" {
        return on_close(ctx, &pull_request.id);
    }
    if !PROPOSALS.contains(&pull_request.event.as_str()) {
        return Plan::skip(Code::NoProposal, "the pull request changed without a new commit: nothing is built");
    }
    let Some(commit) = &pull_request.source_commit else {
        let text = "the pull request names no full commit ID: expected 40 hexadecimal digits";
        return Plan::fail(Code::NoCommit, text);
    };
    let proposal = Proposal { pull_request: pull_request.id.clone(), branch: branch.clone(), commit: commit.clone() };
    on_proposal(ctx, project, &proposal)
}

/// A reconcile found a proposed commit without a completed build.
pub(crate) fn on_request(ctx: PullRequestCtx<'_>, proposal: &Proposal) -> Plan {
    if !ctx.is_configured(&proposal.branch) {
        return branch_not_configured(ctx.policy);
    }
    let Some(project) = &ctx.integrate.pull_requests else {
        return no_pull_requests(ctx.policy);
    };
    let Some(PullRequestBuild::Running { build }) = ctx.state else {
        return on_proposal(ctx, project, proposal);
    };
    let Proposal { pull_request, commit, .. } = proposal;
    on_end(ctx, &EndedBuild { build, pull_request, commit, logs: None })
}

fn on_close(ctx: PullRequestCtx<'_>, pull_request: &PullRequestId) -> Plan {
    let Some(observed) = &ctx.observed.pull_request else { return no_such_pull_request() };
    if observed.open {
        return Plan::skip(Code::Open, format!("CodeCommit reports that pull request {pull_request} is open"));
    }
    if observed.merged.is_some() {
        let text = format!("pull request {pull_request} was merged, and the event of the merge is handled on its own");
        return Plan::skip(Code::Merged, text);
    }
    match ctx.state {
        Some(
            PullRequestBuild::Starting { .. } | PullRequestBuild::Running { .. } | PullRequestBuild::Commenting { .. },
        ) => {
            let text = format!("pull request {pull_request} was closed: it gets no comment when its build ends");
            Plan::update(State::PullRequestBuild(PullRequestBuild::Closed), Code::Closed, text)
        }
        _ => Plan::skip(Code::Closed, format!("pull request {pull_request} was closed, and has no build in progress")),
    }
}

fn on_proposal(ctx: PullRequestCtx<'_>, project: &ProjectName, proposal: &Proposal) -> Plan {
    let Proposal { pull_request, branch, commit } = proposal;
    match &ctx.observed.pull_request {
        None => return no_such_pull_request(),
        Some(observed) if !observed.open => {
            return Plan::skip(Code::Closed, format!("pull request {pull_request} is closed: nothing is built"));
        }
        Some(observed) if observed.source.as_ref() != Some(commit) => {
            let text = format!("pull request {pull_request} proposes another commit now, which has its own event");
            return Plan::skip(Code::Superseded, text);
        }
        Some(_) => {}
    }
    match ctx.state {
        // A refused start is dead-lettered: an operator corrects the cause, and redrives the event.
        None | Some(PullRequestBuild::StartRefused) => {}
        Some(PullRequestBuild::Starting { .. }) => {
            return Plan::skip(Code::StartPending, format!("the start of the build of {commit} is not confirmed"));
        }
        Some(_) => return Plan::skip(Code::AlreadyBuilt, format!("commit {commit} has a build")),
    }
    let request = codebuild::pull_request_request(ctx.policy, project, pull_request, commit);
    let request = BuilderRequest::Codebuild(request);
    let text = format!("pull request {pull_request} proposes commit {commit} for {branch}: it is built");
    Plan::only(Decision::Acted, Reason::new(Code::Proposed, text))
        .with_state(State::PullRequestBuild(PullRequestBuild::Starting { request: request.clone() }))
        .with_action(Action::start(request))
}

/// CodeBuild reported a status of the build.
pub(crate) fn on_completion(
    ctx: PullRequestCtx<'_>,
    completion: &Completion<'_>,
    pull_request: &PullRequestId,
) -> Plan {
    let Some(commit) = completion.commit else {
        return Plan::skip(
            Code::NoCommit,
            "this build is not of one exact commit of a pull request: no comment follows",
        );
    };
    on_end(ctx, &EndedBuild { build: &completion.build, pull_request, commit, logs: completion.logs })
}

/// Posts the result on the pull request, once.
fn on_end(ctx: PullRequestCtx<'_>, ended: &EndedBuild<'_>) -> Plan {
    let EndedBuild { pull_request, commit, .. } = *ended;
    let Some(build) = &ctx.observed.build else { return no_such_build() };
    let observed = codebuild::pull_request(&build.variables);
    if observed.as_ref() != Some(pull_request) || build.commit.as_ref() != Some(commit) {
        let text = "CodeBuild reports that this build is of another pull request or commit: no comment follows";
        return Plan::fail(Code::OtherBuild, text);
    }
    match ctx.state {
        None => return Plan::skip(Code::NotStartedByTrimtab, "Trimtab did not start this build: no comment follows"),
        Some(PullRequestBuild::Closed) => {
            return Plan::skip(Code::Closed, format!("pull request {pull_request} was closed: no comment follows"));
        }
        Some(PullRequestBuild::Commented) => {
            let text = format!("pull request {pull_request} has the comment on the build of {commit}");
            return Plan::skip(Code::AlreadyHandled, text);
        }
        Some(_) => {}
    }
    // A status of a later API is not known to be an end.
    if matches!(build.status, BuildStatus::InProgress | BuildStatus::Other(_)) {
        return Plan::skip(Code::StillRunning, "CodeBuild reports that the build has not ended");
    }
    comment(ctx, ended, &build.status)
}

fn comment(ctx: PullRequestCtx<'_>, ended: &EndedBuild<'_>, status: &BuildStatus) -> Plan {
    let EndedBuild { pull_request, commit, .. } = *ended;
    let target: Option<CommitId> = ctx.observed.pull_request.as_ref().and_then(|observed| observed.target.clone());
    // Without the commit with which it is compared, CodeCommit takes no comment.
    let Some(before) = target else {
        let text = format!("CodeCommit does not know pull request {pull_request} any more: no comment follows");
        return Plan::skip(Code::NoSuchPullRequest, text);
    };
    let comment = proposal::comment(ctx.integrate, ended, status, before);
    let text = format!("the build of {commit} ended as {status}: pull request {pull_request} gets a comment");
    Plan::only(Decision::Acted, Reason::new(Code::Reviewed, text))
        .with_state(State::PullRequestBuild(PullRequestBuild::Commenting { comment: comment.clone() }))
        .with_action(Action::comment(comment))
}

/// The actions of an earlier attempt that may not have completed.
pub(crate) fn pending_actions(state: &PullRequestBuild) -> Vec<Action> {
    match state {
        PullRequestBuild::Starting { request } => vec![Action::start(request.clone())],
        PullRequestBuild::Commenting { comment } => vec![Action::comment(comment.clone())],
        PullRequestBuild::Running { .. }
        | PullRequestBuild::Commented
        | PullRequestBuild::StartRefused
        | PullRequestBuild::Closed => Vec::new(),
    }
}
