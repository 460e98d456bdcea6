//! Pull requests: the proposed commit is built, and the result stands on the pull request.
//!
//! They have a project of their own, since they run what nobody has reviewed. A merge is a push, and
//! has that event; what its pull request reads then is in [`crate::merge`].

use std::collections::BTreeMap;

use trimtab_core::event::{Build, BuildStatus, PullRequest};
use trimtab_core::name::{BranchName, CommitId, ProjectName, PullRequestId};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::{BuildRequest, CommentRequest, ObservedBuild, ObservedPullRequest};
use trimtab_core::reactor::Context;
use trimtab_core::text::{digest, one_line};

use crate::build::{Built, MODEL_VARIABLE, Request, State};
use crate::completion::no_such_build;
use crate::decide::{Action, Answer, Observed, build_once, not_watched};

/// The build's environment variable that names the pull request.
const PULL_REQUEST_VARIABLE: &str = "TRIMTAB_PULL_REQUEST";

/// What asks for a build: the proposal, or another commit of it.
const PROPOSALS: [&str; 2] = ["pullRequestCreated", "pullRequestSourceBranchUpdated"];

/// The pull request that these variables of a build name.
pub(crate) fn of(variables: &BTreeMap<String, String>) -> Option<PullRequestId> {
    variables.get(PULL_REQUEST_VARIABLE).and_then(|id| PullRequestId::parse(id).ok())
}

/// The aggregate of one commit of a pull request.
pub(crate) fn aggregate(pull: &PullRequestId, commit: Option<&CommitId>) -> String {
    format!("build#pull-request-{pull}#{}", commit.map_or("none", CommitId::as_str))
}

pub(crate) fn saying(comment: &CommentRequest) -> Action {
    Action::PostCommentForPullRequest { service: "codecommit", request: comment.clone() }
}

/// A commit was proposed, or something else happened to a pull request.
pub(crate) fn on_pull_request(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    pull: &PullRequest,
    actual: Option<&ObservedPullRequest>,
) -> Answer {
    let Some(project) = &rules.pull_requests else {
        return off(policy);
    };
    let Some(branch) = pull.destination.as_ref().filter(|branch| rules.branches.contains(branch)) else {
        return not_watched(policy);
    };
    if pull.status == "Closed" {
        return on_closed(ctx, &pull.id, actual);
    }
    if !PROPOSALS.contains(&pull.event.as_str()) {
        return Plan::skip("no_proposal", "no commit was proposed");
    }
    let Some(commit) = &pull.source_commit else {
        return Plan::fail("no_commit", "the pull request names no full commit id: expected 40 hexadecimal digits");
    };
    on_proposal(ctx, policy, project, &Proposal { pull: &pull.id, branch, commit }, actual)
}

/// A look found a commit that was proposed and has no build, or whose build has ended.
pub(crate) fn on_request(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    proposal: &Proposal<'_>,
    observed: &Observed,
) -> Answer {
    match (&rules.pull_requests, observed, ctx.state) {
        (None, ..) => off(policy),
        (_, Observed::Review(pull, actual), State::Started { build, .. }) => {
            let ended = Ended { build, pull: proposal.pull, commit: proposal.commit, logs: None };
            on_end(ctx, rules, &ended, pull.as_ref(), actual.as_ref())
        }
        (Some(project), Observed::Review(pull, _), _) => on_proposal(ctx, policy, project, proposal, pull.as_ref()),
        _ => Plan::skip("not_concerned", "nothing is known of this pull request"),
    }
}

/// A pull request was closed without a merge: what was proposed last is told to nobody any more.
fn on_closed(ctx: &Context<'_, State, Observed>, pull: &PullRequestId, actual: Option<&ObservedPullRequest>) -> Answer {
    match (actual, ctx.state) {
        (None, _) => no_such_pull_request(),
        (Some(actual), _) if actual.open => Plan::skip("open", format!("pull request {pull} is open")),
        (Some(actual), _) if actual.merged.is_some() => {
            Plan::skip("merged", format!("pull request {pull} was merged, and that has its own event"))
        }
        (_, State::Intended { .. } | State::Started { .. } | State::Reporting { .. }) => Plan::update(
            State::Closed,
            "closed",
            format!("pull request {pull} was closed: how its build ends is told to nobody"),
        ),
        _ => Plan::skip("closed", format!("pull request {pull} was closed, and nothing of it is under way")),
    }
}

pub(crate) fn no_such_pull_request() -> Answer {
    Plan::fail(
        "no_such_pull_request",
        "CodeCommit knows no such pull request: the event is forged or the pull request is gone",
    )
}

pub(crate) fn off(policy: &Policy) -> Answer {
    Plan::skip("off", format!("the policy of {} has no integrate.pull_requests", policy.model))
}

