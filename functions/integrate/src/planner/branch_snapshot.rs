//! Reconciling, and the deletion of branches.
//!
//! A reconcile requests on the bus what it finds: each commit's build is an aggregate of its own.

use trimtab_core::event::Reference;
use trimtab_core::fact::Fact;
use trimtab_core::plan::{Decision, Reason};

use super::branch_not_configured;
use crate::action::Plan;
use crate::context::{BranchCtx, SnapshotCtx};
use crate::fact::{self, AboutBranch, CommitOrigin};
use crate::observation::{Head, ObservedTag};
use crate::planner::merge;
use crate::reason::Code;
use crate::reconcile::{self, DeletedBranch, OpenWork};
use crate::state::State;

/// An event reports that a branch was deleted.
pub(crate) fn on_deletion(ctx: BranchCtx<'_>, reference: &Reference) -> Plan {
    let Some(branch) = reference.branch.as_ref().filter(|branch| ctx.is_configured(branch)) else {
        return branch_not_configured(ctx.policy);
    };
    if ctx.observed.is_some() {
        let text = format!("branch {branch} exists again, and its creation has its own event");
        return Plan::skip(Code::BranchThere, text);
    }
    let record = ctx.state.and_then(|snapshot| snapshot.branches.get(branch));
    // The reported deletion is this one, or a later one if the branch was created again in between.
    if record.is_some_and(|record| record.head.is_none() && ctx.event.envelope.time <= record.since) {
        return Plan::skip(Code::AlreadyReported, format!("the deletion of branch {branch} was reported before"));
    }
    let about = AboutBranch {
        model: &ctx.policy.model,
        repository: &ctx.integrate.repository,
        branch,
        commit: reference.before.as_ref(),
        since: record.map(|record| record.since),
        at: ctx.now,
    };
    let (reason, fact) = deletion(about);
    let plan = Plan::only(Decision::Acted, reason).with_fact(fact);
    let Some(snapshot) = ctx.state else { return plan };
    let mut snapshot = snapshot.clone();
    snapshot.record_deletion(branch, ctx.now);
    plan.with_state(State::BranchSnapshot(snapshot))
}

fn deletion(about: AboutBranch<'_>) -> (Reason, Fact) {
    let text = format!("branch {} of {} was deleted: nothing is built from it", about.branch, about.repository);
    let fact = about.deleted(&text);
    (Reason::new(Code::BranchDeleted, text), fact)
}

/// A reconcile: lost events are handled as if they had arrived.
pub(crate) fn on_reconcile(ctx: SnapshotCtx<'_>) -> Plan {
    let findings = reconcile::findings(ctx.state, ctx.observed, ctx.integrate, ctx.now);
    let deleted = findings.deleted.iter().map(|deleted| deletion(about_branch(ctx, deleted)));
    let merged = findings.merged.iter().map(|merged| merge::request(ctx.policy, merged, ctx.now));
    let (reasons, facts): (Vec<_>, Vec<_>) = deleted.chain(merged).unzip();
    let mut plan = open_work(ctx, &findings.work);
    if !facts.is_empty() {
        plan.decision = Decision::Acted;
        plan.reasons.splice(..0, reasons);
        plan.facts.extend(facts);
    }
    // A write at each reconcile of each model would cost more than it is worth.
    if ctx.state != Some(&findings.after) {
        plan.state = Some(State::BranchSnapshot(findings.after));
    }
    plan
}

fn about_branch<'a>(ctx: SnapshotCtx<'a>, deleted: &'a DeletedBranch) -> AboutBranch<'a> {
    AboutBranch {
        model: &ctx.policy.model,
        repository: &ctx.integrate.repository,
        branch: &deleted.branch,
        commit: Some(&deleted.commit),
        since: Some(deleted.since),
        at: ctx.now,
    }
}

fn open_work(ctx: SnapshotCtx<'_>, work: &OpenWork<'_>) -> Plan {
    let (heads, tags) = match work {
        OpenWork::FirstReconcile => {
            let text = "the branches, pull requests and tags are recorded as they are: nothing is built from them";
            return Plan::only(Decision::Acted, Reason::new(Code::FirstReconcile, text));
        }
        OpenWork::Found { heads, tags } => (heads, tags),
    };
    let builds = heads.iter().filter_map(|head| build_request(ctx, head));
    let images = tags.iter().filter_map(|tag| image_request(ctx, tag));
    let facts: Vec<Fact> = builds.chain(images).collect();
    if facts.is_empty() {
        return Plan::skip(Code::NothingNew, "every head has a completed build, and every image was handled");
    }
    let text = "a head has no completed build, or an image was not handled: they are decided now";
    Plan { facts, ..Plan::only(Decision::Acted, Reason::new(Code::BuildOpen, text)) }
}

fn build_request(ctx: SnapshotCtx<'_>, head: &Head) -> Option<Fact> {
    let Head { branch, pull_request, commit, .. } = head;
    let commit = commit.as_ref()?;
    let (source, origin) = match pull_request {
        Some(pull_request) => {
            (format!("pull request {pull_request}"), CommitOrigin::PullRequest { branch, pull_request })
        }
        None => (branch.to_string(), CommitOrigin::Branch(branch)),
    };
    let reason = format!("{commit} is the head of {source}");
    Some(fact::build_requested(&ctx.policy.model, commit, origin, &reason, ctx.now))
}

fn image_request(ctx: SnapshotCtx<'_>, tag: &ObservedTag) -> Option<Fact> {
    Some(fact::image_requested(&ctx.policy.model, &tag.tag, tag.digest.as_ref()?, ctx.now))
}
