//! What `integrate` finds when it looks by itself: a head that nobody built, a build whose end nobody
//! heard of, a build that takes too long, a pull request that was merged, a branch that is gone.
//!
//! It looks at the branches, and asks itself on the bus to look at a commit: each commit's build is
//! an aggregate of its own.

use trimtab_core::event::BuildStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{BranchName, CommitId, PipelineBuildId, PullRequestId};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::ObservedBuild;
use trimtab_core::reactor::Context;

use crate::branch_snapshot::Watching;
use crate::build::{Built, Head, Snapshot, Standing, State, Tagged, about, with};
use crate::completion::on_build;
use crate::decide::{Action, Answer, Observed, not_watched, on_head};
use crate::pull_request_build::{self, Proposal};
use crate::{branch_deletion, image, merge};

/// What a request names: the branch, or the execution that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) branch: Option<BranchName>,
    pub(crate) pull: Option<PullRequestId>,
    pub(crate) merged: Option<PullRequestId>,
    pub(crate) execution: Option<PipelineBuildId>,
    pub(crate) commit: CommitId,
}

/// Reads a request; `None` where it lacks what it must name.
pub(crate) fn requested(fact: &Fact) -> Option<Wanted> {
    let named = |name: &str| fact.details.get(name).map(String::as_str);
    let branch = named("branch").map(BranchName::parse).transpose().ok()?;
    let execution = named("execution").map(PipelineBuildId::parse).transpose().ok()?;
    if branch.is_none() && execution.is_none() {
        return None;
    }
    Some(Wanted {
        branch,
        pull: named("pull-request").map(PullRequestId::parse).transpose().ok()?,
        merged: named("merged").map(PullRequestId::parse).transpose().ok()?,
        execution,
        commit: CommitId::parse(named("commit")?).ok()?,
    })
}

/// What came since the last look is answered as if its event had; what was there before is kept in mind.
pub(crate) fn on_reconcile(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    looked: &Snapshot,
) -> Answer {
    let known = Watching::of(ctx.state, rules);
    let mut watching = known.cloned().unwrap_or_default();
    let gone = branch_deletion::on_reconcile(ctx, policy, rules, &looked.heads, &mut watching);
    let merged = looked.merged.iter().map(|merged| merge::ask(ctx, policy, merged));
    let (reasons, facts): (Vec<_>, Vec<_>) = gone.into_iter().chain(merged).unzip();
    let mut plan = at_heads(ctx, policy, known.is_none(), looked, &mut watching);
    if !facts.is_empty() {
        plan.decision = Decision::Acted;
        plan.reasons.splice(..0, reasons);
        plan.facts.extend(facts);
    }
    watching.repository = Some(rules.repository.clone());
    watching.pulls = looked.heads.iter().filter_map(|head| head.pull.clone()).collect();
    if known != Some(&watching) {
        plan.state = Some(State::Watching(watching));
    }
    plan
}

/// The heads that have no build, or one whose end is not on record, are asked for.
fn at_heads(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    is_first: bool,
    Snapshot { heads, merged, tags }: &Snapshot,
    Watching { before, images, .. }: &mut Watching,
) -> Answer {
    let fresh: Vec<&Tagged> = tags.iter().filter(|tagged| !images.contains_key(&tagged.tag)).collect();
    // A branch that is new to the policy is taken as it is; a pull request is new because it is.
    let first = |head: &&Head| is_first || (head.pull.is_none() && !before.contains_key(&name(head)));
    let new: Vec<&Head> = heads.iter().filter(first).collect();
    if is_first || !new.is_empty() || !fresh.is_empty() {
        // What the suite is building already is its own to finish.
        let taken = |head: &&Head| head.commit.clone().filter(|_| head.build == Standing::Unknown);
        before.extend(new.iter().map(|head| (name(head), taken(head))));
        images.extend(fresh.iter().map(|tagged| (tagged.tag.clone(), tagged.digest.clone())));
        let text = "the heads and tags that are there are taken as they are";
        return Plan::only(Decision::Acted, Reason::new("first_reconcile", text));
    }
    let was_there = |head: &Head| before.get(&name(head)) == Some(&head.commit);
    // What is asked of a merge asks for its build, too.
    let is_merge =
        |head: &Head| head.pull.is_none() && merged.iter().any(|one| head.commit.as_ref() == Some(&one.commit));
    let wanted = heads.iter().filter(|head| head.build != Standing::Done && !was_there(head) && !is_merge(head));
    let mut actions: Vec<Action> = wanted.filter_map(|head| ask(ctx, policy, head)).collect();
    let news = |tagged: &&Tagged| !tagged.answered && images.get(&tagged.tag) != Some(&tagged.digest);
    actions.extend(tags.iter().filter(news).filter_map(|tagged| image::ask(ctx, policy, tagged)));
    if actions.is_empty() {
        return Plan::skip("nothing_new", "every head has its build");
    }
    let reason = Reason::new("look", "a head's build, its end or an image is not on record: looking at it");
    Plan { actions, ..Plan::only(Decision::Acted, reason) }
}

