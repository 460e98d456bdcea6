//! The context of a decision, built once for each event.

use jiff::Timestamp;
use trimtab_core::event::Event;
use trimtab_core::name::{BranchName, CommitId, ImageUri};
use trimtab_core::policy::{Integrate, Policy};
use trimtab_core::port::{ObservedBuild, ObservedPullRequest};

use crate::action::Plan;
use crate::observation::{Observed, ObservedCommit, ObservedProposal, Snapshot};
use crate::reason::Code;
use crate::state::{BranchSnapshot, CommitBuild, PullRequestBuild, State, TrainingImage};

/// What a decision knows. `S` is the aggregate's state, `O` its observed state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a, S, O> {
    pub(crate) event: &'a Event,
    pub(crate) policy: &'a Policy,
    /// The policy's `[integrate]`.
    pub(crate) integrate: &'a Integrate,
    pub(crate) state: S,
    pub(crate) observed: O,
    pub(crate) now: Timestamp,
}

/// The context of an aggregate; `None` if nothing is recorded of it.
type Typed<'a, S, O> = Ctx<'a, Option<&'a S>, O>;

pub(crate) type AnyCtx<'a> = Ctx<'a, &'a State, &'a Observed>;
pub(crate) type CommitCtx<'a> = Typed<'a, CommitBuild, &'a ObservedCommit>;
pub(crate) type PullRequestCtx<'a> = Typed<'a, PullRequestBuild, &'a ObservedProposal>;
pub(crate) type ImageCtx<'a> = Typed<'a, TrainingImage, Option<&'a ImageUri>>;
pub(crate) type BranchCtx<'a> = Typed<'a, BranchSnapshot, Option<&'a CommitId>>;
pub(crate) type SnapshotCtx<'a> = Typed<'a, BranchSnapshot, &'a Snapshot>;
pub(crate) type ExecutionCtx<'a> = Ctx<'a, (), Option<&'a ObservedBuild>>;
pub(crate) type MergeCtx<'a> = Ctx<'a, (), Option<&'a ObservedPullRequest>>;

impl<S, O> Ctx<'_, S, O> {
    pub(crate) fn is_configured(&self, branch: &BranchName) -> bool {
        self.integrate.branches.contains(branch)
    }
}

/// The record or the observed state is of another kind than the event's aggregate.
///
/// Only a defect leads here. A permanent failure reports it; a skip would lose the event unnoticed.
#[derive(Debug)]
pub(crate) struct Mismatch(&'static str);

impl Mismatch {
    pub(crate) fn plan(self) -> Plan {
        let text = format!("{}: Trimtab has a defect; the event is dead-lettered, redrive it after an upgrade", self.0);
        Plan::fail(Code::UnexpectedState, text)
    }
}

const OTHER_OBSERVATION: Mismatch = Mismatch("the observed state does not fit the event");
const OTHER_STATE: Mismatch = Mismatch("the aggregate's record is of another kind than the event");

impl<'a> AnyCtx<'a> {
    fn with<S, O>(self, state: S, observed: O) -> Ctx<'a, S, O> {
        let Ctx { event, policy, integrate, now, .. } = self;
        Ctx { event, policy, integrate, state, observed, now }
    }

    pub(crate) fn commit_build(self) -> Result<CommitCtx<'a>, Mismatch> {
        let Observed::Commit(observed) = self.observed else { return Err(OTHER_OBSERVATION) };
        match self.state {
            State::Empty => Ok(self.with(None, observed)),
            State::CommitBuild(build) => Ok(self.with(Some(build), observed)),
            _ => Err(OTHER_STATE),
        }
    }

    pub(crate) fn pull_request_build(self) -> Result<PullRequestCtx<'a>, Mismatch> {
        let Observed::PullRequest(observed) = self.observed else { return Err(OTHER_OBSERVATION) };
        match self.state {
            State::Empty => Ok(self.with(None, observed)),
            State::PullRequestBuild(build) => Ok(self.with(Some(build), observed)),
            _ => Err(OTHER_STATE),
        }
    }

    pub(crate) fn training_image(self) -> Result<ImageCtx<'a>, Mismatch> {
        let Observed::Image(observed) = self.observed else { return Err(OTHER_OBSERVATION) };
        match self.state {
            State::Empty => Ok(self.with(None, observed.as_ref())),
            State::TrainingImage(image) => Ok(self.with(Some(image), observed.as_ref())),
            _ => Err(OTHER_STATE),
        }
    }

    /// For an event that reports the deletion of a branch.
    pub(crate) fn branch(self) -> Result<BranchCtx<'a>, Mismatch> {
        let Observed::Branch(head) = self.observed else { return Err(OTHER_OBSERVATION) };
        Ok(self.with(self.snapshot_state()?, head.as_ref()))
    }

    /// For a reconcile.
    pub(crate) fn snapshot(self) -> Result<SnapshotCtx<'a>, Mismatch> {
        let Observed::Snapshot(snapshot) = self.observed else { return Err(OTHER_OBSERVATION) };
        Ok(self.with(self.snapshot_state()?, snapshot))
    }

    /// A snapshot of another repository counts as none: the policy has a new repository since.
    fn snapshot_state(self) -> Result<Option<&'a BranchSnapshot>, Mismatch> {
        match self.state {
            State::Empty => Ok(None),
            State::BranchSnapshot(snapshot) => Ok(Some(snapshot).filter(|snapshot| snapshot.is_of(self.integrate))),
            _ => Err(OTHER_STATE),
        }
    }

    pub(crate) fn execution(self) -> Result<ExecutionCtx<'a>, Mismatch> {
        let Observed::Execution(observed) = self.observed else { return Err(OTHER_OBSERVATION) };
        Ok(self.with((), observed.as_ref()))
    }

    pub(crate) fn merge(self) -> Result<MergeCtx<'a>, Mismatch> {
        let Observed::Merge(observed) = self.observed else { return Err(OTHER_OBSERVATION) };
        Ok(self.with((), observed.as_ref()))
    }
}
