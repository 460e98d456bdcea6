//! The control flow: the next step of a version's evaluation, whichever event led to it.

use jiff::Timestamp;
use serde_json::json;
use trimtab_core::event::{Approval, Body, Event};
use trimtab_core::name::PackageArn;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::policy::evaluate::{Evaluate, OnFail, OnPass};
use trimtab_core::port::{ExecutionRequest, ObservedCandidate, ObservedExecution, VerdictRequest};
use trimtab_core::text::one_line;

use crate::action::Action;
use crate::judge::{Grade, judge};
use crate::naming::{execution_name, verdict_token};
use crate::observation::{Observed, has_ended};
use crate::reason::Code;
use crate::state::{Candidate, Outcome, State, Step, Verdict};
use crate::{fact, subject};

/// SageMaker accepts at most 1,024 characters as `ApprovalDescription`.
const DESCRIPTION_MAX: usize = 1000;

pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;

/// What a decision knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx<'a> {
    pub(crate) event: &'a Event,
    pub(crate) policy: &'a Policy,
    /// The policy's `[evaluate]`.
    pub(crate) rules: &'a Evaluate,
    pub(crate) state: &'a State,
    pub(crate) observed: &'a Observed,
    pub(crate) now: Timestamp,
}

pub(crate) fn plan(ctx: Ctx<'_>) -> Plan {
    if ctx.event.is_reconcile_request() {
        return request_evaluation(ctx);
    }
    // Adding metadata to a pending version sends the same event as its registration.
    if matches!(&ctx.event.body, Body::Package(package) if package.is_metadata_edit()) {
        return Plan::skip(Code::MetadataEdit, "only the metadata of the version changed");
    }
    let Some(package) = subject::package(ctx.event, ctx.state) else {
        return Plan::skip(Code::NotStartedByTrimtab, "the execution tests no version that is being evaluated");
    };
    match &ctx.state.candidate {
        None => start(ctx, &package),
        Some(candidate) => advance(ctx, candidate),
    }
}

/// Calls that an earlier attempt claimed and may not have completed.
pub(crate) fn pending_actions(state: &State) -> Vec<Action> {
    let step = state.candidate.as_ref().map(|candidate| (candidate, &candidate.step));
    match step {
        Some((candidate, Step::Starting)) => vec![Action::StartExecution(candidate.request.clone())],
        Some((_, Step::Judged(verdict))) => vec![Action::UpdateModelPackage(verdict.request.clone())],
        Some((_, Step::Testing | Step::Finished)) | None => Vec::new(),
    }
}

/// Requests the evaluation of the newest version if it is pending. Older pending versions are left to operators: a
/// newer version replaces them.
fn request_evaluation(ctx: Ctx<'_>) -> Plan {
    let Some(newest) = &ctx.observed.newest else {
        return Plan::skip(Code::NothingNew, "the package group has no version");
    };
    let version = newest.package.version();
    if newest.actual.approval != Approval::Pending || newest.actual.status != "Completed" {
        return Plan::skip(Code::NothingNew, format!("version {version}, the newest, is not pending approval"));
    }
    // Requested by a fact, because each version is an aggregate of its own.
    let text = format!("version {version} is pending approval: requesting its evaluation");
    Plan::skip(Code::EvaluationRequested, text).with_fact(fact::evaluation_requested(
        &ctx.policy.model,
        &newest.package,
        ctx.now,
    ))
}

/// Starts the test suite of a version.
fn start(ctx: Ctx<'_>, package: &PackageArn) -> Plan {
    let version = package.version();
    let Some(observed) = &ctx.observed.candidate else {
        let text = format!("the Model Registry has no version {version}: it was deleted, or the event is forged");
        return Plan::fail(Code::NoSuchPackage, text);
    };
    if observed.approval != Approval::Pending {
        return Plan::skip(Code::Decided, format!("version {version} is {} already", observed.approval));
    }
    if observed.status != "Completed" {
        let text = format!("the status of version {version} is {}: it cannot be tested yet", observed.status);
        return Plan::skip(Code::NotCompleted, text);
    }
    let model = &ctx.policy.model;
    let name = execution_name(model, package);
    let input = json!({"model": model, "package": package, "version": version});
    let request = ExecutionRequest { machine: ctx.rules.tests.clone(), name, input };
    let candidate = Candidate {
        model: model.clone(),
        package: package.clone(),
        request: request.clone(),
        since: ctx.now,
        step: Step::Starting,
        deadline_reported: false,
    };
    let reason =
        Reason::new(Code::Registered, format!("version {version} is pending approval: starting its test suite"));
    Plan::only(Decision::Acted, reason)
        .with_state(State { candidate: Some(candidate) })
        .with_action(Action::StartExecution(request))
}

