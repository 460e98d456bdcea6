//! A watched branch was deleted: its event says so, or a look does not find it any more.

use trimtab_core::event::Reference;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::reactor::Context;
use trimtab_core::text::digest;

use crate::branch_snapshot::{Sighting, Watching};
use crate::build::{Head, State};
use crate::decide::{Answer, Observed, not_watched};

/// It is told once, and whatever is there next is news.
pub(crate) fn on_deletion(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    reference: &Reference,
    head: Option<&CommitId>,
) -> Answer {
    let Some(branch) = reference.branch.as_ref().filter(|branch| rules.branches.contains(branch)) else {
        return not_watched(policy);
    };
    if head.is_some() {
        return Plan::skip("branch_there", format!("branch {branch} is there again, and that has its own event"));
    }
    let watching = Watching::of(ctx.state, rules);
    let last = watching.and_then(|watching| watching.branches.get(branch));
    // The deletion that was told is this one, or a later one.
    if last.is_some_and(|last| last.head.is_none() && ctx.event.envelope.time <= last.since) {
        return Plan::skip("already_told", format!("it was told that branch {branch} is gone"));
    }
    let (reason, told) = deleted(ctx, policy, rules, branch, reference.before.as_ref(), last);
    let plan = Plan::only(Decision::Acted, reason).with_fact(told);
    match watching.cloned() {
        Some(mut watching) => {
            watching.lose(branch, ctx.now);
            plan.with_state(State::Watching(watching))
        }
        None => plan,
    }
}

/// The branches as a look sees them: what is told of those that were there and are gone.
pub(crate) fn on_reconcile(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    heads: &[Head],
    watching: &mut Watching,
) -> Vec<(Reason, Fact)> {
    watching.branches.retain(|branch, _| rules.branches.contains(branch));
    let mut told = Vec::new();
    for Head { branch, commit, .. } in heads.iter().filter(|head| head.pull.is_none()) {
        let last = watching.branches.get(branch);
        match (commit, last) {
            (Some(commit), _) => watching.see(branch, commit, ctx.now),
            (None, Some(Sighting { head: Some(head), .. })) => {
                told.push(deleted(ctx, policy, rules, branch, Some(head), last));
                watching.lose(branch, ctx.now);
            }
            (None, _) => {}
        }
    }
    told
}

/// The dedup key is made of what the last look has kept, whoever finds the branch gone: of the branch's last
/// commit an event may know more than a look. Without a look it is that commit.
fn deleted(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    branch: &BranchName,
    commit: Option<&CommitId>,
    last: Option<&Sighting>,
) -> (Reason, Fact) {
    let text = format!("branch {branch} of {} was deleted: nothing is built from it", rules.repository);
    let reason = Reason::new("branch_deleted", text);
    let commit = commit.map_or("unknown", CommitId::as_str);
    let mark = last.map_or_else(|| commit.to_owned(), |last| last.since.to_string());
    let told = Fact {
        kind: FactKind::BranchDeleted,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("branch/{}/{}", policy.model, digest(&[branch.as_str(), &mark], 16)),
        at: ctx.now,
        reasons: vec![reason.text.clone()],
        details: [
            ("branch".to_owned(), branch.to_string()),
            ("repository".to_owned(), rules.repository.to_string()),
            ("commit".to_owned(), commit.to_owned()),
        ]
        .into(),
    };
    (reason, told)
}
