//! The control flow: from a call of SageMaker's API to a finding, a stop or a closed finding.

use jiff::Timestamp;
use trimtab_core::event::{ApiCall, Body, Event, Resource};
use trimtab_core::fact::FactKind;
use trimtab_core::plan::Reason;
use trimtab_core::policy::{Guard, OrganizationPolicy};
use trimtab_core::port::{Activity, ObservedResource};
use trimtab_core::text::one_line;

use crate::action::Action;
use crate::fact;
use crate::reason::Code;
use crate::rules::{Breach, any_matches, breaches};
use crate::state::{Finding, State, Stop, display_name};

/// The tag with the owner to report to.
const OWNER_TAG: &str = "owner";

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// What a decision knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) event: &'a Event,
    pub(crate) organization: Option<&'a OrganizationPolicy>,
    pub(crate) state: &'a State,
    pub(crate) observed: Option<&'a ObservedResource>,
    pub(crate) now: Timestamp,
}

/// A resource that exists, with what applies to it.
#[derive(Debug, Clone, Copy)]
struct Subject<'a> {
    call: &'a ApiCall,
    resource: &'a Resource,
    observed: &'a ObservedResource,
    /// `[guard]` of `organization.toml`.
    rules: &'a Guard,
    /// The open finding about this very resource, and not about an earlier one of the same name.
    open: Option<&'a Finding>,
}

pub(crate) fn plan(ctx: Ctx<'_>) -> Plan {
    let Body::ApiCall(call) = &ctx.event.body else {
        return Plan::skip(Code::NotConcerned, "only calls of the SageMaker API are checked");
    };
    // The reactor checks this before it observes; a plan offline has no reactor.
    let Some(rules) = ctx.organization.and_then(|organization| organization.guard.as_ref()) else {
        return Plan::skip("off", "organization.toml has no [guard]");
    };
    if let Some(error) = &call.error {
        return Plan::skip(Code::CallFailed, format!("{} failed ({error}): it changed nothing", call.name));
    }
    let Some(resource) = &call.resource else {
        return Plan::skip(Code::UnknownCall, format!("{} is not a call that is checked", call.name));
    };
    let Some(observed) = ctx.observed else { return missing(ctx, resource) };
    let open = ctx.state.finding.as_ref().filter(|finding| finding.created == observed.created);
    // An exempt caller can fix a resource that was reported: its finding must still be closed.
    if open.is_none() && is_exempt(rules, call) {
        return Plan::skip(Code::Exempt, format!("calls of {} are exempt", call.caller.name()));
    }
    judge(ctx, Subject { call, resource, observed, rules, open })
}

/// Calls that an earlier attempt claimed and may not have completed.
pub(crate) fn pending_actions(state: &State) -> Vec<Action> {
    let requested = state.finding.iter().filter(|finding| finding.stop == Some(Stop::Requested));
    requested.filter_map(|finding| Action::stop(&finding.resource)).collect()
}

/// The resource does not exist.
fn missing(ctx: Ctx<'_>, resource: &Resource) -> Plan {
    let name = display_name(resource);
    match &ctx.state.finding {
        Some(finding) => close(ctx, finding, Code::Gone, format!("{name} does not exist any more")),
        None => Plan::skip(Code::Gone, format!("SageMaker has no {name}: it was deleted, or never created")),
    }
}

/// Compares the resource with the rules and with its open finding.
fn judge(ctx: Ctx<'_>, subject: Subject<'_>) -> Plan {
    let broken = breaches(subject.rules, subject.observed);
    let name = display_name(subject.resource);
    if !broken.is_empty() {
        return match subject.open {
            Some(finding) if finding.breaches == broken => known(ctx, subject, finding),
            _ => report(ctx, subject, finding(subject, broken)),
        };
    }
    match (subject.open, &ctx.state.finding) {
        (Some(finding), _) => close(ctx, finding, Code::Resolved, format!("{name} no longer violates a rule")),
        (None, Some(earlier)) => {
            close(ctx, earlier, Code::Gone, format!("{name} was replaced by one that violates no rule"))
        }
        (None, None) => Plan::skip(Code::Compliant, format!("{name} violates no rule")),
    }
}

