//! How runs end, in whichever engine: the incident is closed, and who waited gets a run.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event, RunStatus, StateMachineExecution};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{CodePipelineRunId, RunId, TRAINING};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed, open, tell};
use crate::incident::{Incident, State, Trigger};
use crate::rate_limits::{limit, skipped};

/// What an event says of a run.
pub(crate) struct Ended {
    /// The run.
    pub run: RunId,
    /// What it was called when it was started, where its engine says so.
    pub name: Option<String>,
    /// How it stands.
    pub status: RunStatus,
}

impl Ended {
    /// What this event says of a run; `None` where it is about something else.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match &event.body {
            Body::PipelineExecution(run) => Some(Self {
                run: RunId::Pipeline(run.arn.clone()),
                name: run.display_name.clone(),
                status: run.status.clone(),
            }),
            Body::StateMachineExecution(execution) if trains(execution) => Some(Self {
                run: RunId::Execution(execution.execution_arn.clone()),
                name: Some(execution.execution_arn.name().to_owned()),
                status: RunStatus::from(&execution.status),
            }),
            Body::CodePipelineExecution(delivery) => Some(Self {
                run: RunId::CodePipeline(
                    delivery.pipeline.clone(),
                    CodePipelineRunId::parse(&delivery.execution).ok()?,
                ),
                name: None,
                status: RunStatus::from(&delivery.state),
            }),
            _ => None,
        }
    }

    /// Whether it is the run of this incident.
    pub(crate) fn is_of(&self, incident: &Incident) -> bool {
        incident.run.as_ref().map_or(self.name.as_deref() == Some(&incident.id), |known| *known == self.run)
    }
}

/// Whether it is an execution that the suite could have started to train.
pub(crate) fn trains(execution: &StateMachineExecution) -> bool {
    execution.state_machine_arn.name().ends_with(TRAINING) && Incident::is_id(execution.execution_arn.name())
}

/// A run changed its status.
pub(crate) fn on_run(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits, about: &Ended) -> Answer {
    let Some(incident) = &ctx.state.incident else {
        return Plan::skip(
            "no_incident",
            format!("no incident of {} is open: this run is not answered for here", policy.model),
        );
    };
    if !about.is_of(incident) {
        return Plan::skip("other_run", format!("this run does not belong to the open incident {}", incident.id));
    }
    let engine = incident.request.engine.name();
    match &ctx.observed.run {
        None => {
            let text = format!("{engine} knows no such run: the event is forged or the run is gone");
            Plan::fail("no_such_run", text)
        }
        Some(status) => close(ctx, policy, limits, incident, &about.run, status)
            .unwrap_or_else(|| Plan::skip("still_running", format!("{engine} says that the run has not ended"))),
    }
}

/// The open incident's run has ended, and nobody heard the event that said so.
pub(crate) fn unheard(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits) -> Option<Answer> {
    let incident = ctx.state.incident.as_ref()?;
    let run = incident.run.as_ref()?;
    close(ctx, policy, limits, incident, run, ctx.observed.open.as_ref()?)
}

/// Closes the incident if its run has ended.
fn close(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    limits: &Limits,
    incident: &Incident,
    run: &RunId,
    status: &RunStatus,
) -> Option<Answer> {
    let (kind, word) = match status {
        RunStatus::Succeeded => (FactKind::TrainingSucceeded, "succeeded"),
        RunStatus::Failed | RunStatus::Stopped => (FactKind::TrainingFailed, "did not succeed"),
        _ => return None,
    };
    let reason = Reason::new("run_ended", format!("the run of {} {word}", incident.id));
    let told = tell(kind, incident, Some(run), ctx.now, std::slice::from_ref(&reason.text));
    let mut state = State { incident: None, ended: Some(ctx.now), ..ctx.state.clone() };
    Some(next(state.waiting.take(), state, policy, limits, reason, told, ctx.now))
}

/// A commit, or a person, that waited gets a run now, if the budget still allows.
fn next(
    waiting: Option<Trigger>,
    mut state: State,
    policy: &Policy,
    limits: &Limits,
    ended: Reason,
    told: Fact,
    now: Timestamp,
) -> Answer {
    let mut plan = match waiting {
        None => Plan::only(Decision::Acted, ended).with_state(state),
        Some(trigger) => match limit(&state, limits, &trigger, now) {
            None => {
                let mut plan = open(state, policy, limits, trigger, now);
                plan.reasons.insert(0, ended);
                plan
            }
            Some(reason) => {
                state.remember(&trigger, reason.code, now);
                let skip = skipped(policy, &state, &trigger, &reason, now);
                let mut plan = Plan::only(Decision::Acted, ended).with_state(state).with_fact(skip);
                plan.reasons.push(reason);
                plan
            }
        },
    };
    plan.facts.insert(0, told);
    plan
}
