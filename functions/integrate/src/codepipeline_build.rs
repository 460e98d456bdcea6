//! CodePipeline as the builder: the end of an execution, and what it says as a build.
//!
//! Its event names no commit. So whoever hears it asks CodePipeline for the commit, and asks the bus
//! to look at that commit's build, which is an aggregate of its own.

use trimtab_core::event::{BuildStatus, CodePipelineExecution, CodePipelineState};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::ObservedBuild;
use trimtab_core::port::ObservedPipelineBuild;
use trimtab_core::reactor::Context;

use crate::build::{State, about, with};
use crate::decide::{Answer, Observed};

/// The aggregate of an execution: it keeps nothing.
pub(crate) fn aggregate(execution: &str) -> String {
    format!("execution#{execution}")
}

/// An execution's commit is not in its event.
pub(crate) fn preview(delivery: &CodePipelineExecution) -> Option<ObservedPipelineBuild> {
    Some(ObservedPipelineBuild { state: delivery.state.clone(), commit: None })
}

/// The execution, told as a build. What a newer one took the place of was stopped.
pub(crate) fn as_build(actual: ObservedPipelineBuild) -> ObservedBuild {
    let status = match actual.state {
        CodePipelineState::Succeeded => BuildStatus::Succeeded,
        CodePipelineState::Failed => BuildStatus::Failed,
        CodePipelineState::Stopped | CodePipelineState::Superseded | CodePipelineState::Canceled => {
            BuildStatus::Stopped
        }
        _ => BuildStatus::InProgress,
    };
    ObservedBuild { status, commit: actual.commit, variables: std::collections::BTreeMap::new() }
}

/// An execution of the pipeline that builds has ended.
pub(crate) fn on_execution(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    delivery: &CodePipelineExecution,
    actual: Option<&ObservedPipelineBuild>,
) -> Answer {
    let Some(actual) = actual else {
        return Plan::fail(
            "no_such_execution",
            "CodePipeline knows no such execution: the event is forged or the execution is gone",
        );
    };
    let Some(commit) = &actual.commit else {
        return Plan::skip("not_ours", "this execution carries no commit: somebody else started it");
    };
    if as_build(actual.clone()).status == BuildStatus::InProgress {
        return Plan::skip("still_running", "CodePipeline says that the execution has not ended");
    }
    let reason = Reason::new("executed", format!("the execution that builds {commit} has ended: looking at its build"));
    let model = Some(policy.model.clone());
    let fact = about(FactKind::BuildRequested, model, commit, None, vec![reason.text.clone()], ctx.now);
    let fact = with(fact, "execution", Some(delivery.execution.clone()));
    Plan::only(Decision::Acted, reason).with_fact(fact)
}
