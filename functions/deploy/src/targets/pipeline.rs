//! A CodePipeline pipeline that deploys the version: it takes the package's ARN as a variable.

use trimtab_core::event::{Body, CodePipelineState, Event};
use trimtab_core::plan::Reason;
use trimtab_core::policy::{PipelineTarget, Stage};
use trimtab_core::port::CodePipelineRequest;
use trimtab_core::text::digest;

use super::{DeploymentTarget, Ending, EventMeaning, Finding, RolloutOutcome};
use crate::action::Action;
use crate::context::Ctx;
use crate::reason::Code;
use crate::rollout::{Phase, Progress, Resource, Rollout};
use crate::state::Queued;

impl DeploymentTarget for PipelineTarget {
    fn is_named_by(&self, _: &Stage, event: &Event) -> bool {
        matches!(&event.body, Body::CodePipelineExecution(execution) if execution.pipeline == self.name)
    }

    fn resource(&self, _: Ctx<'_>, _: &Queued, _: &Phase) -> Resource {
        Resource::Package
    }

    fn steps(&self, _: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        let request = CodePipelineRequest {
            pipeline: self.name.clone(),
            variable: self.variable.clone(),
            package: rollout.package.clone(),
            token: format!("trimtab-{}", digest(&[rollout.package.as_str(), &rollout.since.to_string()], 40)),
            since: rollout.since,
        };
        vec![Action::StartPipelineExecution { request }]
    }

    fn pending_actions(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Vec<Action> {
        if rollout.progress == Progress::Intended { self.steps(ctx, rollout) } else { Vec::new() }
    }

    fn can_end(&self, progress: &Progress) -> bool {
        matches!(progress, Progress::Intended | Progress::RunningPipeline { .. })
    }

    fn find_outcome(&self, ctx: Ctx<'_>, rollout: &Rollout) -> Option<Finding> {
        if !matches!(rollout.progress, Progress::RunningPipeline { .. }) {
            return None;
        }
        let version = rollout.version();
        let ending = match ctx.observed.pipeline.as_ref()? {
            CodePipelineState::Started
            | CodePipelineState::Resumed
            | CodePipelineState::Stopping
            | CodePipelineState::Other(_) => return None,
            CodePipelineState::Succeeded => Ending::new(
                RolloutOutcome::Live,
                Reason::new(Code::Live, format!("CodePipeline deployed version {version}")),
            ),
            _ => Ending::new(
                RolloutOutcome::Failed,
                Reason::new(
                    Code::PipelineFailed,
                    format!("pipeline {} did not deploy version {version}; see its execution", self.name),
                ),
            ),
        };
        Some(Finding::Ended(ending))
    }

    fn on_event(&self, ctx: Ctx<'_>) -> EventMeaning {
        let Body::CodePipelineExecution(event) = &ctx.event.body else {
            return EventMeaning::Ignore(Reason::new(Code::NotConcerned, "this is no event of the pipeline"));
        };
        let own = Progress::RunningPipeline { execution: event.execution.clone() };
        let Some(rollout) = ctx.state.current.as_ref().filter(|rollout| rollout.progress == own) else {
            return EventMeaning::Ignore(Reason::new(
                Code::OtherExecution,
                "this execution does not belong to the rollout in progress",
            ));
        };
        if ctx.observed.pipeline.is_none() {
            return EventMeaning::Refuse(Reason::new(
                Code::NoSuchExecution,
                "CodePipeline has no such execution: the event is forged or the execution is gone",
            ));
        }
        match self.find_outcome(ctx, rollout) {
            Some(finding) => EventMeaning::Found(finding),
            None => EventMeaning::Ignore(Reason::new(
                Code::StillRunning,
                "CodePipeline reports that the execution has not ended",
            )),
        }
    }

    fn takes_update_after_failure(&self) -> bool {
        true
    }
}
