//! What is next for one kind of drift: how what the policy asks for comes to be from what is there.
//!
//! It is decided from what AWS says, not from how far the suite remembers to have come: whoever died
//! half-way, the next event does what is still missing.

use trimtab_core::event::{DriftKind, EndpointStatus};
use trimtab_core::fact::FactKind;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::policy::monitor::{alarm_name, schedule_name};
use trimtab_core::port::{
    Baseline, BaselineRequest, JobDefinition, ObservedBaseline, ObservedSchedule, ScheduleStatus,
};
use trimtab_core::text::digest;

use crate::decide::{Action, Answer, Asked};
use crate::desired_state::{Goal, mark};
use crate::state::{Placed, State, Watch};

const SAGEMAKER: &str = "sagemaker";
const CLOUDWATCH: &str = "cloudwatch";

pub(crate) fn kind(ctx: &Asked<'_>, policy: &Policy, kind: DriftKind) -> Answer {
    let Some(goal) = Goal::of(policy, kind) else { return take_down(ctx, kind) };
    let Some(served) = ctx.observed.served.as_ref().filter(|served| served.status == EndpointStatus::InService) else {
        return Plan::skip("not_in_service", "the endpoint is not in service: its next event is waited for");
    };
    let Some(package) = &served.package else {
        return Plan::skip("not_of_the_registry", "the endpoint serves no version of the registry");
    };
    if !served.captures {
        return Plan::skip("blind", "the endpoint's configuration keeps nothing of its traffic");
    }
    let fresh = || Watch::new(goal.model, goal.endpoint, kind);
    let mut watch = ctx.state.watch.clone().unwrap_or_else(fresh);
    (watch.version, watch.ending) = (package.version(), false);
    if let Some(baseline) = &ctx.observed.baseline {
        return place(ctx, goal, watch, baseline);
    }
    let Some(request) = goal.baseline_request(package) else {
        let text = format!(
            "version {} is not watched for drift of {kind}: the registry has no baseline for it, and the policy names no data set to compute one from",
            watch.version
        );
        return failed(ctx, watch, "no_baseline", text);
    };
    match &ctx.observed.job {
        None => compute(watch, request),
        Some(ObservedBaseline::Running) => {
            Plan::skip("computing", format!("{} computes the baseline for drift of {kind}", request.name))
        }
        Some(ObservedBaseline::Failed(cause)) => {
            let text = format!("{} left no baseline for drift of {kind}: {cause}", request.name);
            failed(ctx, watch, "baseline_failed", text)
        }
        Some(ObservedBaseline::Completed) => match goal.computed(&request) {
            Some(baseline) => place(ctx, goal, watch, &baseline),
            None => failed(ctx, watch, "no_place", "the place of the baseline cannot be written as one".to_owned()),
        },
    }
}

/// The baseline is computed by a job; its end is an event.
fn compute(watch: Watch, request: BaselineRequest) -> Answer {
    let text = format!(
        "the registry has no baseline of version {} for drift of {}: one is computed",
        watch.version, watch.kind
    );
    let plan = Plan::only(Decision::Acted, Reason::new("no_baseline_yet", text));
    plan.with_state(kept(watch)).with_action(Action::CreateProcessingJob { service: SAGEMAKER, request })
}

/// There is a baseline: definition, schedule and alarm come to be as they shall be.
fn place(ctx: &Asked<'_>, goal: Goal<'_>, mut watch: Watch, baseline: &Baseline) -> Answer {
    let (Some(definition), Some(alarm)) = (goal.definition(baseline), goal.alarm()) else {
        let text = format!(
            "version {} is not watched for drift of {}: neither the registry nor the policy has Clarify's configuration for it",
            watch.version, watch.kind
        );
        return failed(ctx, watch, "no_configuration", text);
    };
    let request = goal.schedule_request(&definition.name);
    let there = ctx.observed.schedule.as_ref();
    let has = |actual: &ObservedSchedule| {
        actual.definition.as_ref() == Some(&request.definition)
            && actual.expression.as_ref() == Some(&request.expression)
    };
    let scheduled = there.is_some_and(has);
    match there.map(|actual| (actual.status, actual.failure.as_deref())) {
        Some((ScheduleStatus::Pending, _)) if !scheduled => {
            let text = format!("schedule {} is being changed: the next look changes it", request.name);
            return Plan::only(Decision::Deferred, Reason::new("pending", text));
        }
        Some((ScheduleStatus::Failed, cause)) if scheduled => {
            let text = format!("schedule {} failed: {}", request.name, cause.unwrap_or("SageMaker gives no reason"));
            return failed(ctx, watch, "schedule_failed", text);
        }
        _ => {}
    }
    let placed = Placed {
        definition: definition.name.clone(),
        expression: request.expression.clone(),
        alarm: mark(&alarm),
        constraints: baseline.constraints.clone(),
    };
    let same_alarm = watch.goal.as_ref().is_some_and(|goal| goal.alarm == placed.alarm);
    let armed = watch.armed && same_alarm && ctx.observed.alarm;
    supersede(&mut watch, there, &definition);
    let mut actions = Vec::new();
    if !scheduled {
        let service = SAGEMAKER;
        actions.push(Action::CreateJobDefinition { service, definition });
        actions.push(match there {
            None => Action::CreateMonitoringSchedule { service, request },
            Some(_) => Action::UpdateMonitoringSchedule { service, request },
        });
    }
    if !armed {
        actions.push(Action::PutMetricAlarm { service: CLOUDWATCH, request: alarm });
    }
    (watch.goal, watch.scheduled, watch.armed) = (Some(placed), scheduled, armed);
    actions.extend(removals(&watch));
    placing(ctx, watch, actions)
}