/// No branch's name begins with a colon.
fn name(head: &Head) -> String {
    head.pull.as_ref().map_or_else(|| head.branch.to_string(), |pull| format!(":{pull}"))
}

fn ask(ctx: &Context<'_, State, Observed>, policy: &Policy, head: &Head) -> Option<Action> {
    let commit = head.commit.as_ref()?;
    let of = head.pull.as_ref().map_or_else(|| head.branch.to_string(), |pull| format!("pull request {pull}"));
    let reasons = vec![format!("{commit} is the head of {of}")];
    let fact = about(FactKind::BuildRequested, Some(policy.model.clone()), commit, None, reasons, ctx.now);
    let fact = with(fact, "branch", Some(head.branch.to_string()));
    let fact = with(fact, "pull-request", head.pull.as_ref().map(ToString::to_string));
    Some(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact })
}

/// A commit is asked for: it is built, or its build's end is observed, or a person is told that it is late.
pub(crate) fn on_request(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    fact: &Fact,
    observed: &Observed,
) -> Answer {
    let Some(wanted) = requested(fact) else {
        return Plan::fail(
            "no_commit",
            "the request names no branch, or no full commit id: expected details.branch and details.commit",
        );
    };
    if wanted.branch.as_ref().is_some_and(|branch| !rules.branches.contains(branch)) {
        return not_watched(policy);
    }
    match (&wanted.branch, &wanted.pull, &wanted.merged) {
        (Some(branch), Some(pull), _) => pull_request_build::on_request(
            ctx,
            policy,
            rules,
            &Proposal { pull, branch, commit: &wanted.commit },
            observed,
        ),
        (_, _, Some(pull)) => {
            merge::on_request(ctx, rules, &wanted, pull, |ctx| on_commit(ctx, policy, rules, &wanted))
        }
        _ => on_commit(ctx, policy, rules, &wanted),
    }
}

/// What is decided of a commit that was pushed.
fn on_commit(ctx: &Context<'_, State, Observed>, policy: &Policy, rules: &Rules, wanted: &Wanted) -> Answer {
    let commit = &wanted.commit;
    match (ctx.observed, ctx.state, &wanted.branch) {
        (Observed::Build(Some(actual), _), ..) if actual.commit.as_ref() != Some(commit) => {
            Plan::fail("other_build", "the builder says that this build is of another commit")
        }
        (Observed::Build(actual, _), State::Started { .. }, _) if wanted.execution.is_none() => {
            late(ctx, policy, commit, actual.as_ref())
        }
        (Observed::Build(actual, _), State::Asking { build, .. }, _) => {
            on_build(ctx, policy, build, None, actual.as_ref())
        }
        (Observed::Build(actual, _), _, _) => match &wanted.execution {
            Some(execution) => on_build(ctx, policy, &Built::Pipeline(execution.clone()), None, actual.as_ref()),
            None => Plan::skip("not_concerned", "nothing is known of this commit"),
        },
        (Observed::Head(head), _, Some(branch)) => on_head(ctx, policy, rules, branch, commit, head.as_ref()),
        _ => Plan::skip("not_concerned", "nothing is known of this commit"),
    }
}

fn late(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    commit: &CommitId,
    actual: Option<&ObservedBuild>,
) -> Answer {
    let State::Started { build, since, late, merged } = ctx.state else {
        return Plan::skip("not_concerned", "no build of this commit is on");
    };
    let running = actual.is_some_and(|actual| matches!(actual.status, BuildStatus::InProgress | BuildStatus::Other(_)));
    let most = policy.reconcile.map(|limits| limits.build);
    let Some((since, most)) =
        since.zip(most).filter(|(since, most)| running && ctx.now.duration_since(*since) >= *most)
    else {
        return on_build(ctx, policy, build, None, actual);
    };
    if *late {
        return Plan::skip("late", "a person was told that this build takes too long");
    }
    let text = format!("the build of {commit} has not ended since {since}; the policy allows {most:#}");
    let mut told =
        about(FactKind::DeadlineExceeded, Some(policy.model.clone()), commit, Some(build), vec![text.clone()], ctx.now);
    told.dedup_key = format!("late/{}", told.dedup_key);
    let state = State::Started { build: build.clone(), since: Some(since), late: true, merged: merged.clone() };
    Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).with_fact(told)
}