fn close(ctx: Ctx<'_>, finding: &Finding, code: Code, text: String) -> Plan {
    let closed = fact::about(FactKind::FindingClosed, finding, ctx.state.count, vec![text.clone()], ctx.now);
    Plan::update(State { finding: None, ..ctx.state.clone() }, code, text).with_fact(closed)
}

/// The finding was reported before, for the same violations.
fn known(ctx: Ctx<'_>, subject: Subject<'_>, finding: &Finding) -> Plan {
    let running = is_to_be_stopped(subject);
    match finding.stop {
        // Its owner started it again. A copy of an earlier call that arrives after the stop is no new start.
        Some(Stop::Done(at)) if running && ctx.event.envelope.time > at => report(ctx, subject, finding.clone()),
        // It was starting when it was reported, or SageMaker refused to stop it.
        None | Some(Stop::Refused) if running => stop_again(ctx, finding),
        _ => {
            let text = format!("{} was reported before, for the same violations", display_name(&finding.resource));
            Plan::skip(Code::AlreadyReported, text)
        }
    }
}

/// Stops a resource that was reported before, without another report.
fn stop_again(ctx: Ctx<'_>, finding: &Finding) -> Plan {
    let text = format!("{} was reported before and is still running", display_name(&finding.resource));
    let requested = Finding { stop: Some(Stop::Requested), ..finding.clone() };
    let mut plan = Plan::update(State { finding: Some(requested), ..ctx.state.clone() }, Code::StopAgain, text);
    plan.actions.extend(Action::stop(&finding.resource));
    plan
}

/// The finding about the resource as it is now.
fn finding(subject: Subject<'_>, breaches: Vec<Breach>) -> Finding {
    let Subject { call, observed, open, .. } = subject;
    let caller = one_line(call.caller.name(), 100);
    let owner = observed.tags.get(OWNER_TAG).filter(|owner| !owner.trim().is_empty());
    Finding {
        // The name of the open finding is as its owner wrote it; that of the call may come from an ARN.
        resource: open.map_or(subject.resource, |finding| &finding.resource).clone(),
        arn: one_line(&observed.arn, 300),
        created: observed.created,
        owner: owner.map_or_else(|| caller.clone(), |owner| one_line(owner, 100)),
        caller,
        breaches,
        stop: open.and_then(|finding| finding.stop),
    }
}

/// Reports a finding under a number of its own, and stops the resource if the policy says so.
fn report(ctx: Ctx<'_>, subject: Subject<'_>, mut finding: Finding) -> Plan {
    let count = ctx.state.count + 1;
    let mut reasons: Vec<Reason> =
        finding.breaches.iter().map(|breach| Reason::new(Code::Breach, &breach.text)).collect();
    let mut action = None;
    if is_to_be_stopped(subject) {
        action = Action::stop(&finding.resource);
    }
    if action.is_some() {
        finding.stop = Some(Stop::Requested);
    }
    if subject.rules.stops(finding.resource.kind) && subject.observed.activity == Activity::Starting {
        finding.stop = None;
        let text = "it is still starting and cannot be stopped yet: it will be stopped when it is opened or changed";
        reasons.push(Reason::new(Code::NotYet, text));
    }
    let texts = reasons.iter().map(|reason| reason.text.clone()).collect();
    let reported = fact::about(FactKind::FindingReported, &finding, count, texts, ctx.now);
    let text = format!("{} of {} violates a rule", display_name(&finding.resource), finding.owner);
    let mut plan = Plan::update(State { finding: Some(finding), count }, Code::Finding, text).with_fact(reported);
    plan.reasons.extend(reasons);
    plan.actions.extend(action);
    plan
}

fn is_to_be_stopped(subject: Subject<'_>) -> bool {
    subject.rules.stops(subject.resource.kind) && subject.observed.activity == Activity::Running
}

fn is_exempt(rules: &Guard, call: &ApiCall) -> bool {
    let mut principals = call.caller.role.iter().chain(&call.caller.arn);
    principals.any(|arn| any_matches(&rules.exempt, arn))
}
