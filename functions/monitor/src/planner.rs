//! The control flow: which kinds are compared with the policy, and the next step for each.
//!
//! A step is derived from what AWS reports, and not from how far an earlier invocation came. If one dies half-way, the
//! next event makes the calls that are still missing.

use jiff::Timestamp;
use trimtab_core::event::{Body, DriftKind, EndpointStatus, Event};
use trimtab_core::fact::Fact;
use trimtab_core::name::AlarmName;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::policy::monitor::{Monitor, alarm_name, schedule_name};
use trimtab_core::port::{
    Baseline, BaselineRequest, JobDefinition, ObservedBaseline, ObservedSchedule, ScheduleStatus,
};

use crate::action::Action;
use crate::desired_state::{DesiredState, fingerprint};
use crate::kind::KINDS;
use crate::observation::Observed;
use crate::reason::Code;
use crate::state::{Configuration, ModelState, Monitoring, State};
use crate::{fact, subject};

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// What a decision knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) event: &'a Event,
    pub(crate) policy: &'a Policy,
    /// The policy's `[monitor]`.
    pub(crate) rules: &'a Monitor,
    pub(crate) state: &'a State,
    pub(crate) observed: &'a Observed,
    pub(crate) now: Timestamp,
}

pub(crate) fn plan(ctx: Ctx<'_>) -> Plan {
    if let Some(kind) = subject::kind(ctx.event) {
        return reconcile(ctx, kind);
    }
    if matches!(ctx.event.body, Body::Endpoint(_)) || ctx.event.is_reconcile_request() {
        return request_each_kind(ctx);
    }
    Plan::skip(Code::NotConcerned, "the event is not about monitoring")
}

/// Requests that each kind is compared with the policy. Kinds that the policy does not have are included: an earlier
/// policy may have had them.
fn request_each_kind(ctx: Ctx<'_>) -> Plan {
    let Some(served) = &ctx.observed.served else {
        return Plan::skip(Code::NoSuchEndpoint, "the endpoint does not exist: there is nothing to monitor");
    };
    if served.status != EndpointStatus::InService {
        return Plan::skip(Code::NotInService, format!("the status of the endpoint is {}", served.status));
    }
    let model = &ctx.policy.model;
    let request = |kind| fact::monitoring_requested(model, kind, served.package.as_ref(), ctx.now);
    let facts: Vec<Fact> = KINDS.into_iter().map(request).collect();
    let text = format!("{} kinds of drift of {model} are compared with the policy", facts.len());
    let mut plan = Plan { facts, ..Plan::skip(Code::MonitoringRequested, text) };
    let before = ctx.state.model();
    let mut after = before.clone();
    if served.captures || ctx.rules.kinds().is_empty() {
        after.without_capture = None;
    } else if after.without_capture.as_ref() != Some(&served.config) {
        report_missing_capture(ctx, &served.config, &mut after, &mut plan);
    }
    if after == before { plan } else { plan.with_state(State::Model(after)) }
}

fn report_missing_capture(ctx: Ctx<'_>, config: &str, model: &mut ModelState, plan: &mut Plan) {
    model.without_capture = Some(config.to_owned());
    model.reports = model.reports.saturating_add(1);
    let text = "the endpoint's configuration captures no data: monitoring starts with the next rollout";
    let reason = Reason::new(Code::DataCaptureMissing, text);
    let fact = fact::data_capture_missing(&ctx.policy.model, config, model.reports, &reason.text, ctx.now);
    plan.reasons.insert(0, reason);
    plan.facts.insert(0, fact);
    plan.decision = Decision::Acted;
}

