//! How builds end: training is asked for, or people are told.

use trimtab_core::event::BuildStatus;
use trimtab_core::fact::FactKind;
use trimtab_core::name::CommitId;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::ObservedBuild;
use trimtab_core::reactor::Context;

use crate::build::{Built, MODEL_VARIABLE, State, about, with};
use crate::decide::{Action, Answer, Observed};
use crate::{definition, merge, pull_request_build};

/// What the builder says of a commit's build.
pub(crate) fn on_build(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    build: &Built,
    logs: Option<&str>,
    actual: Option<&ObservedBuild>,
) -> Answer {
    let Some(actual) = actual else {
        return no_such_build();
    };
    if pull_request_build::of(&actual.variables).is_some() {
        return Plan::fail("other_build", "CodeBuild says that this build is of a pull request: it asks for nothing");
    }
    let Some(commit) = &actual.commit else {
        return Plan::skip("no_commit", "this build is not of one exact commit");
    };
    let named = actual.variables.get(MODEL_VARIABLE).is_some_and(|model| model == policy.model.as_str());
    if *ctx.state == State::Unknown && !named {
        return Plan::skip("not_ours", "somebody else started this build: it asks for nothing");
    }
    if matches!(ctx.state, State::Started { build: known, .. } if known != build) {
        return Plan::skip("other_build", format!("another build of {commit} was started: this one asks for nothing"));
    }
    let merged = ctx.state.clone().take_merge();
    match (&actual.status, ctx.state) {
        (BuildStatus::InProgress | BuildStatus::Other(_), _) => {
            Plan::skip("still_running", "its builder says that the build has not ended")
        }
        (BuildStatus::Succeeded, State::Succeeded { .. }) => {
            Plan::skip("already_asked", format!("training on {commit} has been asked for"))
        }
        (BuildStatus::Succeeded, _) => ask(ctx, policy, commit, build),
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
                ctx.now,
            );
            let told = with(told, "logs", logs.map(str::to_owned));
            let rules = policy.integrate.as_ref();
            let how = format!("ended as {status}");
            let saying = merged.as_ref().and_then(|merge| merge::saying(rules, commit, merge, &how));
            let plan = Plan::only(Decision::Acted, reason).with_state(State::Failed { merged }).with_fact(told);
            saying.into_iter().fold(plan, Plan::with_action)
        }
    }
}

pub(crate) fn no_such_build() -> Answer {
    Plan::fail("no_such_build", "the builder knows no such build: the event is forged or the build is gone")
}

/// Asks for training on the commit, once the pipeline has the commit's definition.
pub(crate) fn ask(ctx: &Context<'_, State, Observed>, policy: &Policy, commit: &CommitId, build: &Built) -> Answer {
    let definition = definition::request(policy, commit);
    let merged = ctx.state.clone().take_merge();
    let rules = policy.integrate.as_ref();
    let saying = merged.as_ref().and_then(|merge| merge::saying(rules, commit, merge, merge::SUCCEEDED));
    if definition.is_some() && !definition::is_head(ctx.observed, commit) {
        let text =
            format!("no branch's head is {commit} any more: the newer commit's build defines the pipeline, and trains");
        let plan = Plan::update(State::Succeeded { merged }, "branch_moved", text);
        return saying.into_iter().fold(plan, Plan::with_action);
    }
    let reason = Reason::new("built", format!("the build of {commit} succeeded"));
    let reasons = vec![reason.text.clone()];
    let model = Some(policy.model.clone());
    let fact = about(FactKind::TrainingRequested, model, commit, Some(build), reasons, ctx.now);
    let plan = Plan::only(Decision::Acted, reason).with_state(State::Asking { build: build.clone(), merged });
    let plan = match definition {
        Some(request) => {
            plan.with_action(Action::UpdatePipeline { service: "sagemaker", model: policy.model.clone(), request })
        }
        None => plan,
    };
    let plan = plan.with_action(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact });
    // Last: whatever becomes of a comment, training was asked for.
    saying.into_iter().fold(plan, Plan::with_action)
}
