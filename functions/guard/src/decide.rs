//! Whether a call left something that breaks a rule, and what is done about it.

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{ApiCall, Body, Event, Resource};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::plan::{Plan, Reason};
use trimtab_core::policy::{Guard as Rules, OrganizationPolicy, Policy};
use trimtab_core::port::{Activity, Halted, ObservedResource};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text::one_line;

use crate::finding::{Finding, State, Stop, id};
use crate::request;
use crate::rules::{any_matches, breaches};

/// The tag that names who is told about.
const OWNER: &str = "owner";

/// The deciding half of `guard`.
#[derive(Debug, Clone, Copy)]
pub struct Guard;

/// What `guard` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own")]
pub enum Action {
    StopTrainingJob { service: &'static str, resource: Resource },
    StopProcessingJob { service: &'static str, resource: Resource },
    StopNotebookInstance { service: &'static str, resource: Resource },
}

impl Action {
    fn stop(resource: &Resource) -> Option<Self> {
        use trimtab_core::event::ResourceKind::{Endpoint, EndpointConfig, Model, Notebook, Processing, Training};
        let (service, resource) = ("sagemaker", resource.clone());
        match resource.kind {
            Training => Some(Self::StopTrainingJob { service, resource }),
            Processing => Some(Self::StopProcessingJob { service, resource }),
            Notebook => Some(Self::StopNotebookInstance { service, resource }),
            Model | EndpointConfig | Endpoint => None,
        }
    }

    /// What it stops.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        match self {
            Self::StopTrainingJob { resource, .. }
            | Self::StopProcessingJob { resource, .. }
            | Self::StopNotebookInstance { resource, .. } => resource,
        }
    }
}

/// What decisions give.
type Answer = Plan<State, Action>;

/// What is decided upon.
type Asked<'a> = Context<'a, State, Option<ObservedResource>>;

impl Decide for Guard {
    type State = State;
    type Observed = Option<ObservedResource>;
    type Action = Action;
    type Done = Halted;

    const FUNCTION: &'static str = "guard";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::ApiCall(_) => Subject::Organization,
            _ => Subject::None,
        }
    }

    fn is_on(suite: &OrganizationPolicy) -> bool {
        suite.guard.is_some()
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        let resource = match &event.body {
            Body::ApiCall(call) => call.resource.as_ref(),
            _ => None,
        };
        resource.map_or_else(|| "finding#none".to_owned(), |resource| format!("finding#{}", id(resource)))
    }

    fn decide(ctx: &Asked<'_>) -> Answer {
        let Body::ApiCall(call) = &ctx.event.body else {
            return Plan::skip("not_concerned", "only calls of SageMaker's API are looked at");
        };
        let Some(rules) = ctx.organization.and_then(|policy| policy.guard.as_ref()) else {
            return Plan::skip("off", "organization.toml has no [guard]");
        };
        if let Some(error) = &call.error {
            return Plan::skip("call_failed", format!("{} was refused ({error}): nothing was made", call.name));
        }
        let Some(resource) = &call.resource else {
            return Plan::skip("unknown_call", format!("{} is not a call that is looked at", call.name));
        };
        let Some(actual) = ctx.observed else { return gone(ctx, resource) };
        let open = ctx.state.finding.as_ref().filter(|finding| finding.created == actual.created);
        if open.is_none() && is_exempt(rules, call) {
            return Plan::skip("exempt", format!("calls of {} are not looked at", call.caller.name()));
        }
        judged(ctx, rules, call, resource, actual, open)
    }

    fn pending_actions(state: &State, _: &Asked<'_>) -> Vec<Action> {
        let asked = state.finding.iter().filter(|finding| finding.stop == Some(Stop::Asked));
        asked.filter_map(|finding| Action::stop(&finding.resource)).collect()
    }

    fn apply_outcome(state: &mut State, _: &Action, outcome: Result<Halted, String>, now: Timestamp) -> ActionOutcome {
        let number = state.count;
        let Some(finding) = &mut state.finding else { return ActionOutcome::default() };
        let what = shown(&finding.resource);
        let (kind, reason) = match outcome {
            Ok(Halted::Stopped) => {
                finding.stop = Some(Stop::Done(now));
                (FactKind::JobStopped, Reason::new("stopped", format!("{what} is stopped, as the policy says")))
            }
            Ok(Halted::Over) => {
                finding.stop = Some(Stop::Done(now));
                let reason = Reason::new("over", format!("{what} had come to its end before it could be stopped"));
                return ActionOutcome { reasons: vec![reason], ..ActionOutcome::default() };
            }
            Err(cause) => {
                finding.stop = Some(Stop::Refused);
                (FactKind::StopFailed, Reason::new("stop_refused", format!("{what} could not be stopped: {cause}")))
            }
        };
        let told = tell(kind, finding, number, now, std::iter::once(reason.text.clone()));
        ActionOutcome { facts: vec![told], reasons: vec![reason], ..ActionOutcome::default() }
    }
}

impl Preview for Guard {
    fn preview(event: &Event) -> Self::Observed {
        let Body::ApiCall(call) = &event.body else { return None };
        let envelope = &event.envelope;
        request::preview(call, envelope.account.as_str(), &envelope.region, envelope.time)
    }
}

/// What was told of is there no more.
fn gone(ctx: &Asked<'_>, resource: &Resource) -> Answer {
    let what = shown(resource);
    match &ctx.state.finding {
        Some(finding) => close(ctx, finding, &Reason::new("gone", format!("{what} is there no more"))),
        None => Plan::skip("gone", format!("SageMaker knows no {what}: it is gone, or was never made")),
    }
}

