//! A merged pull request: the commit that its merge made is built like any push, and the pull request
//! reads how that ended.
//!
//! The commit's build is an aggregate of its own: whoever hears of the merge, or finds it by looking,
//! asks it on the bus to remember the pull request.

use trimtab_core::event::PullRequest;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{CommitId, PullRequestId};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::{CommentRequest, ObservedPullRequest};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::build::{Merge, Merged, State, about, with};
use crate::decide::{Action, Answer, Observed, not_watched};
use crate::pull_request_build;
use crate::reconcile::Wanted;

pub(crate) const SUCCEEDED: &str = "succeeded";
pub(crate) const FAILED: &str = "did not succeed, or what follows from it did not";

/// The aggregate of a merge: it keeps nothing.
pub(crate) fn aggregate(pull: &PullRequestId) -> String {
    format!("merge#{pull}")
}

/// A pull request was merged.
pub(crate) fn on_merge(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    pull: &PullRequest,
    actual: Option<&ObservedPullRequest>,
) -> Answer {
    if rules.pull_requests.is_none() {
        return pull_request_build::off(policy);
    }
    let Some(actual) = actual else { return pull_request_build::no_such_pull_request() };
    let Some(branch) = actual.destination.as_ref().filter(|branch| rules.branches.contains(branch)) else {
        return not_watched(policy);
    };
    let Some(commit) = &actual.merged else {
        return Plan::skip("not_merged", "CodeCommit names no commit that the merge has made");
    };
    let merged = Merged { pull: pull.id.clone(), branch: branch.clone(), commit: commit.clone() };
    let (reason, fact) = ask(ctx, policy, &merged);
    Plan::only(Decision::Acted, reason).with_fact(fact)
}

/// Asks the merge's build to remember the pull request.
pub(crate) fn ask(ctx: &Context<'_, State, Observed>, policy: &Policy, merged: &Merged) -> (Reason, Fact) {
    let Merged { pull, branch, commit } = merged;
    let reason = Reason::new("merged", format!("pull request {pull} was merged as {commit}: looking at its build"));
    let model = Some(policy.model.clone());
    let fact = about(FactKind::BuildRequested, model, commit, None, vec![reason.text.clone()], ctx.now);
    let fact = with(with(fact, "branch", Some(branch.to_string())), "merged", Some(pull.to_string()));
    (reason, fact)
}

/// A commit's build is asked to remember the pull request; `decide` is what is decided of the commit
/// itself.
pub(crate) fn on_request(
    ctx: &Context<'_, State, Observed>,
    rules: &Rules,
    wanted: &Wanted,
    pull: &PullRequestId,
    decide: impl FnOnce(&Context<'_, State, Observed>) -> Answer,
) -> Answer {
    let Observed::Merged(actual, observed) = ctx.observed else {
        return Plan::skip("not_concerned", "nothing is known of this pull request");
    };
    let merge = actual.as_ref().filter(|actual| actual.merged.as_ref() == Some(&wanted.commit)).and_then(|actual| {
        let (before, after) = (actual.target.clone()?, actual.source.clone()?);
        Some(Merge { pull: pull.clone(), before, after, told: false })
    });
    let Some(merge) = merge else {
        return Plan::fail("other_merge", "CodeCommit says that this commit was not made by this pull request's merge");
    };
    let mut state = ctx.state.clone();
    let place = state.merge();
    let known = place.as_ref().is_some_and(|known| known.as_ref().is_some_and(|known| known.pull == merge.pull));
    if let Some(place) = place.filter(|_| !known) {
        *place = Some(merge.clone());
    }
    let mut plan = decide(&Context { state: &state, observed, ..*ctx });
    match (&state, known) {
        (State::Succeeded { .. }, false) => plan.actions.extend(saying(Some(rules), &wanted.commit, &merge, SUCCEEDED)),
        (State::Failed { .. }, false) => plan.actions.extend(saying(Some(rules), &wanted.commit, &merge, FAILED)),
        _ => {}
    }
    if !known {
        remember(&mut plan, &state, merge);
    }
    plan
}

/// The plan with the pull request in its state.
fn remember(plan: &mut Answer, state: &State, merge: Merge) {
    let mut after = plan.state.take().unwrap_or_else(|| state.clone());
    let Some(place) = after.merge() else { return };
    if place.is_none() {
        *place = Some(merge);
    }
    plan.state = Some(after);
    if plan.decision == Decision::Skipped {
        plan.decision = Decision::Acted;
        plan.reasons.insert(0, Reason::new("merged", "its pull request will read how the build ended"));
    }
}

/// The result on the pull request; none where it was told.
pub(crate) fn saying(rules: Option<&Rules>, commit: &CommitId, merge: &Merge, how: &str) -> Option<Action> {
    let rules = rules.filter(|_| !merge.told)?;
    let short = commit.as_str().get(..8).unwrap_or_default();
    let comment = CommentRequest {
        repository: rules.repository.clone(),
        pull_request: merge.pull.clone(),
        before: merge.before.clone(),
        after: merge.after.clone(),
        content: format!("Merged as {short}: its build {how}."),
        token: digest(&["merged", rules.repository.as_str(), merge.pull.as_str(), commit.as_str()], 40),
    };
    Some(pull_request_build::saying(&comment))
}
