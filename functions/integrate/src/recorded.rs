//! The records of other aggregates, as a reconcile reads them. Nothing else in `integrate` reads another aggregate.
//!
//! A decision otherwise knows one aggregate. A reconcile compares branches, pull requests and tags with the builds and
//! the image that the ledger has for them. Without these records it would request every head at every reconcile, and
//! each request costs calls to CodeCommit and CodeBuild. A record may be outdated when the decision is made. That is
//! safe: the reconcile only requests, and the requested aggregate is decided under its own fence.

use trimtab_core::failure::Failure;
use trimtab_core::name::{CommitId, ModelName, PullRequestId};
use trimtab_core::port::{AggregateId, Ledger, PortResult};

use crate::incoming::Aggregate;
use crate::observation::RecordedBuild;
use crate::state::{BuildPhase, CommitBuild, PullRequestBuild, State, TrainingImage};

/// The ledger's records of one model.
#[derive(Debug)]
pub(crate) struct Recorded<'a, L> {
    pub(crate) ledger: &'a L,
    pub(crate) model: &'a ModelName,
}

impl<L: Ledger> Recorded<'_, L> {
    async fn state(&self, aggregate: &Aggregate) -> PortResult<State> {
        let id = AggregateId { owner: self.model.to_string(), name: aggregate.to_string() };
        match self.ledger.load(&id).await?.state {
            None => Ok(State::Empty),
            // A record that this version cannot read may be readable to the version that is being deployed.
            Some(value) => {
                serde_json::from_value(value).map_err(|error| Failure::transient("ledger:read", error.to_string()))
            }
        }
    }

    pub(crate) async fn build(&self, aggregate: &Aggregate) -> PortResult<RecordedBuild> {
        Ok(match self.state(aggregate).await? {
            State::CommitBuild(build) => commit_build(&build),
            State::PullRequestBuild(build) => pull_request_build(&build),
            State::Empty | State::TrainingImage(_) | State::BranchSnapshot(_) => RecordedBuild::Unknown,
        })
    }

    /// Whether the merge commit's build has this pull request.
    pub(crate) async fn has_merge(&self, commit: &CommitId, pull_request: &PullRequestId) -> PortResult<bool> {
        let state = self.state(&Aggregate::CommitBuild(Some(commit.clone()))).await?;
        let State::CommitBuild(CommitBuild { merge: Some(merge), .. }) = state else { return Ok(false) };
        Ok(merge.pull_request == *pull_request)
    }

    pub(crate) async fn image(&self) -> PortResult<Option<TrainingImage>> {
        match self.state(&Aggregate::TrainingImage).await? {
            State::TrainingImage(image) => Ok(Some(image)),
            _ => Ok(None),
        }
    }
}

fn commit_build(build: &CommitBuild) -> RecordedBuild {
    let has_comment_due = build.merge.as_ref().is_some_and(|merge| !merge.commented);
    match build.phase {
        BuildPhase::Succeeded | BuildPhase::Failed | BuildPhase::StartRefused if !has_comment_due => {
            RecordedBuild::Done
        }
        _ => RecordedBuild::Open,
    }
}

fn pull_request_build(build: &PullRequestBuild) -> RecordedBuild {
    match build {
        PullRequestBuild::Commented | PullRequestBuild::StartRefused | PullRequestBuild::Closed => RecordedBuild::Done,
        PullRequestBuild::Starting { .. } | PullRequestBuild::Running { .. } | PullRequestBuild::Commenting { .. } => {
            RecordedBuild::Open
        }
    }
}