/// The next step of a version whose evaluation has begun.
fn advance(ctx: Ctx<'_>, candidate: &Candidate) -> Plan {
    let version = candidate.package.version();
    match &candidate.step {
        Step::Finished => {
            return Plan::skip(Code::AlreadyJudged, format!("the evaluation of version {version} is finished"));
        }
        // The reactor resumes the write if the invocation that claimed it died.
        Step::Judged(_) => {
            return Plan::skip(Code::VerdictPending, format!("the verdict on version {version} is being written"));
        }
        Step::Starting | Step::Testing => {}
    }
    let Some(observed) = &ctx.observed.candidate else {
        let finished = Candidate { step: Step::Finished, ..candidate.clone() };
        let text = format!("version {version} was deleted: its evaluation ends without a verdict");
        return Plan::update(State { candidate: Some(finished) }, Code::Gone, text);
    };
    match &ctx.observed.execution {
        Some(execution) if has_ended(execution) => write_verdict(ctx, candidate, observed, execution),
        _ => check_deadline(ctx, candidate),
    }
}

fn write_verdict(
    ctx: Ctx<'_>,
    candidate: &Candidate,
    observed: &ObservedCandidate,
    execution: &ObservedExecution,
) -> Plan {
    let champion = ctx.observed.champion.as_ref();
    let judgement = judge(ctx.rules, execution, champion);
    let (outcome, code, text) = if observed.approval == Approval::Pending {
        decide(judgement.grade, ctx.rules)
    } else {
        (Outcome::AlreadyDecided, Code::Decided, "an operator decided before the test suite ended")
    };
    let reason = Reason::new(code, format!("version {}: {text}", candidate.package.version()));
    let metrics = judgement.reasons.iter().map(|text| Reason::new(Code::Metric, text));
    let mut texts = vec![reason.text.clone()];
    texts.extend(judgement.reasons.iter().cloned());
    let request = VerdictRequest {
        package: candidate.package.clone(),
        approve: outcome.approval(),
        // The operator who decided may have written a description.
        description: (outcome != Outcome::AlreadyDecided).then(|| one_line(&texts.join("; "), DESCRIPTION_MAX)),
        metrics: judgement.metrics,
        token: verdict_token(&candidate.request, &candidate.package),
    };
    let verdict = Verdict { request: request.clone(), outcome, reasons: texts, champion: champion.cloned() };
    let judged = Candidate { step: Step::Judged(verdict), ..candidate.clone() };
    let mut plan = Plan::only(Decision::Acted, reason)
        .with_state(State { candidate: Some(judged) })
        .with_action(Action::UpdateModelPackage(request));
    plan.reasons.extend(metrics);
    plan
}

/// What the policy makes of a grade. An impossible comparison is never decided automatically.
fn decide(grade: Grade, rules: &Evaluate) -> (Outcome, Code, &'static str) {
    match (grade, rules.on_pass, rules.on_fail) {
        (Grade::Pass, OnPass::Approve, _) => (Outcome::Approved, Code::Approved, "passed, and the policy approves it"),
        (Grade::Pass, OnPass::ManualApproval, _) => {
            (Outcome::ManualApproval, Code::ManualApproval, "passed; the policy requires manual approval")
        }
        (Grade::Unsure, ..) => (
            Outcome::ManualApproval,
            Code::ManualApproval,
            "the comparison was impossible; manual approval is required",
        ),
        (Grade::Fail, _, OnFail::ManualApproval) => {
            (Outcome::ManualApproval, Code::ManualApproval, "did not pass; the policy requires manual approval")
        }
        (Grade::Fail, _, OnFail::Reject) => {
            (Outcome::Rejected, Code::Rejected, "did not pass, and the policy rejects it")
        }
    }
}

/// The test suite has not ended. It is reported once if it takes longer than the policy allows.
fn check_deadline(ctx: Ctx<'_>, candidate: &Candidate) -> Plan {
    let name = &candidate.request.name;
    let testing = || Plan::skip(Code::Testing, format!("execution {name} has not ended yet"));
    let Some(limits) = ctx.policy.reconcile else { return testing() };
    let deadline = limits.evaluation;
    if candidate.deadline_reported || ctx.now.duration_since(candidate.since) < deadline {
        return testing();
    }
    let text = format!("execution {name} has not ended since {}; the policy allows {deadline:#}", candidate.since);
    let reason = Reason::new(Code::DeadlineExceeded, text);
    let exceeded = fact::deadline_exceeded(candidate, &reason, ctx.now);
    let reported = Candidate { deadline_reported: true, ..candidate.clone() };
    Plan::only(Decision::Acted, reason).with_state(State { candidate: Some(reported) }).with_fact(exceeded)
}