/// Compares one kind with the policy.
fn reconcile(ctx: Ctx<'_>, kind: DriftKind) -> Plan {
    let Some(desired) = DesiredState::of(ctx.policy, kind) else { return remove(ctx, kind) };
    let Some(served) = ctx.observed.served.as_ref().filter(|served| served.status == EndpointStatus::InService) else {
        return Plan::skip(Code::NotInService, "the endpoint is not in service: its next state change is handled");
    };
    let Some(package) = &served.package else {
        return Plan::skip(Code::NotOfTheRegistry, "the endpoint serves a model that is not from the Model Registry");
    };
    if !served.captures {
        return Plan::skip(Code::DataCaptureMissing, "the endpoint's configuration captures no data");
    }
    let known = ctx.state.monitoring().cloned();
    let mut monitoring = known.unwrap_or_else(|| Monitoring::new(desired.model, desired.endpoint, kind));
    monitoring.version = package.version();
    monitoring.removing = false;
    if let Some(baseline) = &ctx.observed.baseline {
        return apply(ctx, desired, monitoring, baseline);
    }
    let Some(request) = desired.baseline_request(package) else {
        let text = format!(
            "version {} is not monitored for {kind} drift: the Model Registry has no baseline of it, and monitor.baseline is not set",
            monitoring.version
        );
        return fail(ctx, monitoring, Code::NoBaseline, text);
    };
    match &ctx.observed.job {
        None => compute_baseline(monitoring, request),
        Some(ObservedBaseline::Running) => {
            Plan::skip(Code::Computing, format!("{} computes the baseline for {kind} drift", request.name))
        }
        Some(ObservedBaseline::Failed(cause)) => {
            let text = format!("{kind} drift is not monitored: baseline job {} failed: {cause}", request.name);
            fail(ctx, monitoring, Code::BaselineFailed, text)
        }
        Some(ObservedBaseline::Completed) => match desired.computed(&request) {
            Some(baseline) => apply(ctx, desired, monitoring, &baseline),
            None => {
                let text = format!("{kind} drift is not monitored: the location of its baseline is no valid S3 URI");
                fail(ctx, monitoring, Code::InvalidBaselineLocation, text)
            }
        },
    }
}

/// Starts the job that computes the baseline. Its end is an event.
fn compute_baseline(monitoring: Monitoring, request: BaselineRequest) -> Plan {
    let Monitoring { version, kind, .. } = monitoring;
    let text = format!("the Model Registry has no baseline of version {version} for {kind} drift: computing it");
    Plan::only(Decision::Acted, Reason::new(Code::NoBaselineYet, text))
        .with_state(State::Kind(monitoring))
        .with_action(Action::CreateProcessingJob(request))
}

/// There is a baseline: definition, schedule and alarm are made as desired.
fn apply(ctx: Ctx<'_>, desired: DesiredState<'_>, mut monitoring: Monitoring, baseline: &Baseline) -> Plan {
    let Monitoring { version, kind, .. } = monitoring;
    let (Some(definition), Some(alarm)) = (desired.definition(baseline), desired.alarm()) else {
        let text = format!(
            "version {version} is not monitored for {kind} drift: neither the Model Registry nor the policy has Clarify's configuration"
        );
        return fail(ctx, monitoring, Code::NoConfiguration, text);
    };
    let request = desired.schedule_request(&definition.name);
    let observed = ctx.observed.schedule.as_ref();
    let scheduled = observed.is_some_and(|schedule| {
        schedule.definition.as_ref() == Some(&request.definition)
            && schedule.expression.as_ref() == Some(&request.expression)
    });
    match observed.map(|schedule| (schedule.status, schedule.failure.as_deref())) {
        Some((ScheduleStatus::Pending, _)) if !scheduled => {
            let text = format!("schedule {} is being changed: the next reconcile changes it", request.name);
            return Plan::only(Decision::Deferred, Reason::new(Code::Pending, text));
        }
        Some((ScheduleStatus::Failed, cause)) if scheduled => {
            let text = format!("schedule {} failed: {}", request.name, cause.unwrap_or("SageMaker gives no reason"));
            return fail(ctx, monitoring, Code::ScheduleFailed, text);
        }
        _ => {}
    }
    let configuration = Configuration {
        definition: definition.name.clone(),
        expression: request.expression.clone(),
        alarm: fingerprint(&alarm),
        constraints: baseline.constraints.clone(),
    };
    let same_alarm = monitoring.desired.as_ref().is_some_and(|known| known.alarm == configuration.alarm);
    // The alarm's content is not observed: only that it exists, and that it was put with this content.
    let alarm_set = monitoring.alarm_set && same_alarm && ctx.observed.alarm;
    supersede(&mut monitoring, observed, &definition);
    let mut actions = Vec::new();
    if !scheduled {
        actions.push(Action::CreateJobDefinition(definition));
        actions.push(match observed {
            None => Action::CreateMonitoringSchedule(request),
            Some(_) => Action::UpdateMonitoringSchedule(request),
        });
    }
    if !alarm_set {
        actions.push(Action::PutMetricAlarm(alarm));
    }
    monitoring.desired = Some(configuration);
    monitoring.scheduled = scheduled;
    monitoring.alarm_set = alarm_set;
    // Last, so that the schedule no longer uses them.
    actions.extend(removals(&monitoring));
    change_or_report(ctx, monitoring, actions)
}

