//! An execution of the CodePipeline pipeline that builds. It requests that its commit's build is decided.

use trimtab_core::event::{BuildStatus, CodePipelineExecution};
use trimtab_core::name::PipelineBuildId;
use trimtab_core::plan::{Decision, Reason};

use crate::action::Plan;
use crate::context::ExecutionCtx;
use crate::fact::{self, CommitOrigin};
use crate::reason::Code;

/// An execution changed its state.
pub(crate) fn on_execution(ctx: ExecutionCtx<'_>, event: &CodePipelineExecution) -> Plan {
    let execution = PipelineBuildId::parse(&event.execution).ok();
    let Some((observed, execution)) = ctx.observed.zip(execution) else {
        let text = "CodePipeline does not know this execution: the event is forged, or the execution is too old";
        return Plan::fail(Code::NoSuchExecution, text);
    };
    let Some(commit) = &observed.commit else {
        return Plan::skip(
            Code::NotStartedByTrimtab,
            "this execution has no commit in its variable: Trimtab did not start it",
        );
    };
    if observed.status == BuildStatus::InProgress {
        return Plan::skip(Code::StillRunning, "CodePipeline reports that the execution has not ended");
    }
    let text = format!("the execution that builds {commit} has ended: its build is decided now");
    let origin = CommitOrigin::Execution(&execution);
    let fact = fact::build_requested(&ctx.policy.model, commit, origin, &text, ctx.now);
    Plan::only(Decision::Acted, Reason::new(Code::Executed, text)).with_fact(fact)
}
