//! The builds that `trimtab remove` must not cut off.

use trimtab_core::reactor::InFlight;

use crate::Integrate;
use crate::build::State;

impl InFlight for Integrate {
    fn in_flight(state: &State) -> Option<String> {
        Some(match state {
            State::Intended { request, .. } => format!("build of commit {}", request.commit()),
            State::Started { build, .. } => format!("build {}", build.short()),
            State::Asking { build, .. } => format!("training request of build {}", build.short()),
            State::Reporting { comment } => format!("comment on pull request {}", comment.pull_request),
            State::Unknown
            | State::Succeeded { .. }
            | State::Failed { .. }
            | State::Reviewed
            | State::Closed
            | State::Image { .. }
            | State::Watching(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::name::BuildId;

    use super::*;
    use crate::build::Built;

    #[test]
    fn build_is_in_flight_until_its_training_is_requested() {
        let build = Built::Project(
            BuildId::parse(
                "arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:8a1f0c3e-5b7d-4e2a-9c41-6f0d2b9e7a55",
            )
            .unwrap(),
        );
        let started = State::Started { build: build.clone(), since: None, late: false, merged: None };
        let asking = State::Asking { build, merged: None };
        for (state, words) in [(started, "build "), (asking, "training request of build ")] {
            let text = Integrate::in_flight(&state).unwrap();
            assert!(text.starts_with(words), "{text}");
        }
        for state in [State::Unknown, State::Succeeded { merged: None }, State::Failed { merged: None }] {
            assert_eq!(Integrate::in_flight(&state), None);
        }
    }
}
