//! What `integrate` finds when it looks by itself: a head that nobody built, a build whose end nobody
//! heard of, a build that takes too long.
//!
//! It looks at the branches, and asks itself on the bus to look at a commit: each commit's build is
//! an aggregate of its own.

use trimtab_core::event::BuildStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{BranchName, CommitId, PullRequestId};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::port::ml::BuildTruth;
use trimtab_core::react::Case;

use crate::build::{Head, Standing, State, about, with};
use crate::decide::{Action, Answer, Seen, not_watched, on_head};
use crate::endings::on_build;
use crate::review::{self, Proposal};

/// What a request names.
pub(crate) struct Request {
    pub(crate) branch: BranchName,
    pub(crate) pull: Option<PullRequestId>,
    pub(crate) commit: CommitId,
}

/// Reads a request; `None` where it lacks what it must name.
pub(crate) fn requested(fact: &Fact) -> Option<Request> {
    let named = |name: &str| fact.details.get(name).map(String::as_str);
    Some(Request {
        branch: BranchName::parse(named("branch")?).ok()?,
        pull: named("pull-request").map(PullRequestId::parse).transpose().ok()?,
        commit: CommitId::parse(named("commit")?).ok()?,
    })
}

/// The heads that have no build, or one whose end is not on record, are asked for.
pub(crate) fn on_look(case: &Case<'_, State, Seen>, policy: &Policy, heads: &[Head]) -> Answer {
    let known = match case.state {
        State::Watching { before } => Some(before),
        _ => None,
    };
    let mut before = known.cloned().unwrap_or_default();
    // A branch that is new to the policy is taken as it is; a pull request is new because it is.
    let first = |head: &&Head| known.is_none() || (head.pull.is_none() && !before.contains_key(&name(head)));
    let new: Vec<&Head> = heads.iter().filter(first).collect();
    if known.is_none() || !new.is_empty() {
        // What the suite is building already is its own to finish.
        let taken = |head: &&Head| head.commit.clone().filter(|_| head.build == Standing::Unknown);
        before.extend(new.iter().map(|head| (name(head), taken(head))));
        return Plan::note(State::Watching { before }, "first_look", "the branches are taken as they are");
    }
    let was_there = |head: &Head| before.get(&name(head)) == Some(&head.commit);
    let wanted = heads.iter().filter(|head| head.build != Standing::Done && !was_there(head));
    let actions: Vec<Action> = wanted.filter_map(|head| ask(case, policy, head)).collect();
    if actions.is_empty() {
        return Plan::skip("nothing_new", "every head has its build");
    }
    let reason = Reason::new("look", "a head's build, or its end, is not on record: looking at it");
    Plan { actions, ..Plan::only(Decision::Acted, reason) }
}

/// No branch's name begins with a colon.
fn name(head: &Head) -> String {
    head.pull.as_ref().map_or_else(|| head.branch.to_string(), |pull| format!(":{pull}"))
}

fn ask(case: &Case<'_, State, Seen>, policy: &Policy, head: &Head) -> Option<Action> {
    let commit = head.commit.as_ref()?;
    let of = head.pull.as_ref().map_or_else(|| head.branch.to_string(), |pull| format!("pull request {pull}"));
    let reasons = vec![format!("{commit} is the head of {of}")];
    let fact = about(FactKind::BuildRequested, Some(policy.model.clone()), commit, None, reasons, case.now);
    let fact = with(fact, "branch", Some(head.branch.to_string()));
    let fact = with(fact, "pull-request", head.pull.as_ref().map(ToString::to_string));
    Some(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact })
}

/// A commit is asked for: it is built, or its build's end is seen, or a person is told that it is late.
pub(crate) fn on_request(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    rules: &Rules,
    fact: &Fact,
    seen: &Seen,
) -> Answer {
    let Some(Request { branch, pull, commit }) = requested(fact) else {
        return Plan::reject(
            "no_commit",
            "the request names no branch, or no full commit id: expected details.branch and details.commit",
        );
    };
    if !rules.branches.contains(&branch) {
        return not_watched(policy);
    }
    if let Some(pull) = pull {
        return review::on_request(
            case,
            policy,
            rules,
            &Proposal { pull: &pull, branch: &branch, commit: &commit },
            seen,
        );
    }
    match (seen, case.state) {
        (Seen::Build(truth, _), State::Started { .. }) => late(case, policy, &commit, truth.as_ref()),
        (Seen::Head(head), _) => on_head(case, policy, rules, &branch, &commit, head.as_ref()),
        _ => Plan::skip("not_concerned", "nothing is known of this commit"),
    }
}

fn late(case: &Case<'_, State, Seen>, policy: &Policy, commit: &CommitId, truth: Option<&BuildTruth>) -> Answer {
    let State::Started { build, since, late } = case.state else {
        return Plan::skip("not_concerned", "no build of this commit is on");
    };
    let running = truth.is_some_and(|truth| matches!(truth.status, BuildStatus::InProgress | BuildStatus::Other(_)));
    let most = policy.reconcile.map(|limits| limits.build);
    let Some((since, most)) =
        since.zip(most).filter(|(since, most)| running && case.now.duration_since(*since) >= *most)
    else {
        return on_build(case, policy, build, None, truth);
    };
    if *late {
        return Plan::skip("late", "a person was told that this build takes too long");
    }
    let text = format!("the build of {commit} has not ended since {since}; the policy allows {most:#}");
    let mut told =
        about(FactKind::DeadlinePassed, Some(policy.model.clone()), commit, Some(build), vec![text.clone()], case.now);
    told.matter = format!("late/{}", told.matter);
    let state = State::Started { build: build.clone(), since: Some(since), late: true };
    Plan::only(Decision::Acted, Reason::new("late", text)).with_state(state).telling(told)
}
