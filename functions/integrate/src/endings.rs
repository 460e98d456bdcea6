//! How builds end: training is asked for, or people are told.

use trimtab_core::event::BuildStatus;
use trimtab_core::fact::FactKind;
use trimtab_core::name::CommitId;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::ml::BuildTruth;
use trimtab_core::react::Case;

use crate::build::{Built, MODEL_VARIABLE, State, about, with};
use crate::decide::{Action, Answer, Seen};
use crate::{definition, merge, review};

/// What the builder says of a commit's build.
pub(crate) fn on_build(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    build: &Built,
    logs: Option<&str>,
    truth: Option<&BuildTruth>,
) -> Answer {
    let Some(truth) = truth else {
        return no_such_build();
    };
    if review::of(&truth.variables).is_some() {
        return Plan::reject("other_build", "CodeBuild says that this build is of a pull request: it asks for nothing");
    }
    let Some(commit) = &truth.commit else {
        return Plan::skip("no_commit", "this build is not of one exact commit");
    };
    let named = truth.variables.get(MODEL_VARIABLE).is_some_and(|model| model == policy.model.as_str());
    if *case.state == State::Unknown && !named {
        return Plan::skip("not_ours", "somebody else started this build: it asks for nothing");
    }
    if matches!(case.state, State::Started { build: known, .. } if known != build) {
        return Plan::skip("other_build", format!("another build of {commit} was started: this one asks for nothing"));
    }
    let merged = case.state.clone().take_merge();
    match (&truth.status, case.state) {
        (BuildStatus::InProgress | BuildStatus::Other(_), _) => {
            Plan::skip("still_running", "its builder says that the build has not ended")
        }
        (BuildStatus::Succeeded, State::Succeeded { .. }) => {
            Plan::skip("already_asked", format!("training on {commit} has been asked for"))
        }
        (BuildStatus::Succeeded, _) => ask(case, policy, commit, build),
        (_, State::Failed { .. } | State::Succeeded { .. }) => {
            Plan::skip("already_handled", format!("the build of {commit} has had its answer"))
        }
        (status, _) => {
            let reason = Reason::new("build_failed", format!("the build of {commit} ended as {status}"));
            let told = about(
                FactKind::BuildFailed,
                Some(policy.model.clone()),
                commit,
                Some(build),
                vec![reason.text.clone()],
                case.now,
            );
            let told = with(told, "logs", logs.map(str::to_owned));
            let rules = policy.integrate.as_ref();
            let how = format!("ended as {status}");
            let saying = merged.as_ref().and_then(|merge| merge::saying(rules, commit, merge, &how));
            let plan = Plan::only(Decision::Acted, reason).with_state(State::Failed { merged }).telling(told);
            saying.into_iter().fold(plan, Plan::doing)
        }
    }
}

pub(crate) fn no_such_build() -> Answer {
    Plan::reject("no_such_build", "the builder knows no such build: the event is forged or the build is gone")
}

/// Asks for training on the commit, once the pipeline has the commit's definition.
pub(crate) fn ask(case: &Case<'_, State, Seen>, policy: &Policy, commit: &CommitId, build: &Built) -> Answer {
    let definition = definition::request(policy, commit);
    let merged = case.state.clone().take_merge();
    let rules = policy.integrate.as_ref();
    let saying = merged.as_ref().and_then(|merge| merge::saying(rules, commit, merge, merge::SUCCEEDED));
    if definition.is_some() && !definition::is_head(case.seen, commit) {
        let text =
            format!("no branch's head is {commit} any more: the newer commit's build defines the pipeline, and trains");
        let plan = Plan::note(State::Succeeded { merged }, "branch_moved", text);
        return saying.into_iter().fold(plan, Plan::doing);
    }
    let reason = Reason::new("built", format!("the build of {commit} succeeded"));
    let reasons = vec![reason.text.clone()];
    let model = Some(policy.model.clone());
    let fact = about(FactKind::TrainingRequested, model, commit, Some(build), reasons, case.now);
    let plan = Plan::only(Decision::Acted, reason).with_state(State::Asking { build: build.clone(), merged });
    let plan = match definition {
        Some(request) => {
            plan.doing(Action::UpdatePipeline { service: "sagemaker", model: policy.model.clone(), request })
        }
        None => plan,
    };
    let plan = plan.doing(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact });
    // Last: whatever becomes of a comment, training was asked for.
    saying.into_iter().fold(plan, Plan::doing)
}