fn close(ctx: &Asked<'_>, finding: &Finding, reason: &Reason) -> Answer {
    let told = tell(FactKind::FindingClosed, finding, ctx.state.count, ctx.now, std::iter::once(reason.text.clone()));
    let state = State { finding: None, ..ctx.state.clone() };
    Plan::update(state, reason.code, &reason.text).with_fact(told)
}

/// What is there, held against the rules and against the finding that is open.
fn judged(
    ctx: &Asked<'_>,
    rules: &Rules,
    call: &ApiCall,
    resource: &Resource,
    actual: &ObservedResource,
    open: Option<&Finding>,
) -> Answer {
    let broken = breaches(rules, actual);
    let what = shown(resource);
    match open {
        None if broken.is_empty() => match &ctx.state.finding {
            // Another one of the same name breaks no rule.
            Some(before) => {
                close(ctx, before, &Reason::new("gone", format!("{what} was made anew, and breaks no rule")))
            }
            None => Plan::skip("compliant", format!("{what} breaks no rule")),
        },
        Some(finding) if broken.is_empty() => {
            close(ctx, finding, &Reason::new("put_right", format!("{what} breaks no rule any more")))
        }
        Some(finding) if finding.breaches == broken => known(ctx, rules, finding, actual),
        _ => {
            let owner = actual.tags.get(OWNER).filter(|owner| !owner.trim().is_empty());
            let caller = one_line(call.caller.name(), 100);
            let stop = open.and_then(|finding| finding.stop);
            report(
                ctx,
                rules,
                actual,
                Finding {
                    resource: open.map_or(resource, |finding| &finding.resource).clone(),
                    arn: one_line(&actual.arn, 300),
                    created: actual.created,
                    owner: owner.map_or_else(|| caller.clone(), |owner| one_line(owner, 100)),
                    caller,
                    breaches: broken,
                    stop,
                },
            )
        }
    }
}

/// The finding was told already. What was stopped, and was started again since, is another dedup key.
fn known(ctx: &Asked<'_>, rules: &Rules, finding: &Finding, actual: &ObservedResource) -> Answer {
    let runs = is_to_stop(rules, finding, actual);
    match finding.stop {
        Some(Stop::Done(at)) if runs && ctx.event.envelope.time > at => report(ctx, rules, actual, finding.clone()),
        None | Some(Stop::Refused) if runs => again(ctx, finding),
        _ => Plan::skip("already_reported", format!("{} was reported, for the same reasons", shown(&finding.resource))),
    }
}

/// It could not be stopped before: it was still being made, or SageMaker refused.
fn again(ctx: &Asked<'_>, finding: &Finding) -> Answer {
    let asked = Finding { stop: Some(Stop::Asked), ..finding.clone() };
    let mut plan = Plan::update(
        State { finding: Some(asked), ..ctx.state.clone() },
        "stop_again",
        format!("{} was reported, and still runs", shown(&finding.resource)),
    );
    plan.actions.extend(Action::stop(&finding.resource));
    plan
}

fn is_to_stop(rules: &Rules, finding: &Finding, actual: &ObservedResource) -> bool {
    rules.stops(finding.resource.kind) && actual.activity == Activity::Running
}

/// A finding that is new, or not the same as before.
fn report(ctx: &Asked<'_>, rules: &Rules, actual: &ObservedResource, mut finding: Finding) -> Answer {
    let count = ctx.state.count + 1;
    let action = Action::stop(&finding.resource).filter(|_| is_to_stop(rules, &finding, actual));
    if action.is_some() {
        finding.stop = Some(Stop::Asked);
    }
    let text = format!("{} of {} breaks a rule", shown(&finding.resource), finding.owner);
    let mut reasons: Vec<Reason> = finding.breaches.iter().map(|breach| Reason::new("breach", &breach.text)).collect();
    if rules.stops(finding.resource.kind) && actual.activity == Activity::Starting {
        finding.stop = None;
        let later = "it is still being made, and cannot be stopped yet: it will be when somebody opens it";
        reasons.push(Reason::new("not_yet", later));
    }
    let texts = reasons.iter().map(|reason| reason.text.clone());
    let told = tell(FactKind::FindingReported, &finding, count, ctx.now, texts);
    let mut plan = Plan::update(State { finding: Some(finding), count }, "finding", text).with_fact(told);
    plan.reasons.extend(reasons);
    plan.actions.extend(action);
    plan
}

fn is_exempt(rules: &Rules, call: &ApiCall) -> bool {
    let mut known = call.caller.role.iter().chain(&call.caller.arn);
    known.any(|arn| any_matches(&rules.exempt, arn))
}

fn shown(resource: &Resource) -> String {
    format!("{} {}", resource.kind.as_str(), resource.name)
}

fn tell(kind: FactKind, finding: &Finding, number: u32, at: Timestamp, reasons: impl Iterator<Item = String>) -> Fact {
    let mut rules: Vec<&str> = finding.rules().collect();
    rules.dedup();
    Fact {
        kind,
        version: fact::VERSION,
        model: None,
        dedup_key: finding.dedup_key(number),
        at,
        reasons: reasons.collect(),
        details: [
            ("resource".to_owned(), finding.arn.clone()),
            ("what".to_owned(), shown(&finding.resource)),
            ("owner".to_owned(), finding.owner.clone()),
            ("caller".to_owned(), finding.caller.clone()),
            ("rules".to_owned(), rules.join(", ")),
        ]
        .into(),
    }
}