/// A commit that somebody proposes for a branch.
pub(crate) struct Proposal<'a> {
    pub(crate) pull: &'a PullRequestId,
    pub(crate) branch: &'a BranchName,
    pub(crate) commit: &'a CommitId,
}

fn on_proposal(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    project: &ProjectName,
    proposal: &Proposal<'_>,
    actual: Option<&ObservedPullRequest>,
) -> Answer {
    let Proposal { pull, branch, commit } = *proposal;
    match actual {
        None => return no_such_pull_request(),
        Some(actual) if !actual.open => return Plan::skip("closed", "the pull request is closed since"),
        Some(actual) if actual.source.as_ref() != Some(commit) => {
            return Plan::skip("moved_on", "another commit is proposed since, and that has its own event");
        }
        Some(_) => {}
    }
    let id = pull.to_string();
    let request = BuildRequest {
        project: project.clone(),
        commit: commit.clone(),
        token: digest(&["pull request", policy.model.as_str(), project.as_str(), &id, commit.as_str()], 40),
        variables: BTreeMap::from([
            (MODEL_VARIABLE.to_owned(), policy.model.to_string()),
            (PULL_REQUEST_VARIABLE.to_owned(), id),
        ]),
    };
    let text = format!("commit {commit} is proposed for {branch} in pull request {pull}");
    build_once(ctx.state, Request::Project(request), branch, Reason::new("proposed", text))
}

/// A build that has ended, as it was heard of.
struct Ended<'a> {
    build: &'a Built,
    pull: &'a PullRequestId,
    commit: &'a CommitId,
    logs: Option<&'a str>,
}

/// A pull request's build ended.
pub(crate) fn on_build(
    ctx: &Context<'_, State, Observed>,
    rules: &Rules,
    build: &Build,
    pull: Option<&ObservedPullRequest>,
    actual: Option<&ObservedBuild>,
) -> Answer {
    let (Some(id), Some(commit)) = (of(&build.variables), &build.commit) else {
        return Plan::skip("no_commit", "this build is not of one exact commit of a pull request");
    };
    let built = Built::Project(build.id.clone());
    on_end(ctx, rules, &Ended { build: &built, pull: &id, commit, logs: build.logs.as_deref() }, pull, actual)
}

/// The result stands on the pull request, once.
fn on_end(
    ctx: &Context<'_, State, Observed>,
    rules: &Rules,
    ended: &Ended<'_>,
    pull: Option<&ObservedPullRequest>,
    actual: Option<&ObservedBuild>,
) -> Answer {
    let (id, commit) = (ended.pull, ended.commit);
    let Some(actual) = actual else {
        return no_such_build();
    };
    if of(&actual.variables).as_ref() != Some(id) || actual.commit.as_ref() != Some(commit) {
        return Plan::fail("other_build", "CodeBuild says that this build is of another pull request or commit");
    }
    match ctx.state {
        State::Unknown => return Plan::skip("not_ours", "somebody else started this build: it is told of nowhere"),
        State::Closed => return Plan::skip("closed", format!("pull request {id} was closed since")),
        State::Reviewed => {
            return Plan::skip("already_handled", format!("pull request {id} says how the build of {commit} ended"));
        }
        _ => {}
    }
    if matches!(actual.status, BuildStatus::InProgress | BuildStatus::Other(_)) {
        return Plan::skip("still_running", "CodeBuild says that the build has not ended");
    }
    let Some(before) = pull.and_then(|pull| pull.target.clone()) else {
        return Plan::skip("no_such_pull_request", format!("there is no pull request {id} any more"));
    };
    let comment = CommentRequest {
        repository: rules.repository.clone(),
        pull_request: id.clone(),
        before,
        after: commit.clone(),
        content: content(ended, &actual.status),
        token: digest(&["comment", rules.repository.as_str(), id.as_str(), commit.as_str()], 40),
    };
    let status = &actual.status;
    let reason = Reason::new("reviewed", format!("the build of {commit} ended as {status}: the pull request says so"));
    let action = saying(&comment);
    Plan::only(Decision::Acted, reason).with_state(State::Reporting { comment }).with_action(action)
}

fn content(ended: &Ended<'_>, status: &BuildStatus) -> String {
    let log = ended.logs.map(|link| format!(" Its log: {}", one_line(link, 400))).unwrap_or_default();
    let (commit, build) = (ended.commit.as_str().get(..8).unwrap_or_default(), ended.build.short());
    match status {
        BuildStatus::Succeeded => format!("The build of {commit} succeeded ({build}).{log}"),
        other => format!("The build of {commit} ended as {other} ({build}).{log}"),
    }
}