/// What is missing is done; where nothing is, that is told once.
fn placing(ctx: &Asked<'_>, mut watch: Watch, actions: Vec<Action>) -> Answer {
    let (version, kind) = (watch.version, watch.kind);
    if !actions.is_empty() {
        let reason = Reason::new("to_be_watched", format!("version {version} is to be watched for drift of {kind}"));
        return Plan { actions, ..Plan::only(Decision::Acted, reason) }.with_state(kept(watch));
    }
    let text = format!("version {version} is watched for drift of {kind}");
    if watch.is_news() {
        let told = watch.tell_placed(ctx.now);
        return Plan::update(kept(watch), "placed", text).with_fact(told);
    }
    Plan::skip("in_place", text)
}

/// The definitions of the suite's own that the schedule had before.
fn supersede(watch: &mut Watch, there: Option<&ObservedSchedule>, definition: &JobDefinition) {
    let before = watch.goal.take().map(|goal| goal.definition);
    let in_use = there.and_then(|actual| actual.definition.clone());
    let family = format!("{}-", schedule_name(&watch.model, watch.kind));
    watch.superseded.extend(before.into_iter().chain(in_use).filter(|name| name.starts_with(&family)));
    watch.superseded.remove(&definition.name);
}

fn removals(watch: &Watch) -> Vec<Action> {
    let schedule = schedule_name(&watch.model, watch.kind);
    let remove = |name: &String| Action::DeleteJobDefinition {
        service: SAGEMAKER,
        kind: watch.kind,
        name: name.clone(),
        schedule: schedule.clone(),
    };
    watch.superseded.iter().map(remove).collect()
}

/// The policy no longer asks for this kind.
fn take_down(ctx: &Asked<'_>, kind: DriftKind) -> Answer {
    let Some(mut watch) = ctx.state.watch.clone() else {
        return Plan::skip("not_asked_for", format!("the policy does not ask for drift of {kind}"));
    };
    watch.ending = true;
    watch.superseded.extend(watch.goal.take().map(|goal| goal.definition));
    let mut actions = Vec::new();
    if ctx.observed.schedule.is_some() {
        let name = schedule_name(&watch.model, kind);
        actions.push(Action::DeleteMonitoringSchedule { service: SAGEMAKER, name });
    }
    if let (true, Ok(name)) = (ctx.observed.alarm, AlarmName::parse(&alarm_name(&watch.endpoint, kind))) {
        actions.push(Action::DeleteAlarms { service: CLOUDWATCH, name });
    }
    actions.extend(removals(&watch));
    let text = format!("the policy no longer asks for drift of {kind}: its schedule and alarm go");
    if actions.is_empty() {
        let told = watch.tell_ended(ctx.now);
        return Plan::update(State::default(), "ended", text).with_fact(told);
    }
    Plan { actions, ..Plan::only(Decision::Acted, Reason::new("no_longer_asked_for", text)) }.with_state(kept(watch))
}

/// What keeps a version from being watched is told once.
fn failed(ctx: &Asked<'_>, mut watch: Watch, code: &'static str, text: String) -> Answer {
    let about = digest(&[&watch.version.to_string(), &text], 8);
    if watch.failed.as_ref() == Some(&about) {
        return Plan::skip("told", text);
    }
    watch.failed = Some(about.clone());
    let reason = Reason::new(code, text);
    let told = watch.tell(FactKind::MonitoringFailed, &about, reason.text.clone(), ctx.now);
    Plan::only(Decision::Acted, reason).with_state(kept(watch)).with_fact(told)
}

fn kept(watch: Watch) -> State {
    State { watch: Some(watch), ..State::default() }
}
