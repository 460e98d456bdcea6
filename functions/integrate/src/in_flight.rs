//! The builds that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Integrate;
use crate::state::{BuildPhase, PullRequestBuild, State};

impl InFlight for Integrate {
    fn in_flight(state: &State) -> Option<String> {
        match state {
            State::CommitBuild(build) => match &build.phase {
                BuildPhase::Starting { .. } => Some(format!("build of commit {}", build.commit)),
                BuildPhase::Running { build, .. } => Some(format!("build {}", build.short())),
                BuildPhase::UpdatingPipeline { build } => Some(format!("training request of build {}", build.short())),
                BuildPhase::Succeeded | BuildPhase::Failed | BuildPhase::StartRefused => None,
            },
            State::PullRequestBuild(PullRequestBuild::Starting { .. }) => Some("build of a pull request".to_owned()),
            State::PullRequestBuild(PullRequestBuild::Running { build }) => Some(format!("build {}", build.short())),
            State::PullRequestBuild(PullRequestBuild::Commenting { comment }) => {
                Some(format!("comment on pull request {}", comment.pull_request))
            }
            State::PullRequestBuild(_) | State::Empty | State::TrainingImage(_) | State::BranchSnapshot(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::name::{BuildId, CommitId};

    use super::*;
    use crate::build::BuildRef;
    use crate::state::CommitBuild;

    #[test]
    fn build_is_in_flight_until_its_training_is_requested() {
        let build = BuildRef::Codebuild(
            BuildId::parse(
                "arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:8a1f0c3e-5b7d-4e2a-9c41-6f0d2b9e7a55",
            )
            .unwrap(),
        );
        let in_flight = |phase| {
            let commit = CommitId::parse("8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190").unwrap();
            Integrate::in_flight(&State::CommitBuild(CommitBuild { commit, merge: None, phase }))
        };
        let running = BuildPhase::Running { build: build.clone(), started_at: None, deadline_reported: false };
        let updating = BuildPhase::UpdatingPipeline { build };
        for (phase, words) in [(running, "build "), (updating, "training request of build ")] {
            let text = in_flight(phase).unwrap();
            assert!(text.starts_with(words), "{text}");
        }
        assert_eq!((in_flight(BuildPhase::Succeeded), in_flight(BuildPhase::Failed)), (None, None));
        assert_eq!(Integrate::in_flight(&State::Empty), None);
    }
}