/// Makes the missing calls; if none is missing, reports once that the configuration is in place.
fn change_or_report(ctx: Ctx<'_>, mut monitoring: Monitoring, actions: Vec<Action>) -> Plan {
    let Monitoring { version, kind, .. } = monitoring;
    if !actions.is_empty() {
        let text = format!("setting up monitoring of version {version} for {kind} drift");
        let plan = Plan::only(Decision::Acted, Reason::new(Code::Applying, text));
        return Plan { actions, ..plan.with_state(State::Kind(monitoring)) };
    }
    let text = format!("version {version} is monitored for {kind} drift");
    if !monitoring.is_to_be_reported() {
        return Plan::skip(Code::InPlace, text);
    }
    let in_place = fact::in_place(&monitoring, ctx.now);
    monitoring.mark_reported();
    Plan::update(State::Kind(monitoring), Code::SetUp, text).with_fact(in_place)
}

/// Marks the definitions that the schedule had before for deletion. Only names of Trimtab qualify: a definition that an
/// operator made is never deleted.
fn supersede(monitoring: &mut Monitoring, observed: Option<&ObservedSchedule>, definition: &JobDefinition) {
    let known = monitoring.desired.take().map(|configuration| configuration.definition);
    let in_use = observed.and_then(|schedule| schedule.definition.clone());
    let prefix = format!("{}-", schedule_name(&monitoring.model, monitoring.kind));
    monitoring.superseded.extend(known.into_iter().chain(in_use).filter(|name| name.starts_with(&prefix)));
    monitoring.superseded.remove(&definition.name);
}

fn removals(monitoring: &Monitoring) -> Vec<Action> {
    let schedule = schedule_name(&monitoring.model, monitoring.kind);
    let remove = |name: &String| Action::DeleteJobDefinition {
        kind: monitoring.kind,
        name: name.clone(),
        schedule: schedule.clone(),
    };
    monitoring.superseded.iter().map(remove).collect()
}

/// The policy does not have this kind: what an earlier policy created is deleted.
fn remove(ctx: Ctx<'_>, kind: DriftKind) -> Plan {
    let Some(mut monitoring) = ctx.state.monitoring().cloned() else {
        return Plan::skip(Code::NotConfigured, format!("the policy has no table for {kind} drift"));
    };
    monitoring.removing = true;
    monitoring.superseded.extend(monitoring.desired.take().map(|configuration| configuration.definition));
    let mut actions = Vec::new();
    if ctx.observed.schedule.is_some() {
        actions.push(Action::DeleteMonitoringSchedule { name: schedule_name(&monitoring.model, kind) });
    }
    if let (true, Ok(name)) = (ctx.observed.alarm, AlarmName::parse(&alarm_name(&monitoring.endpoint, kind))) {
        actions.push(Action::DeleteAlarms { name });
    }
    actions.extend(removals(&monitoring));
    let text = format!("the policy no longer has a table for {kind} drift: its schedule and alarm are deleted");
    if actions.is_empty() {
        let ended = fact::ended(&monitoring, ctx.now);
        return Plan::update(State::Empty, Code::Ended, text).with_fact(ended);
    }
    let plan = Plan::only(Decision::Acted, Reason::new(Code::NoLongerConfigured, text));
    Plan { actions, ..plan.with_state(State::Kind(monitoring)) }
}

/// Reports once for each version why it is not monitored.
fn fail(ctx: Ctx<'_>, mut monitoring: Monitoring, code: Code, text: String) -> Plan {
    let about = fact::failure(&monitoring, &text);
    if monitoring.failure_reported.as_ref() == Some(&about) {
        return Plan::skip(Code::AlreadyReported, text);
    }
    let reason = Reason::new(code, text);
    let failed = fact::failed(&monitoring, &about, &reason.text, ctx.now);
    monitoring.failure_reported = Some(about);
    Plan::only(Decision::Acted, reason).with_state(State::Kind(monitoring)).with_fact(failed)
}
